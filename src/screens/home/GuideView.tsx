import type { ReactNode } from 'react';
import { useStore } from 'zustand';
import type { DocumentLanguage, OnboardingState } from '../../../stores/onboarding.ts';
import { recommendedModels } from '../../../stores/onboarding.ts';
import type { ModelStatus } from '../../models/types.ts';
import { sanitizeLine } from '../../platform/sanitize.ts';
import { formatBytes } from '../../ui/format.ts';
import { t } from '../../ui/i18n/index.ts';
import { List } from '../../ui/List.tsx';
import { useSpinner } from '../../ui/Meters.tsx';
import { Panel } from '../../ui/Panel.tsx';
import { Rows } from '../../ui/Row.tsx';
import { inside, type Rect } from '../../ui/rect.ts';
import { cut, type Line, pad, spansOf } from '../../ui/text.ts';
import { wrapRows } from '../../ui/wrap.ts';
import { jobProgressLine, progressDetails, pullPhase, pullProgressLine } from '../progress.ts';
import type { Source } from './guide.ts';
import type { HomeModel } from './model.ts';

export interface GuideViewProps {
  readonly model: HomeModel;
  readonly rect: Rect;
  readonly focused: boolean;
}

const NUMBERS = { language: 1, models: 2, pull: 2, documents: 3, ingest: 3, done: 3 } as const;

/** The guided first start: one question at a time, with what it means. */
export function GuideView({ model, rect, focused }: GuideViewProps): ReactNode {
  const state = useStore(model.context.onboarding);
  const { width, height } = inside(rect);
  const note = t('guide.stepOf', { step: NUMBERS[state.step] });
  const stuck = state.step === 'pull' && state.error !== null;
  const head = wrapRows(t(stuck ? 'guide.head.stuck' : `guide.head.${state.step}`), width - 2).map(
    (text): Line => [{ text: ` ${text}`, bold: true }],
  );
  const about = wrapRows(t(`guide.about.${state.step}`), width - 2).map(
    (text): Line => [{ text: ` ${text}`, style: 'muted' }],
  );
  const error = state.error
    ? wrapRows(sanitizeLine(`${state.error.message} ${state.error.hint}`), width - 4).map(
        (text): Line => [{ text: `  ${text}`, style: 'bad' }],
      )
    : [];
  const intro: readonly Line[] = ['', ...head, ...about, '', ...(error.length > 0 ? [...error, ''] : [])];
  const body = Math.max(1, height - intro.length);
  return (
    <Panel rect={rect} title={t('guide.title')} note={note} focused={focused}>
      <Rows lines={intro} width={width} />
      <StepBody model={model} state={state} width={width} height={body} focused={focused} />
    </Panel>
  );
}

interface BodyProps {
  readonly model: HomeModel;
  readonly state: OnboardingState;
  readonly width: number;
  readonly height: number;
  readonly focused: boolean;
}

function StepBody(props: BodyProps): ReactNode {
  const { model, state, width, height, focused } = props;
  switch (state.step) {
    case 'language':
      return (
        <List
          model={model.guide.languages}
          width={width}
          height={height}
          focused={focused}
          render={languageLine}
          empty=""
        />
      );
    case 'models':
      return <ModelChoice {...props} />;
    case 'pull':
      return <Pulls {...props} />;
    case 'documents':
      return (
        <List
          model={model.guide.sources}
          width={width}
          height={height}
          focused={focused}
          render={sourceLine}
          empty=""
        />
      );
    case 'ingest':
    case 'done':
      return <Ingest {...props} />;
  }
}

const languageLine = (language: DocumentLanguage): Line => [
  { text: `  ${pad(t(`guide.language.${language}`), 22)}`, bold: true },
  { text: t(`guide.language.${language}.note`), style: 'muted' },
];

const sourceLine = (source: Source): Line => [
  { text: `  ${pad(t(`guide.source.${source}`), 26)}`, bold: true },
  { text: t(`guide.source.${source}.note`), style: 'muted' },
];

