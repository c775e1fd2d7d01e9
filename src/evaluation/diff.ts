import { jobIdSchema } from '../jobs/types.ts';
import { RagtuiError } from '../platform/errors.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { differenceReport, type MetricDifference } from './report.ts';
import { type EvaluationRun, readRun } from './runs.ts';
import { type ColumnTable, columnsOf } from './table.ts';

/** `b` against `a`, as `eval diff --json` prints it. */
export interface ColumnComparison {
  readonly a: string;
  readonly b: string;
  readonly primary: string;
  /** One of the runs is not whole: there is no verdict yet. */
  readonly interim: boolean;
  readonly metrics: Readonly<Record<string, MetricDifference>>;
}

/**
 * Compares two columns on the questions that both have, wherever they were asked: each is a column of `run`, a run (its
 * first column), or `RUN/COLUMN`. Errors: `not-found`, `invalid` when they share no question or no metric.
 */
export function compareColumns(paths: WorkspacePaths, names: readonly [string, string], run: string): ColumnComparison {
  const [a, b] = names.map((name) => findColumn(paths, name, run));
  if (!a || !b) throw new RagtuiError('internal', 'Two columns are compared.');
  const { evaluation } = b.run;
  const interim = [a, b].some(({ run: { view } }) => view.state !== 'succeeded');
  const { metrics } = differenceReport(labelled(a), labelled(b), evaluation, interim);
  if (Object.keys(metrics).length === 0) {
    throw new RagtuiError(
      'invalid',
      `${a.label} and ${b.label} have no question with a common metric.`,
      'Compare columns that were asked the same dataset.',
    );
  }
  return { a: a.label, b: b.label, primary: evaluation.primary, interim, metrics };
}

interface Found {
  readonly run: EvaluationRun;
  readonly table: ColumnTable;
  readonly label: string;
}

const labelled = ({ table, label }: Found): ColumnTable => ({ ...table, name: label });

function findColumn(paths: WorkspacePaths, name: string, fallback: string): Found {
  const [first = '', ...rest] = name.split('/');
  const isRun = first === 'latest' || jobIdSchema.safeParse(first).success;
  const run = readRun(paths, isRun ? first : fallback);
  const tables = columnsOf(run);
  const column = isRun ? rest.join('/') : name;
  const table = column === '' ? tables[0] : tables.find((one) => one.name === column);
  if (!table) {
    const known = tables.map((one) => one.name).join(', ');
    throw new RagtuiError('not-found', `The run ${run.view.spec.id} has no column "${column}".`, `It has: ${known}.`);
  }
  return { run, table, label: isRun ? `${first}/${table.name}` : table.name };
}
