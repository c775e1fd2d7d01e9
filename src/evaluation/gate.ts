import { RagtuiError } from '../platform/errors.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { compareColumns } from './diff.ts';
import { findMetric } from './metrics/registry.ts';
import type { MetricDifference } from './report.ts';
import { intervalCell } from './report-text.ts';
import { reportOfRun } from './run-report.ts';
import { metricTitle, scoreText, typedScore } from './score-text.ts';
import type { Summary } from './statistics/compare.ts';

/** What a gate says; only `no` stops a pipeline. `cannot tell`: the interval holds the bound. */
export type GateAnswer = 'yes' | 'no' | 'cannot tell';

export interface GateResult {
  readonly metric: string;
  readonly answer: GateAnswer;
  readonly sentence: string;
}

/**
 * Whether a mean is on the right side of a bound: "no" only if its whole 95 % interval lies on the wrong side, "yes" only
 * if all of it lies on the right one. Pure.
 */
export function boundGate(
  metric: string,
  column: string,
  { mean, low, high, n }: Summary,
  bound: number,
  side: 'at least' | 'at most',
): GateResult {
  const [wrong, right] = side === 'at least' ? [high < bound, low >= bound] : [low > bound, high <= bound];
  const answer: GateAnswer = wrong ? 'no' : right ? 'yes' : 'cannot tell';
  const words = { yes: 'is surely', no: 'is surely not', 'cannot tell': 'may or may not be' };
  return {
    metric,
    answer,
    sentence: `${column} ${words[answer]} ${side} ${scoreText(metric, bound)} in ${metricTitle(metric)}: ${intervalCell(metric, mean, { low, high })} on ${n} items.`,
  };
}

/**
 * Whether a column is as good as another one: "no" only if it is surely worse by more than `tolerance` (a score), "yes"
 * if it is surely not. Pure.
 */
export function differenceGate(metric: string, difference: MetricDifference, tolerance: number): GateResult {
  const { low, high, sentence } = difference;
  const lower = findMetric(metric).direction === 'lower';
  const [worst, best] = lower ? [-high, -low] : [low, high];
  const answer: GateAnswer = best < -tolerance ? 'no' : worst >= -tolerance ? 'yes' : 'cannot tell';
  // The gate's own question: a column that cannot be told from another one may still be surely not worse.
  const words = { yes: 'surely not worse', no: 'surely worse', 'cannot tell': 'may be worse' };
  const by = tolerance > 0 ? ` by more than ${scoreText(metric, tolerance)}` : '';
  return { metric, answer, sentence: `${words[answer]}${by}. ${sentence}` };
}

export interface GateWish {
  /** Absent: the run's primary one. */
  readonly metric?: string | undefined;
  /** Absent: every column that was asked. */
  readonly column?: string | undefined;
  /** Bounds as a person says them: points of 100, or the unit of the metric. */
  readonly min?: number | undefined;
  readonly max?: number | undefined;
  /** A column of the run, a run (its first column), or RUN/COLUMN. */
  readonly baseline?: string | undefined;
  /** In the same. */
  readonly tolerance: number;
}

/** What a gate says of all its columns: "no" where one surely misses. */
export interface GateAnswers {
  readonly says: 'yes' | 'no';
  readonly gates: readonly GateResult[];
}

/**
 * Puts the columns of a run before a gate. Errors: `usage` without a bound or a baseline, `not-found`, `invalid` for a
 * metric that the run does not have, or a run that is not finished.
 */
export async function gateRun(paths: WorkspacePaths, id: string, wish: GateWish): Promise<GateAnswers> {
  const { report } = await reportOfRun(paths, id);
  if (report.run.interim) {
    throw new RagtuiError(
      'invalid',
      `${report.run.id} is ${report.run.state}: its figures may still change.`,
      `Go on: ragtui eval resume ${report.run.id}`,
    );
  }
  const { baseline, min, max } = wish;
  if (min === undefined && max === undefined && baseline === undefined) {
    throw new RagtuiError('usage', 'A gate needs a bound or a baseline.', 'Give --min, --max or --baseline.');
  }
  const metric = wish.metric ?? report.primary;
  const columns = report.columns.filter(({ name, baseline: ours }) =>
    wish.column === undefined ? !ours && name !== baseline : name === wish.column,
  );
  if (columns.length === 0) {
    const known = report.columns.map(({ name }) => name).join(', ');
    throw new RagtuiError('not-found', `${report.run.id} has no column "${wish.column ?? ''}".`, `It has: ${known}.`);
  }
  const gates = columns.flatMap((column) => {
    const found = column.metrics[metric];
    if (!found) {
      const has = Object.keys(column.metrics).join(', ');
      throw new RagtuiError('invalid', `The column ${column.name} has no ${metric}.`, `It has: ${has}.`);
    }
    return [
      ...(min === undefined ? [] : [boundGate(metric, column.name, found, typedScore(metric, min), 'at least')]),
      ...(max === undefined ? [] : [boundGate(metric, column.name, found, typedScore(metric, max), 'at most')]),
      ...(baseline === undefined
        ? []
        : [againstBaseline(paths, report.run.id, column.name, baseline, metric, typedScore(metric, wish.tolerance))]),
    ];
  });
  return { says: gates.some(({ answer }) => answer === 'no') ? 'no' : 'yes', gates };
}

function againstBaseline(
  paths: WorkspacePaths,
  run: string,
  column: string,
  baseline: string,
  metric: string,
  tolerance: number,
): GateResult {
  const { metrics, interim } = compareColumns(paths, [baseline, column], run);
  if (interim) {
    throw new RagtuiError(
      'invalid',
      `The run of ${baseline} is not finished: its figures may still change.`,
      'Go on with it first: ragtui eval resume RUN',
    );
  }
  const difference = metrics[metric];
  if (difference) return differenceGate(metric, difference, tolerance);
  throw new RagtuiError('invalid', `${baseline} and ${column} have no common ${metric}.`);
}