/** A table of what suits the language, and what the model under the cursor is in full below it. */
function ModelChoice({ model, state, width, height, focused }: BodyProps): ReactNode {
  useStore(model.context.models, (models) => models.list);
  useStore(model.guide.models.store);
  const current = model.guide.models.selected();
  const details = current ? modelDetails(current, width) : [];
  const listHeight = Math.max(2, Math.min(8, height - details.length - 3));
  const total = (model.context.models.getState().list ?? [])
    .filter(({ entry, state: have }) => state.chosen.includes(entry.id) && have !== 'present')
    .reduce((sum, { bytesTotal, bytesPresent }) => sum + bytesTotal - bytesPresent, 0);
  const rest = Math.max(0, height - listHeight);
  const below: readonly Line[] = [
    [{ text: '─'.repeat(width), style: 'border' }],
    ...details,
    '',
    [{ text: ` ${t('guide.toLoad', { size: formatBytes(total) })}`, style: 'accent' }],
  ];
  return (
    <>
      <List
        model={model.guide.models}
        width={width}
        height={listHeight}
        focused={focused}
        render={(status) => modelLine(status, state, width)}
        empty={t('home.looking')}
      />
      <Rows lines={below} width={width} height={rest} />
    </>
  );
}

function modelLine({ entry, state, bytesTotal }: ModelStatus, guide: OnboardingState, width: number): Line {
  const chosen = guide.chosen.includes(entry.id);
  const recommended = recommendedModels(guide.language).includes(entry.id);
  const titleWidth = Math.min(36, Math.max(16, width - 44));
  return [
    { text: chosen ? ' [x] ' : ' [ ] ', style: chosen ? 'good' : 'muted' },
    { text: pad(entry.title, titleWidth), bold: chosen },
    { text: ` ${pad(t(`models.kind.${entry.kind}`), 9)}`, style: 'muted' },
    { text: pad(formatBytes(bytesTotal), 8, 'right') },
    { text: `  ${pad(entry.licence, 11)}`, style: 'muted' },
    state === 'present'
      ? { text: t('models.state.present'), style: 'good' }
      : { text: recommended ? '★' : '', style: 'accent' },
  ];
}

function modelDetails({ entry }: ModelStatus, width: number): Line[] {
  const languages = entry.languages.map((language) => t(`models.language.${language}`)).join(', ');
  const facts = `${entry.id} · ${entry.parameters} · ${languages} · ${entry.licence}`;
  const text = (value: string, style: 'muted' | 'text'): Line[] =>
    wrapRows(value, width - 2).map((row): Line => [{ text: ` ${row}`, style }]);
  return [
    ...text(facts, 'text'),
    ...text(t('guide.origin', { origin: entry.origin }), 'muted'),
    ...(entry.note ? text(entry.note, 'muted') : []),
  ];
}

function Pulls({ model, state, width, height }: BodyProps): ReactNode {
  const pulls = useStore(model.context.models, (models) => models.pulls);
  const list = useStore(model.context.models, (models) => models.list);
  const spinner = useSpinner(state.error === null);
  const lines = state.chosen.flatMap((id): Line[] => {
    const status = list?.find(({ entry }) => entry.id === id);
    const pull = pulls[id];
    const title = status?.entry.title ?? id;
    if (status?.state === 'present' || pull?.state === 'done') {
      return [[{ text: '  ✓ ', style: 'good' }, { text: title }], ''];
    }
    if (pull?.state !== 'running')
      return [
        [
          { text: '  · ', style: 'muted' },
          { text: title, style: 'muted' },
        ],
        '',
      ];
    return [
      [
        { text: `  ${spinner} `, style: 'accent' },
        { text: title, bold: true },
      ],
      [{ text: '    ' }, ...spansOf(pullProgressLine(pull, width - 6))],
      [{ text: `    ${cut(sanitizeLine(pullPhase(pull)), width - 6)}`, style: 'muted' }],
      '',
    ];
  });
  if (state.error) lines.push([{ text: `  ${t('guide.retry')}`, style: 'accent' }]);
  return <Rows lines={lines} width={width} height={height} />;
}

function Ingest({ model, state, width, height }: BodyProps): ReactNode {
  const jobs = useStore(model.context.jobs, (each) => each.list);
  const ingests = useStore(model.context.kb, (each) => each.ingests);
  const spinner = useSpinner();
  const job = jobs?.find(({ spec }) => spec.id === ingests[state.kb ?? '']);
  const lines: Line[] = [
    [
      { text: `  ${spinner} `, style: 'accent' },
      { text: t('guide.filling', { kb: state.kb ?? '' }), bold: true },
    ],
    '',
    job ? [{ text: '    ' }, ...spansOf(jobProgressLine(job, width - 6))] : '',
    job ? [{ text: `    ${progressDetails(job)}`, style: 'muted' }] : '',
  ];
  return <Rows lines={lines} width={width} height={height} />;
}
