import { sparkline } from '../../ui/charts.ts';
import { formatCount, formatMillis, formatShort } from '../../ui/format.ts';
import { type MessageKey, t } from '../../ui/i18n/index.ts';
import { type Line, pad, type Span } from '../../ui/text.ts';
import { bestOf, type ColumnFigures, type Ranked } from './metrics-figures.ts';
import { costText, counted, MISSING, millis, rateText, tokens } from './metrics-lines.ts';

/** Before the best value of a row: also without colours. */
const BEST = '★';
const LABEL_CELLS = 14;
const NARROWEST_CELL = 10;
const WIDEST_CELL = 18;

/** A column of the table. */
export interface MetricColumn {
  readonly name: string;
  /** Null: it was not asked yet. */
  readonly figures: ColumnFigures | null;
}

interface TableRow {
  readonly key: MessageKey;
  /** What the best is chosen by, rounded as it is shown; absent = no value is better than another. */
  readonly by?: { readonly figure: Ranked; readonly shown: (value: number) => string };
  readonly cell: (figures: ColumnFigures, width: number) => string;
  /** Left out where no column has it. */
  readonly optional?: (figures: ColumnFigures) => boolean;
  /** Only in a table of that kind. */
  readonly only?: 'whole' | 'dense';
}

const timeRow = (figure: Ranked & `${string}Ms`): TableRow => ({
  key: `metrics.row.${figure}`,
  by: { figure, shown: formatMillis },
  cell: (figures) => millis(figures[figure]),
});

const ROWS: readonly TableRow[] = [
  timeRow('firstTokenMs'),
  {
    key: 'metrics.row.rateNow',
    by: { figure: 'rateNow', shown: rateText },
    cell: ({ rateNow }) => rateText(rateNow),
    optional: ({ rateNow }) => rateNow !== null,
  },
  { key: 'metrics.row.rate', by: { figure: 'rate', shown: rateText }, cell: ({ rate }) => rateText(rate) },
  {
    key: 'metrics.row.pace',
    only: 'whole',
    cell: ({ pace }, width) => (pace.length > 1 ? sparkline(pace, Math.min(width, pace.length)) : MISSING),
  },
  { ...timeRow('gapP50Ms'), only: 'whole' },
  { ...timeRow('gapP95Ms'), only: 'whole' },
  {
    key: 'metrics.row.gaps',
    only: 'dense',
    by: { figure: 'gapP50Ms', shown: formatMillis },
    cell: ({ gapP50Ms, gapP95Ms }) => gapsText(gapP50Ms, gapP95Ms),
  },
  {
    key: 'metrics.row.promptTokens',
    only: 'whole',
    cell: ({ promptTokens, promptEstimated }) => counted(promptTokens, promptEstimated, formatCount),
  },
  {
    key: 'metrics.row.answerTokens',
    only: 'whole',
    cell: ({ answerTokens, answerEstimated }) => counted(answerTokens, answerEstimated, formatCount),
  },
  {
    key: 'metrics.row.tokens',
    only: 'dense',
    cell: (figures) => {
      const { prompt, answer } = tokens(figures, formatShort);
      return `${prompt}+${answer}`;
    },
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
    by: { figure: 'retries', shown: String },
    cell: ({ retries }) => (retries === null ? MISSING : String(retries)),
    optional: ({ retries }) => retries !== null && retries > 0,
  },
];

/** `31/45 ms`: the unit once where both have the same. */
function gapsText(p50: number | null, p95: number | null): string {
  const [first, second] = [millis(p50), millis(p95)];
  const [number = '', unit = ''] = first.split(' ');
  return unit !== '' && second.endsWith(` ${unit}`) ? `${number}/${second}` : `${first}/${second}`;
}

/** Cells in which so many columns stand beside each other, read easily. Pure. */
export const tableWidthFor = (columns: number): number => 1 + LABEL_CELLS + columns * (NARROWEST_CELL + 3);

/**
 * Figures below each other, columns beside each other; with `marks` the best of a row is marked (once all have ended).
 * Columns that do not fit beside each other follow below. `dense` has fewer rows. Pure.
 */
export function metricTable(
  columns: readonly MetricColumn[],
  width: number,
  { marks, dense = false }: { readonly marks: boolean; readonly dense?: boolean },
): readonly Line[] {
  const fitting = Math.max(1, Math.floor((width - 1 - LABEL_CELLS) / (NARROWEST_CELL + 1)));
  const blocks = Math.max(1, Math.ceil(columns.length / fitting));
  // Even blocks: four columns where three fit are two and two.
  const each = Math.ceil(columns.length / blocks);
  const cell = Math.min(WIDEST_CELL, Math.floor((width - 1 - LABEL_CELLS) / Math.max(1, each)) - 1);
  const figures = columns.map((column) => column.figures);
  const rows = ROWS.filter(
    ({ only, optional }) =>
      only !== (dense ? 'whole' : 'dense') && (!optional || figures.some((one) => one !== null && optional(one))),
  ).map((row) => ({
    ...row,
    best: marks && row.by ? bestOf(figures, row.by.figure, row.by.shown) : new Set<number>(),
  }));
  return Array.from({ length: blocks }, (_, block) => {
    const from = block * each;
    const shown = columns.slice(from, from + each);
    const head: Span[] = [
      { text: ' '.repeat(1 + LABEL_CELLS) },
      ...shown.map(({ name }, i): Span => ({ text: ` ${pad(`${from + i + 1} ${name}`, cell, 'right')}`, bold: true })),
    ];
    return [head, ...rows.map((row) => tableLine(row, shown, from, cell))];
  }).flat();
}

function tableLine(
  { key, cell: text, best }: TableRow & { readonly best: ReadonlySet<number> },
  columns: readonly MetricColumn[],
  from: number,
  cell: number,
): Line {
  return [
    { text: ` ${pad(t(key), LABEL_CELLS)}`, style: 'muted' },
    ...columns.map(({ figures }, i): Span => {
      const isBest = best.has(from + i);
      const value = figures ? text(figures, cell - 1) : MISSING;
      const plain = value === MISSING ? 'muted' : key === 'metrics.row.pace' ? 'accent' : 'text';
      return {
        text: ` ${pad(`${isBest ? BEST : ''}${value}`, cell, 'right')}`,
        style: isBest ? 'good' : plain,
        bold: isBest,
      };
    }),
  ];
}

/** What the signs of the table mean. */
export const legendLine = (): Line => [{ text: ` ${t('metrics.legend', { best: BEST })}`, style: 'muted' }];
