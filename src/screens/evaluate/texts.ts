import type { ColumnReport, MetricDifference, RunReport } from '../../evaluation/report.ts';
import { differenceCell, formatP } from '../../evaluation/report-text.ts';
import { scoreText, unitOf } from '../../evaluation/score-text.ts';
import { CEILING, type Evaluation } from '../../evaluation/types.ts';
import { POINTS } from '../../evaluation/units.ts';
import type { Progress } from '../../jobs/types.ts';
import { t } from '../../ui/i18n/index.ts';

/** `0.397` → `39.7`: a share in points of 100. */
export const points = (value: number | null | undefined): string =>
  typeof value === 'number' && Number.isFinite(value) ? (100 * value).toFixed(1) : '–';

/** The unit of a metric in words. */
export const unitText = (metric: string): string => (unitOf(metric) === POINTS ? t('evaluate.points') : unitOf(metric));

/** The columns that were asked for, without the baselines. */
export const askedColumns = ({ columns }: RunReport): readonly ColumnReport[] =>
  columns.filter(({ baseline }) => !baseline);

/** How a column differs from the first one in a metric; undefined where it does not apply. */
export const differenceOf = (report: RunReport, column: string, metric: string): MetricDifference | undefined =>
  report.differences.find((one) => one.column === column)?.metrics[metric];

/** Which is better, as far as it can be told, in one sentence for each column that was asked for. Pure. */
export function verdictTexts(report: RunReport, metric: string): string[] {
  const [base, ...others] = askedColumns(report);
  if (!base) return [];
  return others.flatMap(({ name }) => {
    const found = differenceOf(report, name, metric);
    return found ? [verdictText(metric, base.name, name, found)] : [];
  });
}

/** Which of two columns is better in a metric, as far as it can be told. Pure. */
export function verdictText(metric: string, a: string, b: string, result: MetricDifference): string {
  const { verdict, n, contexts, p, moreItems } = result;
  const values = {
    a,
    b,
    metric,
    range: differenceCell(metric, result),
    unit: unitText(metric),
    p: formatP(p),
    items: n,
    contexts,
  };
  if (verdict === 'better') return t('evaluate.verdict.better', values);
  if (verdict === 'worse') return t('evaluate.verdict.worse', values);
  const more = moreItems === null ? t('evaluate.verdict.never') : t('evaluate.verdict.more', { items: moreItems });
  return `${t('evaluate.verdict.unknown', values)} ${more}`;
}

/** What costs nothing, beside the columns: `copy-sentence 60.0 · empty 0.0`. Pure. */
export function baselineText({ columns }: RunReport, metric: string): string {
  const shown = columns.filter(({ name, baseline, metrics }) => baseline && name !== CEILING && metrics[metric]);
  if (shown.length === 0) return '';
  const values = shown.map(({ name, metrics }) => `${name} ${scoreText(metric, metrics[metric]?.mean)}`).join(' · ');
  return `${t('evaluate.baselines')}: ${values}`;
}

/** What perfect retrieval would reach over the same chunks; '' where nothing was retrieved. Pure. */
export function ceilingText({ columns }: RunReport, metric: string): string {
  const found = columns.find(({ name }) => name === CEILING)?.metrics[metric];
  return found ? `${t('evaluate.ceiling')}: ${scoreText(metric, found.mean)}` : '';
}

/** What others published on this very data: `Published: DeepSeek-V3 5.3 (source)`; '' where nothing was. Pure. */
export function publishedText({ published }: RunReport, metric: string): string {
  const bySource = new Map<string, string[]>();
  for (const { system, source, metrics } of published) {
    const value = metrics[metric];
    if (value === undefined) continue;
    bySource.set(source, [...(bySource.get(source) ?? []), `${system} ${scoreText(metric, value)}`]);
  }
  const all = [...bySource].map(([source, values]) => `${values.join(' · ')} (${source})`).join(' · ');
  return all === '' ? '' : `${t('evaluate.published')}: ${all}`;
}

/**
 * The means so far of a run that goes on, with half of their 95 % intervals once they are known:
 * `token-f1: base 20.1 ± 3.0 · tuned 45.2 ± 4.1`; '' before the first. Pure.
 */
export function interimText({ details }: Progress, { columns, primary }: Evaluation): string {
  const means = columns.flatMap(({ name }) => {
    const mean = details[`${name} ${primary}`];
    if (mean === undefined) return [];
    const half = details[`${name} ${primary} ±`];
    return [`${name} ${scoreText(primary, mean)}${half === undefined ? '' : ` ± ${scoreText(primary, half)}`}`];
  });
  return means.length === 0 ? '' : `${primary}: ${means.join(' · ')}`;
}
