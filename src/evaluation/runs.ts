import { jobFolder } from '../jobs/folder.ts';
import { listJobs, readJob } from '../jobs/registry.ts';
import type { JobView } from '../jobs/types.ts';
import { RagtuiError } from '../platform/errors.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { type Capsule, readCapsule } from './capsule.ts';
import { readItems } from './item-log.ts';
import { knowMetrics } from './metrics/registry.ts';
import { describedMetric } from './own-metrics/types.ts';
import type { Evaluation, ItemResult } from './types.ts';

/** A run as its folder tells it: what was to be measured, how far it is, what is finished. */
export interface EvaluationRun {
  readonly view: JobView;
  readonly evaluation: Evaluation;
  readonly items: readonly ItemResult[];
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
  const { work } = view.spec;
  if (work.kind !== 'evaluate') {
    throw new RagtuiError(
      'usage',
      `${id} is no evaluation but a job that does "${work.kind}".`,
      'See: ragtui eval list',
    );
  }
  knowMetrics((work.own ?? []).map(describedMetric));
  const folder = jobFolder(paths, view.spec.id);
  return { view, evaluation: work, items: readItems(folder), capsule: readCapsule(folder) };
}
