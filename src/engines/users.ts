import { listJobs } from '../jobs/registry.ts';
import { isOver, type JobView, type JobWork } from '../jobs/types.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import type { EngineName } from './types.ts';

/** The engine that a job runs in, if any. Pure. */
export function engineOf(work: JobWork): EngineName | undefined {
  if ('launcher' in work && work.launcher !== undefined) return undefined;
  switch (work.kind) {
    case 'engine-install':
      return work.engine;
    case 'train-llm':
      return 'llamafactory';
    case 'train-embedder':
      return 'flagembedding';
    case 'serve':
      return work.engine === 'vllm' ? 'vllm' : undefined;
    default:
      return undefined;
  }
}

/** Jobs that are under way in an engine's environment now. */
export const jobsInEngine = (paths: WorkspacePaths, name: EngineName): JobView[] =>
  listJobs(paths).filter(({ state, spec }) => !isOver(state) && engineOf(spec.work) === name);
