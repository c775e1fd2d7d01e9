import type { Cost } from '../../rag/types.ts';
import { sparkline } from '../../ui/charts.ts';
import { formatCount, formatMillis, formatShort } from '../../ui/format.ts';
import { type MessageKey, t } from '../../ui/i18n/index.ts';
import { type Line, pad, type Span, textWidth } from '../../ui/text.ts';
import { bestOf, type ColumnFigures, type Ranked } from './metrics-figures.ts';

/** A value that is not there. */
export const MISSING = '–';
/** Before the best value of a row: also without colours. */
const BEST = '★';
const PACE_CELLS = 8;
const LABEL_CELLS = 14;
const NARROWEST_CELL = 10;

const millis = (value: number | null): string => (value === null ? MISSING : formatMillis(value));
const rateText = (value: number | null): string =>
  value === null || !Number.isFinite(value) ? MISSING : value < 999.5 ? value.toFixed(1) : formatShort(value);
const counted = (value: number | null, estimated: boolean, format: (n: number) => string): string =>
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

const tokens = (figures: ColumnFigures, format: (n: number) => string) => ({
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

/** A column of the table. */
export interface MetricColumn {
  readonly name: string;
  /** Null: it was not asked yet. */
  readonly figures: ColumnFigures | null;
}

interface TableRow {
  readonly key: MessageKey;
  /** What the best is chosen by; absent = no value is better than another. */
  readonly by?: Ranked;
  readonly cell: (figures: ColumnFigures, width: number) => string;
  /** Left out where no column has it. */
  readonly optional?: (figures: ColumnFigures) => boolean;
}

const timeRow = (by: Ranked & `${string}Ms`): TableRow => ({
  key: `metrics.row.${by}`,
  by,
  cell: (figures) => millis(figures[by]),
});

const ROWS: readonly TableRow[] = [
  timeRow('firstTokenMs'),
  {
    key: 'metrics.row.rateNow',
    by: 'rateNow',
    cell: ({ rateNow }) => rateText(rateNow),
    optional: ({ rateNow }) => rateNow !== null,
  },
  { key: 'metrics.row.rate', by: 'rate', cell: ({ rate }) => rateText(rate) },
  {
    key: 'metrics.row.pace',
    cell: ({ pace }, width) => (pace.length > 1 ? sparkline(pace, Math.min(width, pace.length)) : MISSING),
  },
  timeRow('gapP50Ms'),
  timeRow('gapP95Ms'),
  {
    key: 'metrics.row.promptTokens',
    cell: ({ promptTokens, promptEstimated }) => counted(promptTokens, promptEstimated, formatCount),
  },
  {
    key: 'metrics.row.answerTokens',
    cell: ({ answerTokens, answerEstimated }) => counted(answerTokens, answerEstimated, formatCount),
  },
  timeRow('retrievalMs'),
  timeRow('embeddingMs'),
  timeRow('totalMs'),
  {
    key: 'metrics.row.cost',
    cell: ({ cost }) => (cost === null ? MISSING : costText(cost)),
    optional: ({ cost }) => cost !== null,
  },
  {
    key: 'metrics.row.retries',
    by: 'retries',
    cell: ({ retries }) => (retries === null ? MISSING : String(retries)),
    optional: ({ retries }) => retries !== null && retries > 0,
  },
];

/**
 * Figures below each other, columns beside each other, the best of a row marked once all have ended (`marks`). Columns
 * that do not fit beside each other follow below. Pure.
 */
export function metricTable(columns: readonly MetricColumn[], width: number, marks: boolean): readonly Line[] {
  const fitting = Math.max(1, Math.floor((width - 1 - LABEL_CELLS) / (NARROWEST_CELL + 1)));
  const blocks = Math.max(1, Math.ceil(columns.length / fitting));
  // Even blocks: four columns where three fit are two and two.
  const each = Math.ceil(columns.length / blocks);
  const cell = Math.min(18, Math.floor((width - 1 - LABEL_CELLS) / Math.max(1, each)) - 1);
  const figures = columns.map((column) => column.figures);
  const rows = ROWS.filter(({ optional }) => !optional || figures.some((one) => one !== null && optional(one))).map(
    (row) => {
      const shown = (value: number): string =>
        row.by === 'rate' || row.by === 'rateNow'
          ? rateText(value)
          : row.by === 'retries'
            ? String(value)
            : formatMillis(value);
      return { ...row, best: marks && row.by ? bestOf(figures, row.by, shown) : new Set<number>() };
    },
  );
  return Array.from({ length: blocks }, (_, block) => {
    const from = block * each;
    const shown = columns.slice(from, from + each);
    const head: Span[] = [
      { text: ' '.repeat(1 + LABEL_CELLS) },
      ...shown.map(({ name }, i): Span => ({ text: ` ${pad(`${from + i + 1} ${name}`, cell, 'right')}`, bold: true })),
    ];
    return [
      head,
      ...rows.map(
        ({ key, cell: text, best }): Line => [
          { text: ` ${pad(t(key), LABEL_CELLS)}`, style: 'muted' },
          ...shown.map((column, i): Span => {
            const isBest = best.has(from + i);
            const value = column.figures ? text(column.figures, cell - 1) : MISSING;
            return {
              text: ` ${pad(`${isBest ? BEST : ''}${value}`, cell, 'right')}`,
              style: isBest ? 'good' : value === MISSING ? 'muted' : key === 'metrics.row.pace' ? 'accent' : 'text',
              bold: isBest,
            };
          }),
        ],
      ),
    ];
  }).flat();
}

/** What the signs of the table mean. */
export const legendLine = (): Line => [{ text: ` ${t('metrics.legend', { best: BEST })}`, style: 'muted' }];
