import { listJobs } from '../jobs/registry.ts';
import { isOver, type JobView } from '../jobs/types.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { datasetSlug } from './layout.ts';

/** A job that reads or has read a dataset: a training, an evaluation, the making of other data. */
export interface DatasetUse {
  readonly job: string;
  readonly kind: string;
  readonly name: string;
  /** It is not over: without the dataset it fails. */
  readonly running: boolean;
  /** The version it names, if it names one. */
  readonly version: string | undefined;
}

/** The jobs of the workspace that name a dataset, newest first. */
export function datasetUses(paths: WorkspacePaths, name: string): DatasetUse[] {
  const slug = datasetSlug(name);
  return listJobs(paths).flatMap((view) => useOf(view, slug) ?? []);
}

function useOf({ spec, state }: JobView, slug: string): DatasetUse | undefined {
  const { work } = spec;
  if (!('dataset' in work) || typeof work.dataset !== 'string') return undefined;
  // A training names a version as `data@v-…`.
  const [named = ''] = work.dataset.split('@v-', 1);
  if (![work.dataset, named].some((one) => /[\p{L}\p{N}]/u.test(one) && datasetSlug(one) === slug)) return undefined;
  const version = 'version' in work && typeof work.version === 'string' ? work.version : undefined;
  return { job: spec.id, kind: work.kind, name: spec.name, running: !isOver(state), version };
}

/** `2 evaluate jobs and 1 train-llm job used it` in words, '' for none. */
export function usesText(uses: readonly DatasetUse[]): string {
  const counts = new Map<string, number>();
  for (const { kind } of uses) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return [...counts].map(([kind, count]) => `${count} ${kind} ${count === 1 ? 'job' : 'jobs'}`).join(' and ');
}
