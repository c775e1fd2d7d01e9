import { existsSync } from 'node:fs';
import { isOver } from '../../jobs/types.ts';
import type { WorkspacePaths } from '../../platform/paths.ts';
import { isAlive, processIdentity, waitUntil } from '../../platform/processes.ts';

const LEAVE_MS = 10_000;

/** Stops the jobs and the kb service of a workspace that is thrown away. */
export async function stopEverything(paths: WorkspacePaths): Promise<void> {
  const { listJobs } = await import('../../jobs/registry.ts');
  const { stopJob } = await import('../../jobs/control.ts');
  for (const job of listJobs(paths)) if (!isOver(job.state)) await stopJob(paths, job.spec.id);
  if (!existsSync(paths.socket)) return;
  const { connectKb } = await import('../../kb/client.ts');
  const { PROTOCOL_VERSION } = await import('../../kb/protocol.ts');
  const kb = await connectKb(paths);
  const { pid } = await kb.call('hello', { version: PROTOCOL_VERSION });
  const service = processIdentity(pid);
  await kb.close();
  if (!service) return;
  process.kill(pid, 'SIGTERM');
  await waitUntil(() => !isAlive(service), LEAVE_MS);
}
