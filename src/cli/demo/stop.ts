import { isOver } from '../../jobs/types.ts';
import type { WorkspacePaths } from '../../platform/paths.ts';

/** Stops the jobs and the kb service of a workspace that is thrown away. */
export async function stopEverything(paths: WorkspacePaths): Promise<void> {
  const { listJobs } = await import('../../jobs/registry.ts');
  const { stopJob } = await import('../../jobs/control.ts');
  for (const job of listJobs(paths)) if (!isOver(job.state)) await stopJob(paths, job.spec.id);
  const { stopKbService } = await import('../../workspace/service.ts');
  await stopKbService(paths);
}
