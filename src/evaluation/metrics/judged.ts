import type { JudgeMetric } from '../judge/types.ts';
import type { Metric } from './types.ts';

/** A metric of a judge, `NAME@JUDGE`; its scores come from judgements that lie beside the items. Pure. */
export function judgedMetric(metric: JudgeMetric, judge: string, about: Pick<Metric, 'kind' | 'blindTo'>): Metric {
  const name = `${metric}@${judge}`;
  return { name, version: 1, range: [0, 1], direction: 'higher', binary: false, ...about, score: () => null };
}
