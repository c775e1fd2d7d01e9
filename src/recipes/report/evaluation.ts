import { compareColumns } from '../../evaluation/diff.ts';
import type { RunReport } from '../../evaluation/report.ts';
import {
  ceilingLines,
  columnLine,
  columnTitle,
  differenceCell,
  formatP,
  meanCell,
  shownMetrics,
  verdictCell,
  verdicts,
} from '../../evaluation/report-text.ts';
import { reportOfRun } from '../../evaluation/run-report.ts';
import { metricTitle, scoreText } from '../../evaluation/score-text.ts';
import type { BaselineName } from '../../evaluation/types.ts';
import type { WorkspacePaths } from '../../platform/paths.ts';
import { type Block, heading, list, table, text } from './blocks.ts';

/** One evaluation of a recipe with its figures. */
export interface EvaluationPart {
  readonly title: string;
  readonly variants: readonly number[];
  readonly primary: string;
  readonly means: readonly { readonly column: string; readonly mean: string }[];
  readonly verdicts: readonly string[];
  /** The last column against rows that need no model. */
  readonly againstBaselines: readonly string[];
  readonly report: RunReport;
}

/** Rows that need no model and may be as good; the others are floors and ceilings. */
const RIVALS: readonly BaselineName[] = ['bm25', 'copy-sentence'];

/** Reads what a run found. Errors: `not-found`. */
export async function evaluationPart(
  paths: WorkspacePaths,
  { title, variants, job }: { title: string; variants: readonly number[]; job: string },
): Promise<EvaluationPart> {
  const { report } = await reportOfRun(paths, job);
  const { primary } = report;
  const asked = report.columns.filter(({ baseline }) => !baseline);
  // The first column is what the others are set against: what these reach for nothing is said of the others.
  const compared = asked.length > 1 ? asked.slice(1) : asked;
  const rivals = report.columns.filter(
    ({ baseline, metrics, name }) => baseline && metrics[primary] && RIVALS.some((one) => one === name),
  );
  return {
    title,
    variants,
    primary,
    means: asked.map((column) => ({ column: column.name, mean: meanCell(column, primary) })),
    verdicts: verdicts(report),
    againstBaselines: compared.flatMap((column) =>
      rivals.flatMap(({ name }) => compareColumns(paths, [name, column.name], job).metrics[primary]?.sentence ?? []),
    ),
    report,
  };
}

/** Its tables: means with intervals, differences with their tests, what must be read with them. Pure. */
export function evaluationBlocks({ title, report, verdicts: sentences, againstBaselines }: EvaluationPart): Block[] {
  const { run, columns, differences, notes, published } = report;
  const { evaluation } = run;
  const metrics = shownMetrics(report);
  return [
    heading(2, `Evaluation ${title}`),
    ...list([...sentences, ...againstBaselines]),
    text(
      `${run.items} items of ${evaluation.dataset} ${evaluation.version}, part ${evaluation.split}, seed ${evaluation.seed}; run ${run.id}. Points of 100, or the unit beside the name, with 95 % intervals, clustered by context; the primary metric, ${report.primary}, was chosen before.`,
    ),
    ...table(
      ['column', ...metrics.map(metricTitle), 'items', 'errors', 'empty', 'cut'],
      columns.map((column) => [
        column.baseline ? `${columnTitle(column.name)} (no model)` : column.name,
        ...metrics.map((name) => meanCell(column, name)),
        String(column.items),
        String(column.errors + column.timeouts),
        String(column.empty),
        String(column.cutShort),
      ]),
    ),
    ...ceilingLines(report).map(text),
    ...differences.flatMap(({ column, against, metrics: found }) => [
      heading(3, `${columnTitle(column)} against ${against}`),
      ...table(
        ['metric', 'difference [95 %]', 'p', 'p (Holm)', 'verdict'],
        Object.entries(found).map(([name, one]) => [
          name,
          differenceCell(name, one),
          formatP(one.p),
          one.pHolm === null ? 'primary' : formatP(one.pHolm),
          verdictCell(column, one.verdict),
        ]),
      ),
    ]),
    ...(published.length === 0
      ? []
      : [
          heading(3, 'Published on this data'),
          ...table(
            ['system', 'metric', 'points', 'source'],
            published.flatMap(({ system, source, metrics: values }) =>
              Object.entries(values).map(([name, value]) => [system, name, scoreText(name, value), source]),
            ),
          ),
        ]),
    heading(3, 'Read this with the figures'),
    ...list([
      ...notes.map((note) => note.text),
      ...evaluation.columns.map((column) => `${column.name}: ${columnLine(column)}`),
    ]),
  ];
}
