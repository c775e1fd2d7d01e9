import { type ReactNode, useEffect, useMemo, useSyncExternalStore } from 'react';
import { useStore } from 'zustand';
import type { ColumnRun, CompareState } from '../../../stores/compare.ts';
import { columnsOf } from '../../../stores/compare-columns.ts';
import type { TelemetryState } from '../../../stores/telemetry.ts';
import { sanitizeLine } from '../../platform/sanitize.ts';
import { useUi } from '../../ui/context.tsx';
import { t } from '../../ui/i18n/index.ts';
import { Panel } from '../../ui/Panel.tsx';
import { Rows } from '../../ui/Row.tsx';
import { inside, type Rect } from '../../ui/rect.ts';
import type { Line } from '../../ui/text.ts';
import type { ScreenContext } from '../context.ts';
import { columnFigures } from './metrics-figures.ts';
import { columnMetricLines, legendLine, metricTable } from './metrics-lines.ts';
import { machineLines, serverLines } from './server-lines.ts';

/** Numbers that change faster cannot be read, and cost bytes at every paint. */
const STEP_MS = 250;

/** The help of the action that shows and hides the pane (`compare.metrics`, key `m`); Chinese in `zh/compare.ts`. */
export const metricsActionHelp =
  'Shows the numbers of all columns side by side, of the servers behind them and of this machine; again hides them.';

export interface MetricsPaneProps {
  readonly context: Pick<ScreenContext, 'compare' | 'telemetry'>;
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
  // biome-ignore lint/correctness/useExhaustiveDependencies: `columns` says that one began or ended; the rest moves with the step
  const table = useMemo(() => tableLines(state, now, width), [columns, slots, now, width]);
  const lines = [...table, ...telemetryLines(telemetry, width)];
  return (
    <Panel rect={rect} title={t('metrics.title')} note={run ? t(`metrics.order.${run.order}`) : ''} focused={focused}>
      <Rows lines={fitted(lines, height)} width={width} height={height} />
    </Panel>
  );
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

function tableLines({ run, slots }: CompareState, now: number, width: number): readonly Line[] {
  if (!run) return [[{ text: ` ${t('metrics.nothing')}`, style: 'muted' }]];
  const names = columnsOf(slots);
  const columns = slots.map(({ id }, at) => {
    const column = run.columns.get(id);
    return {
      name: names[at]?.name ?? '',
      figures: column && column.phase !== 'waiting' ? columnFigures(column, now) : null,
    };
  });
  return metricTable(columns, width, !run.underWay);
}

function telemetryLines({ state, reason, sample, history }: TelemetryState, width: number): readonly Line[] {
  const rule: Line = [{ text: '─'.repeat(width), style: 'border' }];
  if (state === 'failed')
    return [rule, [{ text: ` ${t('metrics.failed', { reason: sanitizeLine(reason) })}`, style: 'bad' }]];
  if (!sample) return [rule, [{ text: ` ${t('metrics.notYet')}`, style: 'muted' }]];
  return [rule, ...serverLines(sample, history, width), ...machineLines(sample, history, width)];
}

/** What does not fit is said; the meaning of the signs is told where there is room. */
function fitted(lines: readonly Line[], height: number): readonly Line[] {
  if (lines.length < height) return [...lines, legendLine()];
  if (lines.length === height) return lines;
  const shown = lines.slice(0, Math.max(0, height - 1));
  return [...shown, [{ text: ` ${t('metrics.more', { count: lines.length - shown.length })}`, style: 'muted' }]];
}
