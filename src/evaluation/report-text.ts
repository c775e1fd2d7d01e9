import { formatLabel } from '../rag/output-format.ts';
import type { Column } from '../rag/types.ts';
import type { ColumnReport, RunReport } from './report.ts';
import { metricTitle, scoreText, signedScoreText } from './score-text.ts';
import type { Interval } from './statistics/closed-forms.ts';
import { CEILING, type Evaluation } from './types.ts';

/** `0.397` → `39.7`: a share in points of 100. Scores of a metric: `scoreText` of `score-text.ts`. */
export const points = (value: number): string => (Number.isFinite(value) ? (100 * value).toFixed(1) : '–');
export const formatP = (p: number): string => (p < 0.001 ? '< 0.001' : p.toFixed(3));

/** `39.7 [36.7, 42.8]`. */
export const meanCell = (column: ColumnReport, metric: string): string => {
  const found = column.metrics[metric];
  const missing = column.missing[metric];
  const told = missing === undefined ? [] : [`${missing} missing`];
  return [...(found ? [intervalCell(metric, found.mean, found)] : []), ...told].join(', ') || '–';
};
export const intervalCell = (metric: string, mean: number, { low, high }: Interval): string =>
  `${scoreText(metric, mean)} [${scoreText(metric, low)}, ${scoreText(metric, high)}]`;
export const differenceCell = (
  metric: string,
  { difference, low, high }: Interval & { readonly difference: number },
): string =>
  `${signedScoreText(metric, difference)} [${signedScoreText(metric, low)}, ${signedScoreText(metric, high)}]`;

/** A column's name, with what it is where it is no rival of the others. */
export const columnTitle = (name: string): string => (name === CEILING ? `${name} (ceiling)` : name);

/** The verdict on a column: none on a ceiling, which nothing that is asked can pass. */
export const verdictCell = (column: string, verdict: string): string => (column === CEILING ? '–' : verdict);

/** What perfect retrieval would reach over the same chunks, in one line; none where nothing was retrieved. */
export function ceilingLines(report: RunReport): string[] {
  const ceiling = report.columns.find(({ name }) => name === CEILING);
  if (!ceiling) return [];
  const values = shownMetrics(report).flatMap((metric) => {
    const found = ceiling.metrics[metric];
    return found ? [`${metricTitle(metric)} ${scoreText(metric, found.mean)}`] : [];
  });
  return values.length === 0 ? [] : [`Most that retrieval could give over these chunks: ${values.join(', ')}.`];
}

/** Metrics that any column has, the primary one first. */
export const shownMetrics = ({ columns, primary, run }: RunReport): string[] =>
  [primary, ...run.evaluation.metrics.filter((name) => name !== primary)].filter((name) =>
    columns.some(({ metrics, missing }) => metrics[name] ?? missing[name]),
  );

/** The verdict on each column that was asked for, against the first, in the primary metric. */
export function verdicts(report: RunReport): string[] {
  const asked = new Set(report.columns.filter(({ baseline }) => !baseline).map(({ name }) => name));
  return report.differences
    .filter(({ column }) => asked.has(column))
    .flatMap(({ metrics }) => metrics[report.primary]?.sentence ?? []);
}

/** The form that all columns were told to answer in, in one line; '' without one. */
export function formLine({ form }: Evaluation): string {
  if (!form) return '';
  const parts = [
    ...(form.schema ? [`JSON that fits ${formatLabel({ type: 'schema', ...form.schema })}`] : []),
    ...(form.marker === null ? [] : [`between the marks of ${form.marker}`]),
  ];
  return `All columns were told to answer in this form: ${parts.join(', ')}.`;
}

/** What a column was, in one line. */
export function columnLine(column: Column): string {
  const { llm, context, prompt, sampling, format, mode, topK, embedder, group, instruction, reranker } = column;
  const retrieval = [
    `${mode} top ${topK}`,
    embedder ?? 'active embedder',
    `instruction ${instruction ? 'on' : 'off'}`,
    ...(group === undefined ? [] : [`group ${group}`]),
    ...(reranker === undefined ? [] : [`reranker ${reranker}`]),
  ];
  const answering =
    llm === 'none'
      ? ['no LLM']
      : [
          `LLM ${llm}`,
          `prompt ${prompt}`,
          `temperature ${sampling.temperature}`,
          `seed ${sampling.seed}`,
          ...(format ? [`format ${formatLabel(format)}`] : []),
        ];
  return [...answering, `context ${context}`, ...(context === 'retrieved' ? retrieval : [])].join(', ');
}
