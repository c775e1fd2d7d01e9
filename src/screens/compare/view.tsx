import { type ReactNode, useMemo } from 'react';
import { useStore } from 'zustand';
import type { ColumnRun, CompareState } from '../../../stores/compare.ts';
import { type ColumnSlot, columnsOf } from '../../../stores/compare-columns.ts';
import { sanitize, sanitizeLine } from '../../platform/sanitize.ts';
import { Editor } from '../../ui/Editor.tsx';
import { t } from '../../ui/i18n/index.ts';
import { useSpinner } from '../../ui/Meters.tsx';
import { Panel } from '../../ui/Panel.tsx';
import { Row, Rows } from '../../ui/Row.tsx';
import { inside, type Rect } from '../../ui/rect.ts';
import { StreamView } from '../../ui/StreamView.tsx';
import type { ScreenViewProps } from '../../ui/screen.ts';
import type { Line, Span } from '../../ui/text.ts';
import { wrapRows } from '../../ui/wrap.ts';
import { answerMetrics, runningMetrics } from '../ask/metrics.ts';
import { Placed } from '../Placed.tsx';
import { newWords } from './differences.ts';
import { headerLines } from './header.ts';
import { COLUMN_PANES, type CompareModel, isStale, saidBy } from './model.ts';

/** Below the answer at most so many rows of numbers. */
const METRIC_ROWS = 4;

export function CompareView({
  model,
  rect,
  rects,
  focus,
}: ScreenViewProps & { readonly model: CompareModel }): ReactNode {
  const state = useStore(model.context.compare);
  const { question } = rects;
  const hidden = state.slots.some((_, at) => !rects[COLUMN_PANES[at] ?? '']);
  return (
    <>
      {question ? (
        <Placed within={rect} rect={question}>
          <QuestionView model={model} state={state} rect={question} focused={focus === 'question'} />
        </Placed>
      ) : null}
      {state.slots.map((slot, at) => {
        const pane = COLUMN_PANES[at] ?? '';
        const place = rects[pane];
        if (!place) return null;
        return (
          <Placed key={slot.id} within={rect} rect={place}>
            <ColumnView
              model={model}
              state={state}
              slot={slot}
              at={at}
              rect={place}
              focused={focus === pane}
              tabs={hidden}
            />
          </Placed>
        );
      })}
    </>
  );
}

interface QuestionProps {
  readonly model: CompareModel;
  readonly state: CompareState;
  readonly rect: Rect;
  readonly focused: boolean;
}

function QuestionView({ model, state, rect, focused }: QuestionProps): ReactNode {
  const body = inside(rect);
  const { kb, order, slots, error, run } = state;
  const line: Span[] = error
    ? [{ text: ` ✗ ${sanitizeLine(`${error.message} ${error.hint}`)}`, style: 'bad' }]
    : [
        { text: ` ${t('ask.short.kb')} `, style: 'muted' },
        { text: kb ?? t('ask.noKb'), style: kb === null ? 'warn' : 'accent' },
        { text: ` · ${t('compare.columns', { count: slots.length })} · `, style: 'muted' },
        { text: t(`compare.order.${order}`), style: 'accent' },
      ];
  const placeholder = run ? t('compare.again', { question: sanitizeLine(run.question) }) : t('compare.placeholder');
  return (
    <Panel rect={rect} title={t('ask.question')} focused={focused}>
      <Row line={line} width={body.width} />
      <Editor
        model={model.editor}
        rect={{ ...body, y: body.y + 1, height: body.height - 1 }}
        focused={focused}
        placeholder={placeholder}
        prefix="❯ "
      />
    </Panel>
  );
}

interface ColumnProps {
  readonly model: CompareModel;
  readonly state: CompareState;
  readonly slot: ColumnSlot;
  readonly at: number;
  readonly rect: Rect;
  readonly focused: boolean;
  /** Not all columns are on screen: a row tells which there are. */
  readonly tabs: boolean;
}

function ColumnView({ model, state, slot, at, rect, focused, tabs }: ColumnProps): ReactNode {
  const { width, height } = inside(rect);
  const names = columnsOf(state.slots).map(({ name }) => name);
  const run = state.run?.columns.get(slot.id);
  const first = state.slots[0]?.settings ?? slot.settings;
  const body = model.body();
  const head: Line[] = [
    ...(tabs ? [tabLine(names, at)] : []),
    ...headerLines(slot.settings, first, width),
    ...remarkLines(state, slot, run, width),
  ];
  const foot = run ? footLines(run, width) : [];
  const room = Math.max(1, height - head.length - foot.length - 2);
  const marks = useNewWords(model, state, slot);
  const selected = state.selected === slot.id ? '▸ ' : '';
  return (
    <Panel
      rect={rect}
      title={`${selected}${at + 1} ${names[at] ?? ''}`}
      note={body === 'passages' ? t('ask.passages') : ''}
      focused={focused}
    >
      <Rows lines={head} width={width} />
      <Row line={[{ text: '─'.repeat(width), style: 'border' }]} width={width} />
      {body === 'passages' ? (
        <StreamView
          model={model.passages(slot.id)}
          width={width}
          height={room}
          empty={run?.phase === 'ended' ? ` ${t('ask.noPassages')}` : ''}
        />
      ) : (
        <StreamView
          model={model.answer(slot.id)}
          width={width}
          height={room}
          highlights={marks}
          empty={run ? '' : ` ${t('ask.empty')}`}
        />
      )}
      <StateRow run={run} width={width} />
      <Rows lines={foot} width={width} />
    </Panel>
  );
}

