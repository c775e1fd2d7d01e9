import type { Cost } from '../../rag/types.ts';
import { sparkline } from '../../ui/charts.ts';
import { formatCount, formatMillis, formatShort } from '../../ui/format.ts';
import { type MessageKey, t } from '../../ui/i18n/index.ts';
import { type Line, type Span, textWidth } from '../../ui/text.ts';
import type { ColumnFigures } from './metrics-figures.ts';

/** A value that is not there. */
export const MISSING = '–';
const PACE_CELLS = 8;

export const millis = (value: number | null): string => (value === null ? MISSING : formatMillis(value));
export const rateText = (value: number | null): string =>
  value === null || !Number.isFinite(value) ? MISSING : value < 999.5 ? value.toFixed(1) : formatShort(value);
export const counted = (value: number | null, estimated: boolean, format: (n: number) => string): string =>
  value === null ? MISSING : `${estimated ? '~' : ''}${format(value)}`;

/** 0.00123 → `0.00123 USD`: three figures that mean something, however small. Pure. */
export function costText({ amount, currency }: Cost): string {
  const digits = amount === 0 ? 2 : Math.max(2, 2 - Math.floor(Math.log10(amount)));
  return `${amount.toFixed(Math.min(8, digits))} ${currency}`;
}

/** The numbers of one column in rows of at most `width` cells, at most `most` of them: what matters most first. Pure. */
export function columnMetricLines(figures: ColumnFigures, width: number, most = 4): readonly Line[] {
  return packed(compactParts(figures), width).slice(0, most);
}

function compactParts(figures: ColumnFigures): readonly Span[] {
  const { rateNow, rate, pace, retrievalMs, embeddingMs, totalMs, cost, retries } = figures;
  const asked = figures.answerTokens !== null || figures.firstTokenMs !== null || figures.promptTokens !== null;
  const part = (key: MessageKey, values: Readonly<Record<string, string>>): Span => ({
    text: t(key, values),
    style: 'muted',
  });
  return [
    ...(asked
      ? [
          part('metrics.first', { time: millis(figures.firstTokenMs) }),
          ...(rateNow === null ? [] : [part('metrics.now', { rate: rateText(rateNow) })]),
          part('metrics.mean', { rate: rateText(rate) }),
          ...(pace.length > 1
            ? [{ text: sparkline(pace, Math.min(PACE_CELLS, pace.length)), style: 'accent' as const }]
            : []),
          part('metrics.gaps', { p50: millis(figures.gapP50Ms), p95: millis(figures.gapP95Ms) }),
          part('metrics.tokens', tokens(figures, formatCount)),
        ]
      : []),
    ...(retrievalMs === null ? [] : [part('metrics.retrieval', { time: millis(retrievalMs) })]),
    ...(embeddingMs === null ? [] : [part('metrics.embedding', { time: millis(embeddingMs) })]),
    ...(totalMs === null ? [] : [part('metrics.total', { time: millis(totalMs) })]),
    ...(cost === null ? [] : [part('metrics.cost', { cost: costText(cost) })]),
    ...(retries ? [part('metrics.retries', { count: String(retries) })] : []),
  ];
}

export const tokens = (figures: ColumnFigures, format: (n: number) => string) => ({
  prompt: counted(figures.promptTokens, figures.promptEstimated, format),
  answer: counted(figures.answerTokens, figures.answerEstimated, format),
});

/** Spans between dots, in rows of at most `width` cells. Pure. */
export function packed(parts: readonly Span[], width: number): readonly Line[] {
  const lines: Span[][] = [];
  let used = 0;
  for (const part of parts) {
    const wide = textWidth(part.text);
    const last = lines.at(-1);
    if (last && used + 3 + wide <= width) {
      last.push({ text: ' · ', style: 'border' }, part);
      used += 3 + wide;
    } else {
      lines.push([{ text: ' ' }, part]);
      used = 1 + wide;
    }
  }
  return lines;
}
