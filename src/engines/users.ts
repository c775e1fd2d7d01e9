import { engineOf as workingEngine } from '../jobs/devices/need.ts';
import { listJobs } from '../jobs/registry.ts';
import { isOver, type JobView, type JobWork, launcherName } from '../jobs/types.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import type { EngineName } from './types.ts';

/** The engine of this machine that a job runs in or makes, if any. Pure. */
export const engineOf = (work: JobWork): EngineName | undefined =>
  work.kind === 'engine-install' && launcherName(work) === 'local' ? work.engine : workingEngine(work);

/** Jobs that are under way in an engine's environment now. */
export const jobsInEngine = (paths: WorkspacePaths, name: EngineName): JobView[] =>
  listJobs(paths).filter(({ state, spec }) => !isOver(state) && engineOf(spec.work) === name);
