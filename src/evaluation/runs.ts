import { jobFolder } from '../jobs/folder.ts';
import { listJobs, readJob } from '../jobs/registry.ts';
import type { JobView, JobWork } from '../jobs/types.ts';
import { RagtuiError } from '../platform/errors.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { type Capsule, readCapsule } from './capsule.ts';
import { readItems } from './item-log.ts';
import { readLayers } from './judge/layer.ts';
import { type JudgedCount, withJudgements } from './judge/merge.ts';
import type { JudgeCapsule } from './judge/types.ts';
import { knowMetrics } from './metrics/registry.ts';
import { describedMetric } from './own-metrics/types.ts';
import type { Evaluation, ItemResult } from './types.ts';

/** A run as its folder tells it: what was to be measured, how far it is, what is finished. */
export interface EvaluationRun {
  readonly view: JobView;
  /** With the metrics of its judges, which its job (`view.spec.work`) does not have among its metrics. */
  readonly evaluation: Evaluation;
  /** With the scores of its judges. */
  readonly items: readonly ItemResult[];
  /** Who judged it, during the run or afterwards, and how often what came was no judgement. */
  readonly judges: readonly JudgeCapsule[];
  readonly judged: readonly JudgedCount[];
  /** What the figures rest on; undefined before the first question. */
  readonly capsule: Capsule | undefined;
}

/** All runs, newest first, without their items. */
export function listRuns(paths: WorkspacePaths): { view: JobView; evaluation: Evaluation }[] {
  return listJobs(paths).flatMap((view) =>
    view.spec.work.kind === 'evaluate' ? [{ view, evaluation: view.spec.work }] : [],
  );
}

/** One run with its items, by job id or `latest`. Errors: `not-found`, `usage` for a job of another kind. */
export function readRun(paths: WorkspacePaths, id: string): EvaluationRun {
  const view = id === 'latest' ? listRuns(paths)[0]?.view : readJob(paths, id);
  if (!view) {
    throw new RagtuiError('not-found', 'There is no evaluation yet.', 'Start one: ragtui eval run --help');
  }
  const work = workOf(view);
  knowMetrics((work.own ?? []).map(describedMetric));
  const folder = jobFolder(paths, view.spec.id);
  const layers = readLayers(folder);
  const { items, metrics, counts } = withJudgements(work, readItems(folder), layers);
  return {
    view,
    evaluation: { ...work, metrics: [...work.metrics, ...metrics] },
    items,
    judges: layers.map(({ capsule }) => capsule),
    judged: counts,
    capsule: readCapsule(folder),
  };
}

/** What a run was started with: without the metrics that judges add. Errors: `usage` for a job of another kind. */
export function workOf({ spec: { id, work } }: JobView): Extract<JobWork, { kind: 'evaluate' }> {
  if (work.kind === 'evaluate') return work;
  throw new RagtuiError('usage', `${id} is no evaluation but a job that does "${work.kind}".`, 'See: ragtui eval list');
}
