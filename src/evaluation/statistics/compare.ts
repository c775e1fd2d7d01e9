import { formatScore, POINTS, signedScore } from '../units.ts';
import { bootstrapMean } from './bootstrap.ts';
import { type Interval, mcnemarExact, wilson } from './closed-forms.ts';
import { type Clusters, clusteredError, clustersOf, designEffect } from './clusters.ts';
import { normalQuantile } from './normal.ts';
import { signFlipTest } from './sign-flip.ts';

const ALPHA = 0.05;
const POWER = 0.8;
/** More than that is no advice. */
const MOST_ITEMS = 1_000_000;
/** Standard errors of a difference that is found with 80 % power at 5 %: about 2.8. */
const REACH = normalQuantile(1 - ALPHA / 2) + normalQuantile(POWER);

/** A column's mean of one metric with its 95 % interval. */
export interface Summary extends Interval {
  readonly mean: number;
  readonly sum: number;
  readonly n: number;
  /** Wilson on the effective sample size (n / design effect) for 0/1 scores, clustered BCa bootstrap otherwise. */
  readonly interval: 'wilson' | 'bootstrap';
  readonly designEffect: number;
}

export interface Scores {
  readonly values: readonly number[];
  /** Cluster (context) of each item. */
  readonly clusters: readonly string[];
}

/** Mean and interval of one column. */
export function summarise({ values, clusters }: Scores, options: { binary: boolean; seed: number }): Summary {
  const grouped = clustersOf(values, clusters);
  const effect = designEffect(values, grouped);
  const { mean, n } = grouped;
  const interval = options.binary
    ? wilson(mean, n / Math.max(1, effect))
    : bootstrapMean(grouped, { seed: options.seed });
  return {
    mean,
    sum: mean * n,
    n,
    ...interval,
    interval: options.binary ? 'wilson' : 'bootstrap',
    designEffect: effect,
  };
}

export type Verdict = 'better' | 'worse' | 'cannot tell';

/** A paired comparison of two columns on the same items. */
export interface Difference extends Interval {
  /** Mean of `b` minus mean of `a`. */
  readonly difference: number;
  readonly n: number;
  readonly contexts: number;
  /** Sign-flip permutation over contexts. */
  readonly p: number;
  /** Exact McNemar, for 0/1 scores only. It takes items as independent, so it is shown and not decided on. */
  readonly mcnemar: { readonly gained: number; readonly lost: number; readonly p: number } | null;
  readonly verdict: Verdict;
  /** When it cannot be told: so many more items would, were the difference as large as it looks; null = out of reach. */
  readonly moreItems: number | null;
  /** The smallest difference that so many items find with 80 % power. */
  readonly detectable: number;
}

export interface PairedScores {
  readonly a: readonly number[];
  readonly b: readonly number[];
  readonly clusters: readonly string[];
}

/**
 * Compares `b` with `a`, item by item, clustered by context. "Better" or "worse" only if both say so: the 95 % BCa
 * bootstrap interval of the difference leaves out 0, and the sign-flip permutation p is below 5 %.
 */
export function compare(
  pairs: PairedScores,
  options: { binary: boolean; direction: 'higher' | 'lower'; seed: number; resamples?: number },
): Difference {
  const { a, b, clusters } = pairs;
  const differences = b.map((value, item) => value - (a[item] ?? 0));
  const grouped = clustersOf(differences, clusters);
  const { seed, resamples } = options;
  const interval = bootstrapMean(grouped, { seed, ...(resamples === undefined ? {} : { resamples }) });
  const p = signFlipTest(grouped, { seed, ...(resamples === undefined ? {} : { flips: resamples }) });
  const sure = p < ALPHA && (interval.low > 0 || interval.high < 0);
  const up = options.direction === 'higher' ? grouped.mean > 0 : grouped.mean < 0;
  const error = clusteredError(grouped);
  return {
    difference: grouped.mean,
    ...interval,
    n: grouped.n,
    contexts: grouped.sums.length,
    p,
    mcnemar: options.binary ? mcnemarOf(differences) : null,
    verdict: sure ? (up ? 'better' : 'worse') : 'cannot tell',
    moreItems: sure ? null : moreItems(grouped, error),
    detectable: REACH * error,
  };
}

function mcnemarOf(differences: readonly number[]): Difference['mcnemar'] {
  const gained = differences.filter((value) => value > 0).length;
  const lost = differences.filter((value) => value < 0).length;
  return { gained, lost, p: mcnemarExact(gained, lost) };
}

function moreItems({ n, mean }: Clusters, error: number): number | null {
  if (mean === 0 || !Number.isFinite(error)) return null;
  const needed = Math.ceil(n * ((REACH * error) / mean) ** 2);
  // The interval may miss by chance what the estimate finds large enough: one more item at least.
  return needed > MOST_ITEMS ? null : Math.max(1, needed - n);
}

/** Whether a difference holds among the other secondary metrics; null: the primary one, which stands alone. */
export const isTold = (pHolm: number | null): boolean => pHolm === null || pHolm < ALPHA;

interface VerdictContext {
  readonly unit?: string | undefined;
  readonly interim?: boolean;
  readonly pHolm?: number | null;
}

/**
 * The verdict as a sentence about column `b`; differences in the metric's unit. A run that is not whole has none: whoever
 * looks again and again finds 5 % sooner or later (Armitage, McPherson, Rowe 1969).
 */
export function verdictSentence(
  metric: string,
  a: string,
  b: string,
  result: Difference,
  { unit = POINTS, interim = false, pHolm = null }: VerdictContext = {},
): string {
  const signed = (value: number) => (value === 0 ? `+${formatScore(0, unit)}` : signedScore(value, unit));
  const range = `${signed(result.difference)} ${unit} [${signed(result.low)}, ${signed(result.high)}], p ${formatP(result.p)}`;
  const on = `on ${result.n} items from ${result.contexts} contexts`;
  if (interim) return `Interim, no verdict yet: ${b} − ${a} in ${metric} ${range}, ${on}.`;
  if (result.verdict !== 'cannot tell' && !isTold(pHolm)) {
    return `Cannot tell ${b} from ${a} in ${metric}: ${range}, ${on}; among so many secondary metrics one looks so by chance, p ${formatP(pHolm ?? 1)} after Holm.`;
  }
  if (result.verdict !== 'cannot tell') return `${b} is ${result.verdict} than ${a} in ${metric}: ${range}, ${on}.`;
  const more =
    result.moreItems === null
      ? 'no sensible number of items would tell'
      : `about ${roundUp(result.moreItems)} more items would, were the difference as large as it looks`;
  return `Cannot tell ${b} from ${a} in ${metric}: ${range}, ${on}; ${more}.`;
}

/** `< 0.001` or `= 0.125`, to stand behind a "p". */
const formatP = (p: number): string => (p < 0.001 ? '< 0.001' : `= ${p.toFixed(3)}`);

/** Two leading digits are more than an estimate of this kind is worth. */
function roundUp(count: number): number {
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(count)) - 1);
  return Math.ceil(count / unit) * unit;
}
