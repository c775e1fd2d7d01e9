import { knownMetric } from './metrics/registry.ts';
import { formatScore, POINTS, signedScore } from './units.ts';

export const unitOf = (metric: string): string => knownMetric(metric)?.unit ?? POINTS;
/** Whether scores of a metric are shares, which are shown as points of 100. */
export const isShare = (metric: string): boolean => unitOf(metric) === POINTS;

/** A score of a metric by its name. */
export const scoreText = (metric: string, value: number | null | undefined): string =>
  formatScore(value, unitOf(metric));
export const signedScoreText = (metric: string, value: number): string => signedScore(value, unitOf(metric));

/** The name of a metric with what it is counted in, where neither points of 100 nor the name say it: `first-token (ms)`. */
export function metricTitle(metric: string): string {
  const unit = unitOf(metric);
  return unit === POINTS || metric.includes(unit.replace('/s', '-per-second')) ? metric : `${metric} (${unit})`;
}

/** A bound as a person types it, as a score: points become shares, the rest stays. */
export const typedScore = (metric: string, value: number): number => (isShare(metric) ? value / 100 : value);
