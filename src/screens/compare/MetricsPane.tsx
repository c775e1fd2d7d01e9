import { type ReactNode, useEffect, useMemo, useSyncExternalStore } from 'react';
import { useStore } from 'zustand';
import type { StoreApi } from 'zustand/vanilla';
import type { ColumnRun, CompareState } from '../../../stores/compare.ts';
import { columnsOf } from '../../../stores/compare-columns.ts';
import type { TelemetryState, TelemetryStore } from '../../../stores/telemetry.ts';
import { sanitizeLine } from '../../platform/sanitize.ts';
import { useUi } from '../../ui/context.tsx';
import { t } from '../../ui/i18n/index.ts';
import { Panel } from '../../ui/Panel.tsx';
import { Rows } from '../../ui/Row.tsx';
import { inside, type Rect } from '../../ui/rect.ts';
import { type Line, padSpans, spansOf } from '../../ui/text.ts';
import { wrapRows } from '../../ui/wrap.ts';
import { columnFigures } from './metrics-figures.ts';
import { columnMetricLines } from './metrics-lines.ts';
import { legendLine, metricTable, tableWidthFor } from './metrics-table.ts';
import { machineLines, serverLines } from './server-lines.ts';

/** Numbers that change faster cannot be read, and cost bytes at every paint. */
const STEP_MS = 250;
/** From this width on servers and machine stand right of the table. */
const BESIDE = 110;
const NARROWEST_TELEMETRY = 44;

/** What the pane needs of a comparison. */
export interface ShownComparison extends Pick<CompareState, 'slots'> {
  readonly run: Pick<NonNullable<CompareState['run']>, 'columns' | 'order' | 'underWay'> | null;
}

export interface MetricsPaneProps {
  readonly context: {
    readonly compare: Pick<StoreApi<ShownComparison>, 'getState' | 'getInitialState' | 'subscribe'>;
    readonly telemetry: TelemetryStore;
  };
  readonly rect: Rect;
  readonly focused: boolean;
}

/** Numbers of the columns beside each other, then servers, then the machine. While it is mounted servers are looked at. */
export function MetricsPane({ context, rect, focused }: MetricsPaneProps): ReactNode {
  const state = useStore(context.compare);
  const telemetry = useStore(context.telemetry);
  const { width, height } = inside(rect);
  const { run, slots } = state;
  const busy = run?.underWay ?? false;
  // As one text: the effect must not run again for a new array of the same names.
  const llms = slots.map(({ settings }) => settings.llm).join('\n');
  useEffect(() => context.telemetry.getState().open(llms.split('\n'), busy), [context, llms, busy]);
  useEffect(() => () => context.telemetry.getState().close(), [context]);
  const now = useStep(busy);
  const columns = run?.columns;
  const tableWidth = width >= BESIDE ? tableCells(slots.length, width) : width;
  // biome-ignore lint/correctness/useExhaustiveDependencies: `columns` says that one began or ended; the rest moves with the step
  const table = useMemo(
    () => ({ whole: tableLines(state, now, tableWidth, false), dense: tableLines(state, now, tableWidth, true) }),
    [columns, slots, now, tableWidth],
  );
  const lines =
    width >= BESIDE ? beside(table, telemetry, tableWidth, width, height) : below(table, telemetry, width, height);
  return (
    <Panel rect={rect} title={t('metrics.title')} note={run ? t(`metrics.order.${run.order}`) : ''} focused={focused}>
      <Rows lines={lines} width={width} height={height} />
    </Panel>
  );
}

interface Table {
  readonly whole: readonly Line[];
  /** With fewer rows. */
  readonly dense: readonly Line[];
}

/** What the table takes of a wide pane: what is left is for servers and machine. */
const tableCells = (columns: number, width: number): number =>
  Math.min(Math.max(tableWidthFor(columns), Math.floor(width / 2)), width - NARROWEST_TELEMETRY - 1);

/** Table left, servers and machine right. */
function beside(table: Table, telemetry: TelemetryState, left: number, width: number, height: number): readonly Line[] {
  const rows = fitted(table.whole.length > height ? table.dense : table.whole, height, true);
  const right = fitted(telemetryLines(telemetry, width - left - 1), height, false);
  return Array.from(
    { length: Math.max(rows.length, right.length) },
    (_, i): Line => [...padSpans(rows[i] ?? '', left), { text: '│', style: 'border' }, ...spansOf(right[i] ?? '')],
  );
}

/** Table above, servers and machine below; where that is too much, in fewer rows. */
function below(table: Table, telemetry: TelemetryState, width: number, height: number): readonly Line[] {
  const rule: Line = [{ text: '─'.repeat(width), style: 'border' }];
  const rest = telemetryLines(telemetry, width);
  const whole = [...table.whole, rule, ...rest];
  return fitted(whole.length > height ? [...table.dense, ...rest] : whole, height, true);
}

/** The rows of numbers below the answer of one column, moving four times a second. */
export function useColumnMetricLines(run: ColumnRun | undefined, width: number, most?: number): readonly Line[] {
  const active = run !== undefined && run.phase !== 'ended' && run.phase !== 'waiting';
  const now = useStep(active);
  return useMemo(
    () => (run && run.phase !== 'waiting' ? columnMetricLines(columnFigures(run, now), width, most) : []),
    [run, now, width, most],
  );
}

/** The clock in whole steps; while `active` it also moves when nothing is said. */
function useStep(active: boolean): number {
  const { ticks } = useUi();
  useSyncExternalStore(active ? ticks.subscribe : never, ticks.version, ticks.version);
  return Math.ceil(performance.now() / STEP_MS) * STEP_MS;
}
const never = (): (() => void) => () => undefined;

function tableLines({ run, slots }: ShownComparison, now: number, width: number, dense: boolean): readonly Line[] {
  if (!run) return [[{ text: ` ${t('metrics.nothing')}`, style: 'muted' }]];
  const names = columnsOf(slots);
  const columns = slots.map(({ id }, at) => {
    const column = run.columns.get(id);
    return {
      name: names[at]?.name ?? '',
      figures: column && column.phase !== 'waiting' ? columnFigures(column, now) : null,
    };
  });
  return metricTable(columns, width, { marks: !run.underWay, dense });
}

function telemetryLines({ state, reason, sample, history }: TelemetryState, width: number): readonly Line[] {
  if (state === 'failed') {
    const text = t('metrics.failed', { reason: sanitizeLine(reason) });
    return wrapRows(text, Math.max(2, width - 2)).map((row): Line => [{ text: ` ${row}`, style: 'bad' }]);
  }
  if (!sample) return [[{ text: ` ${t('metrics.notYet')}`, style: 'muted' }]];
  return [...serverLines(sample, history, width), ...machineLines(sample, history, width)];
}

/** What does not fit is said; the meaning of the signs is told where there is room. */
function fitted(lines: readonly Line[], height: number, legend: boolean): readonly Line[] {
  if (lines.length < height) return legend ? [...lines, legendLine()] : lines;
  if (lines.length === height) return lines;
  const shown = lines.slice(0, Math.max(0, height - 1));
  return [...shown, [{ text: ` ${t('metrics.more', { count: lines.length - shown.length })}`, style: 'muted' }]];
}
