import { type ReactNode, useSyncExternalStore } from 'react';
import { bar, sparkline } from './charts.ts';
import { useUi } from './context.tsx';
import { formatDuration, formatPercent, formatRate, formatShort } from './format.ts';
import { Row } from './Row.tsx';
import { type Span, textWidth } from './text.ts';
import type { StyleName } from './theme.ts';

export interface ProgressBarProps {
  readonly width: number;
  readonly done: number;
  /** 0 = not known yet: only the count is shown. */
  readonly total: number;
  /** `chunks`: what is counted. */
  readonly unit: string;
  /** Per second. */
  readonly rate?: number | null;
  readonly secondsLeft?: number | null;
  /** `formatBytes` for downloads; default `formatShort`. */
  readonly format?: (n: number) => string;
  readonly style?: StyleName;
}

/** One row: bar, share, count, rate and time left; the numbers that do not fit are left out from the right. */
export function ProgressBar(props: ProgressBarProps): ReactNode {
  return <Row line={progressSpans(props)} width={props.width} />;
}

/** The spans of a ProgressBar, for rows that hold more than the bar. Pure. */
export function progressSpans(props: ProgressBarProps): Span[] {
  const { width, done, total, unit, rate = null, secondsLeft = null, format = formatShort, style = 'accent' } = props;
  if (total <= 0) return [{ text: `${format(done)} ${unit}` }];
  const share = done / total;
  const facts = [
    formatPercent(share).padStart(4),
    `${format(done)}/${format(total)}${format === formatShort ? ` ${unit}` : ''}`,
    ...(rate === null ? [] : [format === formatShort ? formatRate(rate, unit) : `${format(rate)}/s`]),
    ...(secondsLeft === null ? [] : [formatDuration(secondsLeft)]),
  ];
  while (facts.length > 1 && width - textWidth(facts.join('  ')) - 2 < 10) facts.pop();
  const text = facts.join('  ');
  const columns = Math.max(0, width - textWidth(text) - 3);
  const { filled, rest } = bar(share, columns);
  return [{ text: filled, style }, { text: `${rest}▕`, style: 'border' }, { text: ` ${text} ` }];
}

export interface GaugeProps {
  readonly width: number;
  readonly label: string;
  /** 0…1. */
  readonly share: number;
  /** Right of the bar: `11.2 GB`. */
  readonly value: string;
  /** From this share on the bar warns. */
  readonly warnAt?: number;
}

/** Label, bar and value in one row. */
export function Gauge({ width, label, share, value, warnAt = 0.9 }: GaugeProps): ReactNode {
  const labelText = `${label} `;
  const valueText = ` ${value}`;
  const { filled, rest } = bar(share, Math.max(0, width - textWidth(labelText) - textWidth(valueText) - 1));
  const style: StyleName = share >= warnAt ? 'warn' : 'good';
  const spans: Span[] = [
    { text: labelText, style: 'muted' },
    { text: filled, style },
    { text: `${rest}▕`, style: 'border' },
    { text: valueText },
  ];
  return <Row line={spans} width={width} />;
}

export interface SparklineProps {
  readonly width: number;
  readonly values: readonly number[];
  readonly label?: string;
  readonly value?: string;
  readonly max?: number;
  readonly style?: StyleName;
}

export function Sparkline({ width, values, label = '', value = '', max, style = 'accent' }: SparklineProps): ReactNode {
  const before = label ? `${label} ` : '';
  const after = value ? ` ${value}` : '';
  const columns = Math.max(0, width - textWidth(before) - textWidth(after));
  const spans: Span[] = [
    { text: before, style: 'muted' },
    { text: sparkline(values, columns, max), style },
    { text: after },
  ];
  return <Row line={spans} width={width} />;
}

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

/** The sign that turns while something is going on: use it inside a line's spans. All turn with one tick. */
export function useSpinner(active = true): string {
  const { ticks } = useUi();
  const tick = useSyncExternalStore(active ? ticks.subscribe : neverTicks, ticks.version, ticks.version);
  return active ? (FRAMES[tick % FRAMES.length] ?? ' ') : ' ';
}
const neverTicks = (): (() => void) => () => undefined;

export interface SpinnerProps {
  readonly width: number;
  readonly label: string;
}

export function Spinner({ width, label }: SpinnerProps): ReactNode {
  const frame = useSpinner();
  return <Row line={[{ text: `${frame} `, style: 'accent' }, { text: label }]} width={width} />;
}
