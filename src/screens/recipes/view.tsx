import type { ReactNode } from 'react';
import { useStore } from 'zustand';
import type { CheckedRecipe, RecipeRow } from '../../../stores/recipes.ts';
import { isOver } from '../../jobs/types.ts';
import { sanitizeLine } from '../../platform/sanitize.ts';
import { DETAIL, KEPT } from '../../recipes/details.ts';
import type { StepStatus } from '../../recipes/types.ts';
import { formatDuration } from '../../ui/format.ts';
import { t } from '../../ui/i18n/index.ts';
import { highlighted } from '../../ui/List.tsx';
import { Panel } from '../../ui/Panel.tsx';
import { Rows } from '../../ui/Row.tsx';
import { inside, type Rect } from '../../ui/rect.ts';
import type { ScreenViewProps } from '../../ui/screen.ts';
import { type Column, Table } from '../../ui/Table.tsx';
import { type Line, pad } from '../../ui/text.ts';
import type { StyleName } from '../../ui/theme.ts';
import { wrapRows } from '../../ui/wrap.ts';
import { Placed } from '../Placed.tsx';
import { stateText } from '../progress.ts';
import type { RecipesModel } from './screen.tsx';

export function RecipesView({
  model,
  rect,
  rects,
  focus,
}: ScreenViewProps & { readonly model: RecipesModel }): ReactNode {
  const { list, steps } = rects;
  return (
    <>
      {list ? (
        <Placed within={rect} rect={list}>
          <RecipeTable model={model} rect={list} focused={focus === 'list'} />
        </Placed>
      ) : null}
      {steps ? (
        <Placed within={rect} rect={steps}>
          <StepsPane model={model} rect={steps} focused={focus === 'steps'} />
        </Placed>
      ) : null}
    </>
  );
}

interface PaneProps {
  readonly model: RecipesModel;
  readonly rect: Rect;
  readonly focused: boolean;
}

function RecipeTable({ model, rect, focused }: PaneProps): ReactNode {
  const rows = useStore(model.context.recipes, (state) => state.rows);
  const { filter } = useStore(model.list.store);
  const { width, height } = inside(rect);
  const note = filter ? t('filter.active', { text: filter }) : rows ? String(rows.length) : '';
  return (
    <Panel rect={rect} title={t('recipes.list')} note={note} focused={focused}>
      <Table
        model={model.list}
        columns={COLUMNS()}
        width={width}
        height={height}
        focused={focused}
        empty={rows ? t('recipes.empty') : t('home.looking')}
        emptyFilter={t('kb.noMatch')}
      />
    </Panel>
  );
}

const COLUMNS = (): readonly Column<RecipeRow>[] => [
  {
    title: t('recipes.column.recipe'),
    min: 20,
    max: 36,
    weight: 1,
    cell: ({ name }, { matched }) => highlighted(sanitizeLine(name), matched),
  },
  { title: t('recipes.column.state'), min: 9, cell: stateCell },
  { title: t('recipes.column.steps'), min: 7, align: 'right', cell: ({ run }) => stepsText(run) },
  { title: t('recipes.column.left'), min: 8, align: 'right', optional: 1, cell: ({ run }) => leftText(run) },
  {
    title: t('recipes.column.about'),
    min: 10,
    weight: 3,
    optional: 2,
    cell: ({ file, run }) => {
      if (file?.problem) return [{ text: sanitizeLine(file.problem), style: 'bad' }];
      const phase = run && !isOver(run.view.state) ? run.view.progress?.phase : undefined;
      return sanitizeLine(phase ?? file?.about ?? run?.work.file ?? '');
    },
  },
];

type Run = RecipeRow['run'];

function stateCell({ run }: RecipeRow): Line {
  if (!run) return [{ text: t('recipes.never'), style: 'muted' }];
  if (run.status?.paused && !isOver(run.view.state)) return [{ text: t('recipes.paused'), style: 'warn' }];
  if (run.status?.gate === 'no') return [{ text: t('recipes.gateNo'), style: 'bad' }];
  const { state } = run.view;
  return [
    {
      text: stateText(state),
      style: state === 'failed' || state === 'lost' ? 'bad' : state === 'succeeded' ? 'good' : 'accent',
    },
  ];
}

function stepsText(run: Run): string {
  const progress = run?.view.progress;
  return progress && progress.total > 0 ? `${progress.done}/${progress.total}` : '';
}

function leftText(run: Run): string {
  if (!run || isOver(run.view.state)) return '';
  const left = run.view.progress?.secondsLeft ?? null;
  return left === null ? t('recipes.leftUnknown') : formatDuration(left);
}

function StepsPane({ model, rect, focused }: PaneProps): ReactNode {
  useStore(model.list.store);
  useStore(model.context.recipes, (state) => state.rows);
  const checked = useStore(model.context.recipes, (state) => state.checked);
  const row = model.list.selected();
  const { width, height } = inside(rect);
  const found = row?.file ? checked[row.file.file] : undefined;
  const wrong = found !== undefined && found.problems.length > 0;
  const status = row?.run?.status;
  const lines = wrong ? problemLines(found, width) : status ? null : aboutLines(row, width);
  const foot = status && !wrong ? footLines(row, width) : [];
  return (
    <Panel
      rect={rect}
      title={wrong ? t('recipes.problems') : t('recipes.steps')}
      note={wrong ? String(found.problems.length) : (row?.run?.view.spec.id ?? '')}
      focused={focused}
    >
      {lines ? (
        <Rows lines={lines} width={width} height={height} />
      ) : (
        <>
          <Table
            model={model.steps}
            columns={STEP_COLUMNS()}
            width={width}
            height={Math.max(2, height - foot.length)}
            focused={focused}
            empty={t('recipes.noSteps')}
            emptyFilter={t('kb.noMatch')}
          />
          <Rows lines={foot} width={width} />
        </>
      )}
    </Panel>
  );
}