/** `[1 hybrid]  2 bm25`: the one on screen in brackets. */
function tabLine(names: readonly string[], at: number): Line {
  return names.flatMap((name, each): Span[] => [
    { text: ' ' },
    each === at
      ? { text: `[${each + 1} ${name}]`, style: 'accent', bold: true }
      : { text: `${each + 1} ${name} `, style: 'muted' },
  ]);
}

/** What must be said about an answer before it is read. */
function remarkLines(
  state: CompareState,
  slot: ColumnSlot,
  run: ColumnRun | undefined,
  width: number,
): readonly Line[] {
  if (!run) return [];
  const rows = (text: string, style: 'warn' | 'bad' | 'good' | 'muted'): Line[] =>
    wrapRows(sanitizeLine(text), Math.max(2, width - 2)).map((row): Line => [{ text: ` ${row}`, style }]);
  const { result, search, cut } = run;
  const twin = twinOf(state, slot, run);
  return [
    ...(isStale(slot, run) ? rows(`! ${t('compare.stale')}`, 'warn') : []),
    ...(result?.error ? rows(`✗ ${result.error.message} ${result.error.hint}`, 'bad').slice(0, 3) : []),
    ...(search && !search.relevant ? rows(`! ${t('compare.nothingRelevant')}`, 'warn') : []),
    ...(cut ? rows(`! ${t('ask.messages.cut', { cut })}`, 'warn').slice(0, 2) : []),
    ...(twin ? rows(`= ${t('compare.sameAnswer', { column: twin })}`, 'good') : []),
  ];
}

/** `1 hybrid`: the first column to the left with the very same answer. */
function twinOf(state: CompareState, slot: ColumnSlot, run: ColumnRun): string | undefined {
  const own = saidBy(run).trim();
  if (!run.result || own === '') return undefined;
  for (const [at, other] of state.slots.entries()) {
    if (other.id === slot.id) return undefined;
    const theirs = state.run?.columns.get(other.id);
    if (theirs?.result && saidBy(theirs).trim() === own) return `${at + 1}`;
  }
  return undefined;
}

/** Looked for once both answers are whole: while one streams every piece would change what they share. */
function useNewWords(model: CompareModel, { slots, run }: CompareState, slot: ColumnSlot) {
  const first = run?.columns.get(slots[0]?.id ?? -1);
  const own = run?.columns.get(slot.id);
  const base = first?.result && own?.result && own !== first && model.marksWords() ? sanitize(saidBy(first)) : '';
  const text = base ? sanitize(saidBy(own)) : '';
  return useMemo(() => (base ? newWords(base, text) : []), [base, text]);
}

function StateRow({ run, width }: { readonly run: ColumnRun | undefined; readonly width: number }): ReactNode {
  const active = run !== undefined && run.phase !== 'ended' && run.phase !== 'waiting';
  const spinner = useSpinner(active);
  return <Row line={run ? stateSpans(run, spinner) : ''} width={width} />;
}

/** The column's state in a word. */
function stateSpans(run: ColumnRun, spinner: string): Line {
  const { phase, status, result, startedAt, buffer } = run;
  if (phase === 'waiting')
    return [{ text: ` · ${status ? sanitizeLine(status) : t('compare.waiting')}`, style: 'muted' }];
  if (!result) {
    const waited = buffer.firstAt === null ? Math.floor((performance.now() - startedAt) / 1000) : 0;
    const text = status ? sanitizeLine(status) : t(`ask.phase.${phase === 'ended' ? 'answering' : phase}`);
    return [
      { text: ` ${spinner} `, style: 'accent' },
      { text },
      { text: waited > 0 ? ` ${waited}s` : '', style: 'muted' },
    ];
  }
  const { state, answer } = result;
  if (state !== 'ok') {
    const mark = state === 'failed' ? '✗' : state === 'cancelled' ? '■' : '∅';
    return [{ text: ` ${mark} ${t(`compare.state.${state}`)}`, style: state === 'failed' ? 'bad' : 'warn' }];
  }
  const finish = answer && answer.finish !== 'stop' ? t(`ask.finish.${answer.finish}`) : t('compare.state.ok');
  return [{ text: ` ✓ ${finish}`, style: 'good' }];
}

/** The numbers below the answer. */
function footLines(run: ColumnRun, width: number): readonly Line[] {
  const answer = run.result?.answer;
  const metrics = answer
    ? answerMetrics(answer)
    : run.phase === 'waiting'
      ? []
      : runningMetrics(run, run.endedAt ?? performance.now());
  const rows = metrics.length === 0 ? [] : wrapRows(metrics.join(' · '), Math.max(2, width - 4));
  return rows.slice(0, METRIC_ROWS).map((row): Line => [{ text: `   ${row}`, style: 'muted' }]);
}
