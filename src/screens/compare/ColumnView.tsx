import { type ReactNode, useMemo } from 'react';
import type { ColumnRun, CompareState } from '../../../stores/compare.ts';
import { type ColumnSlot, columnsOf } from '../../../stores/compare-columns.ts';
import type { SearchResult } from '../../kb/types.ts';
import { sanitizeLine } from '../../platform/sanitize.ts';
import { identicalGroups } from '../../rag/comparisons/diff-passages.ts';
import { t } from '../../ui/i18n/index.ts';
import { useSpinner } from '../../ui/Meters.tsx';
import { Panel } from '../../ui/Panel.tsx';
import { Row, Rows } from '../../ui/Row.tsx';
import { inside, type Rect } from '../../ui/rect.ts';
import { StreamView } from '../../ui/StreamView.tsx';
import { type Line, spansOf } from '../../ui/text.ts';
import { wrapRows } from '../../ui/wrap.ts';
import { saidBy, shownMarks, thoughtBy } from './bodies.ts';
import { firstSteps } from './first-steps.ts';
import { headerFields, headerLines } from './header.ts';
import { useColumnMetricLines } from './MetricsPane.tsx';
import { type CompareModel, isStale } from './model.ts';
import { foundRight } from './passages.ts';
import { bestScores, scoreLines } from './scores.ts';
import { tabLine } from './tabs.ts';

/** Below so many rows a column keeps its numbers short. */
const LOW = 19;

export interface ColumnProps {
  readonly model: CompareModel;
  readonly state: CompareState;
  readonly slot: ColumnSlot;
  /** Its place on screen. */
  readonly at: number;
  readonly rect: Rect;
  readonly focused: boolean;
  /** Not all columns are on screen: a row tells which there are. */
  readonly tabs: boolean;
}

/** One column: what differs in it, what must be said first, its answer or passages, its state and numbers. */
export function ColumnView({ model, state, slot, at, rect, focused, tabs }: ColumnProps): ReactNode {
  const { width, height } = inside(rect);
  const hidden = state.blind === 'hidden';
  const run = state.run?.columns.get(slot.id);
  const base = state.slots.find(({ id }) => id === state.base)?.settings ?? slot.settings;
  const names = shownNames(model, state);
  const columns = state.run?.columns;
  // Of whole answers: while they stream nothing of it changes.
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is shown hangs on slots and their order
  const twin = useMemo(() => twinOf(model, slot, run), [model, slot, columns, state.slots, state.blindSeed]);
  const folded = state.folded && !tabs && twin !== null && state.body === 'answers' && shownMarks(state) !== 'diff';
  const low = rect.height < LOW;
  const header = hidden
    ? []
    : headerLines(slot.settings, base, headerFields(state.slots, slot.settings, tabs && !low), width, low);
  const head: Line[] = [
    ...(tabs ? [tabLine(names, shownRuns(model, state), at, width)] : []),
    ...header.slice(0, low ? 2 : header.length),
    ...remarkLines({ model, state, slot, run, width, twin, folded }).slice(0, low ? 4 : 8),
  ];
  // So many rows from the beginning: a text that grows must not be moved by numbers that come.
  const metricRows = low ? 1 : width >= 70 ? 2 : 3;
  const live = useColumnMetricLines(hidden ? undefined : run, width - 1, metricRows);
  // What was found, and how well, would give a hidden column away.
  const known = !hidden && state.run !== null && (state.run.references.length > 0 || state.run.passage !== '');
  const scoreRows = known ? (low ? 1 : 2) : 0;
  const best = useMemo(
    () => bestScores([...(columns?.values() ?? [])].map(({ result }) => result?.metrics ?? {})),
    [columns],
  );
  const scores = scoreLines(run?.result?.metrics ?? {}, best, width, scoreRows);
  const indented = live.map((line): Line => [{ text: ' ' }, ...spansOf(line)]);
  const foot: Line[] = [...filled(scores, scoreRows), ...filled(indented, run && !hidden ? metricRows : 0)];
  const room = Math.max(1, height - head.length - foot.length - 2);
  const { stream, marks } = model.bodies.body(slot.id);
  const hints =
    run || state.run
      ? []
      : firstSteps(model.context, state, at).flatMap((text) => [...wrapRows(text, Math.max(2, width - 2)), '']);
  return (
    <Panel rect={rect} title={titleOf(state, slot, at, names)} note={noteOf(state, slot)} focused={focused}>
      <Rows lines={head} width={width} />
      <Row line={[{ text: '─'.repeat(width), style: 'border' }]} width={width} />
      {folded || hints.length > 0 ? (
        <Rows lines={hints.map((text): Line => [{ text: ` ${text}`, style: 'muted' }])} width={width} height={room} />
      ) : (
        <StreamView model={stream} width={width} height={room} highlights={marks} empty={emptyText(state, run)} />
      )}
      <StateRow run={run} width={width} hidden={hidden} />
      <Rows lines={foot} width={width} />
    </Panel>
  );
}

const filled = (lines: readonly Line[], rows: number): Line[] =>
  Array.from({ length: rows }, (_, at) => lines[at] ?? '');

/** `▸ 2 hybrid`: the selected one with a sign; of hidden ones only their place. */
function titleOf(state: CompareState, slot: ColumnSlot, at: number, names: readonly string[]): string {
  const name = names[at] ?? '';
  return `${state.selected === slot.id ? '▸ ' : ''}${at + 1}${name === '' ? '' : ` ${name}`}`;
}