/** Each with its line of the file, and a mark below the column. */
function problemLines({ problems }: CheckedRecipe, width: number): Line[] {
  return problems.flatMap(({ line, column, message, hint, source }): Line[] => {
    const margin = `${pad(String(line), 5, 'right')} │ `;
    const mark = `${' '.repeat(5)} │ ${' '.repeat(Math.max(0, column - 1))}^`;
    return [
      [{ text: margin, style: 'muted' }, { text: sanitizeLine(source) }],
      [{ text: mark, style: 'bad' }],
      ...wrapRows(sanitizeLine(`${message} ${hint}`.trim()), width - 2).map(
        (text): Line => [{ text: `  ${text}`, style: 'bad' }],
      ),
      '',
    ];
  });
}

function aboutLines(row: RecipeRow | undefined, width: number): Line[] {
  if (!row) return [];
  const about = sanitizeLine(row.file?.about ?? '');
  return [
    ...wrapRows(about, width).map((text): Line => text),
    '',
    [{ text: row.run ? t('recipes.noSteps') : t('recipes.howTo'), style: 'muted' }],
    ...(row.file ? [[{ text: sanitizeLine(row.file.file), style: 'muted' } as const]] : []),
  ];
}

function footLines(row: RecipeRow | undefined, width: number): Line[] {
  const { view, status } = row?.run ?? {};
  const error = view?.error ? `${view.error.message} ${view.error.hint}` : '';
  return [
    ...wrapRows(sanitizeLine(error), width)
      .filter(Boolean)
      .slice(0, 3)
      .map((text): Line => [{ text, style: 'bad' }]),
    ...(status?.report
      ? [[{ text: t('recipes.report', { file: sanitizeLine(status.report.md) }), style: 'good' } as const]]
      : []),
  ];
}

const STYLES: Readonly<Record<StepStatus['state'], StyleName>> = {
  waiting: 'muted',
  running: 'accent',
  done: 'good',
  kept: 'good',
  unneeded: 'muted',
  failed: 'bad',
  blocked: 'warn',
  stopped: 'warn',
};

const STEP_COLUMNS = (): readonly Column<StepStatus>[] => [
  {
    title: t('recipes.column.step'),
    min: 18,
    max: 34,
    weight: 1,
    cell: ({ variants, ...step }, { matched }) =>
      highlighted(`${titleText(step)}${variants.length > 0 ? ` [${variants.join(',')}]` : ''}`, matched),
  },
  {
    title: t('recipes.column.state'),
    min: 9,
    cell: ({ state }) => [{ text: t(`recipes.state.${state}`), style: STYLES[state] }],
  },
  {
    title: t('recipes.column.took'),
    min: 7,
    align: 'right',
    cell: ({ seconds, state }) => (seconds === null || state === 'waiting' ? '' : formatDuration(seconds)),
  },
  { title: t('recipes.column.left'), min: 8, align: 'right', optional: 1, cell: leftCell },
  {
    title: t('recipes.column.what'),
    min: 16,
    weight: 3,
    cell: ({ detail, progress, state }) => {
      const amount = progress && progress.total > 0 ? ` ${progress.done}/${progress.total} ${progress.unit}` : '';
      const rate = progress?.rate ? `, ${progress.rate.toPrecision(2)}/s` : '';
      return sanitizeLine(state === 'running' ? `${detailText(detail)}${amount}${rate}` : detailText(detail));
    },
  },
];

/** What a step does, in the language of the screen; names stay as the recipe has them. */
const titleText = ({ kind, name, title }: Pick<StepStatus, 'kind' | 'name' | 'title'>): string =>
  t(`recipes.kind.${kind}`, { name: sanitizeLine(kind === 'models' ? title.replace(/^models /, '') : name) });

const DETAILS = {
  [DETAIL.looking]: 'recipes.detail.looking',
  [DETAIL.whenNeeded]: 'recipes.detail.whenNeeded',
  [DETAIL.unneeded]: 'recipes.detail.unneeded',
  [DETAIL.stopped]: 'recipes.detail.stopped',
  [DETAIL.passed]: 'recipes.detail.passed',
  [DETAIL.notPassed]: 'recipes.detail.notPassed',
} as const;
const isKnownDetail = (text: string): text is keyof typeof DETAILS => Object.hasOwn(DETAILS, text);

/** The recipe's own sentences in the language of the screen; that it was kept, its state says. Figures and errors stay. */
function detailText(detail: string): string {
  const text = detail.startsWith(KEPT) ? detail.slice(KEPT.length) : detail;
  return isKnownDetail(text) ? t(DETAILS[text]) : text;
}

/** Of the step that runs, what its job says; of one that waits, what it took before. */
function leftCell({ state, progress, expected }: StepStatus): Line {
  if (state !== 'running' && state !== 'waiting') return '';
  const left = state === 'running' ? (progress?.secondsLeft ?? null) : expected;
  return [{ text: left === null ? t('recipes.leftUnknown') : formatDuration(left), style: 'muted' }];
}
