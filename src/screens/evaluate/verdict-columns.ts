import { findMetric } from '../../evaluation/metrics/registry.ts';
import type { MetricDifference, RunReport } from '../../evaluation/report.ts';
import { differenceCell, formatP } from '../../evaluation/report-text.ts';
import { isShare, metricTitle, scoreText } from '../../evaluation/score-text.ts';
import type { Stratum } from '../../evaluation/strata.ts';
import { SELECTED } from '../../evaluation/strata-text.ts';
import { POINTS, signedScore } from '../../evaluation/units.ts';
import type { Range } from '../../ui/charts.ts';
import { forestAxis, forestRow } from '../../ui/forest.ts';
import { metricText, noteText, stratumText, t } from '../../ui/i18n/index.ts';
import type { Column } from '../../ui/Table.tsx';
import type { Line } from '../../ui/text.ts';
import type { BlameRow } from './model.ts';
import { points } from './texts.ts';

export const SIGNS = { better: '▲', worse: '▼', 'cannot tell': '?' } as const;
export const STYLES = { better: 'good', worse: 'bad', 'cannot tell': 'muted' } as const;

/** Of one comparison of two columns: what stands beside each metric. */
export interface Verdicts {
  readonly metrics: Readonly<Record<string, MetricDifference>>;
  readonly primary: string;
  readonly axis: Range;
  /** Of the compared column's mean; absent where the columns are of two runs. */
  readonly designEffect: (metric: string) => number | undefined;
}

/** A metric a row: the difference with its interval drawn and in figures, the tests, what could be found. */
export function verdictColumns({ metrics, primary, axis, designEffect }: Verdicts): readonly Column<string>[] {
  const of = (cell: (found: MetricDifference, metric: string) => Line) => (metric: string) => {
    const found = metrics[metric];
    return found ? cell(found, metric) : [{ text: '–', style: 'muted' as const }];
  };
  const right = 'right' as const;
  return [
    {
      title: t('evaluate.column.metric'),
      min: 11,
      max: 26,
      weight: 1,
      cell: (metric) => [{ text: `${metricTitle(metric)}${metric === primary ? ' *' : ''}`, bold: metric === primary }],
    },
    {
      title: `${signedScore(axis.low, POINTS)} … ${signedScore(axis.high, POINTS)}`,
      min: 15,
      max: 45,
      weight: 2,
      cell: (metric, { width }) => {
        const found = metrics[metric];
        if (!found) return '';
        // What is counted otherwise has a scale of its own.
        const scale = isShare(metric) ? axis : forestAxis([found]);
        return [{ text: forestRow(found, scale, width), style: STYLES[found.verdict] }];
      },
    },
    {
      title: t('evaluate.column.difference'),
      min: 22,
      align: right,
      cell: of((found, metric) => [
        { text: `${SIGNS[found.verdict]} ${differenceCell(metric, found)}`, style: STYLES[found.verdict] },
      ]),
    },
    { title: 'p', min: 7, align: right, cell: of(({ p }) => formatP(p)) },
    {
      title: 'Holm',
      min: 7,
      align: right,
      optional: 1,
      cell: of(({ pHolm }) => (pHolm === null ? [{ text: '–', style: 'muted' }] : formatP(pHolm))),
    },
    {
      title: 'McNemar',
      min: 13,
      align: right,
      optional: 3,
      cell: of(({ mcnemar }) =>
        mcnemar ? `+${mcnemar.gained} −${mcnemar.lost} ${formatP(mcnemar.p)}` : [{ text: '–', style: 'muted' }],
      ),
    },
    {
      title: t('evaluate.column.design'),
      min: 6,
      align: right,
      optional: 4,
      cell: (metric) => designEffect(metric)?.toFixed(2) ?? [{ text: '–', style: 'muted' }],
    },
    {
      title: t('evaluate.column.detectable'),
      min: 7,
      align: right,
      optional: 2,
      cell: of(({ detectable }, metric) =>
        detectable > 0 ? `±${scoreText(metric, detectable)}` : [{ text: '–', style: 'muted' }],
      ),
    },
  ];
}

/** What to know before a figure is quoted: the notes of the run about this metric, and what the metric cannot see. */
export function metricNotes(report: RunReport, metric: string): string[] {
  return [
    t('evaluate.blindTo', { metric, text: metricText(findMetric(metric)) }),
    ...report.notes.filter((note) => note.metric === metric).map(noteText),
    ...report.notes.filter((note) => note.metric === null).map(noteText),
  ];
}

/** A part of the questions a row. */
export function strataColumns(asked: readonly string[], metric: string): readonly Column<Stratum>[] {
  const [base, ...others] = asked;
  return [
    { title: t('evaluate.column.partition'), min: 10, weight: 1, cell: ({ partition }) => stratumText(partition) },
    {
      title: t('evaluate.column.stratum'),
      min: 12,
      weight: 1,
      cell: ({ stratum, by }) => `${stratumText(stratum)}${by === null ? '' : ` (${by})`}`,
    },
    { title: t('evaluate.column.count'), min: 5, align: 'right', cell: ({ items }) => String(items) },
    {
      title: base ?? '',
      min: 7,
      align: 'right',
      cell: ({ columns, told }) =>
        told ? scoreText(metric, columns[base ?? '']?.mean) : [{ text: t('evaluate.tooFew'), style: 'muted' }],
    },
    ...others.flatMap((name, i): Column<Stratum>[] => [
      {
        title: name,
        min: 7,
        align: 'right',
        optional: i,
        cell: ({ columns }) => scoreText(metric, columns[name]?.mean),
      },
      {
        title: `${name} − ${base ?? ''}`,
        min: 22,
        align: 'right',
        optional: i,
        cell: ({ differences, selected }) => {
          const found = differences[name];
          if (!found) return [{ text: '–', style: 'muted' }];
          if (selected.includes(name))
            return [{ text: `${SELECTED} ${differenceCell(metric, found)}`, style: 'muted' }];
          return [{ text: `${SIGNS[found.verdict]} ${differenceCell(metric, found)}`, style: STYLES[found.verdict] }];
        },
      },
    ]),
  ];
}

/** Where answers of a column went wrong, a label a row. */
export const blameColumns = (): readonly Column<BlameRow>[] => [
  { title: t('evaluate.column.name'), min: 10, max: 24, cell: ({ column }) => column },
  {
    title: t('evaluate.column.where'),
    min: 20,
    weight: 1,
    cell: ({ label }) => t(`evaluate.blame.${label}`),
  },
  { title: t('evaluate.column.wrong'), min: 7, align: 'right', cell: ({ count, wrong }) => `${count}/${wrong}` },
  {
    title: t('evaluate.column.gain'),
    min: 9,
    align: 'right',
    cell: ({ gain }) => [{ text: `≤ +${points(gain)}`, style: 'accent' }],
  },
];