function noteOf(state: CompareState, slot: ColumnSlot): string {
  if (!state.run) return '';
  const marks = shownMarks(state);
  const body = state.body === 'passages' ? t('ask.passages') : t(`compare.marks.${marks}`);
  const compares = state.body === 'passages' ? state.blind !== 'hidden' : marks === 'new' || marks === 'diff';
  return compares && state.base === slot.id && state.slots.length > 1 ? t('compare.base') : body;
}

function emptyText(state: CompareState, run: ColumnRun | undefined): string {
  if (state.body === 'passages' && run?.phase === 'ended') return ` ${t('ask.noPassages')}`;
  if (!state.run) return ` ${t('ask.empty')}`;
  return run ? '' : ` ${t('compare.notAsked')}`;
}

const shownNames = (model: CompareModel, { slots, blind }: CompareState): readonly string[] => {
  if (blind === 'hidden') return model.shown().map(() => '');
  const names = new Map(columnsOf(slots).map(({ name }, at) => [slots[at]?.id, name]));
  return model.shown().map(({ id }) => names.get(id) ?? '');
};

const shownRuns = (model: CompareModel, { run }: CompareState): readonly (ColumnRun | undefined)[] =>
  model.shown().map(({ id }) => run?.columns.get(id));

interface Remarked {
  readonly model: CompareModel;
  readonly state: CompareState;
  readonly slot: ColumnSlot;
  readonly run: ColumnRun | undefined;
  readonly width: number;
  readonly twin: number | null;
  readonly folded: boolean;
}

/** What must be said about an answer before it is read. */
function remarkLines({ model, state, slot, run, width, twin, folded }: Remarked): readonly Line[] {
  if (!run) return [];
  const rows = (text: string, style: 'warn' | 'bad' | 'good' | 'muted', most = 3): Line[] =>
    wrapRows(sanitizeLine(text), Math.max(2, width - 2))
      .slice(0, most)
      .map((row): Line => [{ text: ` ${row}`, style }]);
  const { result, search, cut } = run;
  const thought = thoughtBy(run).trim();
  const copied = result && state.blind !== 'hidden' ? model.bodies.copied(slot.id) : null;
  return [
    ...(isStale(slot, run) ? rows(`! ${t('compare.stale')}`, 'warn', 1) : []),
    ...(result?.error ? rows(`✗ ${result.error.message} ${result.error.hint}`, 'bad', 4) : []),
    ...(result?.state === 'failed' ? rows(t('compare.retryHint'), 'muted', 1) : []),
    ...(search && isDoubtful(search, state) ? rows(`! ${t('compare.nothingRelevant')}`, 'warn', 1) : []),
    ...(cut ? rows(`! ${t('ask.messages.cut', { cut })}`, 'warn', 2) : []),
    ...(thought && !state.thoughts && saidBy(run) !== ''
      ? rows(t('compare.thought', { count: [...thought].length }), 'muted', 1)
      : []),
    ...(twin === null
      ? []
      : rows(`= ${t(folded ? 'compare.sameFolded' : 'compare.sameAnswer', { column: twin })}`, 'good', 2)),
    ...(copied && copied.share > 0 && !folded
      ? rows(
          t('compare.copied', { share: Math.round(copied.share * 100), passages: copied.from.join(', ') }),
          copied.share >= 0.995 ? 'good' : 'muted',
          1,
        )
      : []),
  ];
}

/** By its scores nothing found has to do with the question: not said of what holds the right passage, nor of hidden columns. */
const isDoubtful = ({ relevant, hits }: SearchResult, { run, blind }: CompareState): boolean =>
  !relevant && blind !== 'hidden' && !foundRight(hits, run?.passage ?? '');

/** Place (from 1) of the first column to the left with the very same answer; null = there is none. */
function twinOf(model: CompareModel, slot: ColumnSlot, run: ColumnRun | undefined): number | null {
  if (!run?.result) return null;
  const shown = model.shown();
  const { run: all } = model.context.compare.getState();
  const answers = shown.map(({ id }) => (all?.columns.get(id)?.result ? saidBy(all.columns.get(id)) : null));
  const own = shown.findIndex(({ id }) => id === slot.id);
  const first = identicalGroups(answers).find((group) => group.includes(own))?.[0];
  return first === undefined || first === own ? null : first + 1;
}

interface StateProps {
  readonly run: ColumnRun | undefined;
  readonly width: number;
  /** Times would give a hidden column away. */
  readonly hidden: boolean;
}

function StateRow({ run, width, hidden }: StateProps): ReactNode {
  const active = run !== undefined && run.phase !== 'ended' && run.phase !== 'waiting';
  const spinner = useSpinner(active);
  return <Row line={run ? stateSpans(run, spinner, hidden) : ''} width={width} />;
}

/** The column's state in a word. */
function stateSpans(run: ColumnRun, spinner: string, hidden: boolean): Line {
  const { phase, status, result, startedAt, buffer } = run;
  if (phase === 'waiting') {
    return [{ text: ` · ${status && !hidden ? sanitizeLine(status) : t('compare.waiting')}`, style: 'muted' }];
  }
  if (!result) {
    const waited = buffer.firstAt === null && !hidden ? Math.floor((performance.now() - startedAt) / 1000) : 0;
    const text = status && !hidden ? sanitizeLine(status) : t(`ask.phase.${phase === 'ended' ? 'answering' : phase}`);
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
  const cut = answer?.finish === 'length';
  return [{ text: ` ${cut ? '!' : '✓'} ${finish}`, style: cut ? 'warn' : 'good' }];
}
