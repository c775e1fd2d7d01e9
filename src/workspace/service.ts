import { existsSync } from 'node:fs';
import { connectKb } from '../kb/client.ts';
import { PROTOCOL_VERSION } from '../kb/protocol.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { isAlive, processIdentity, waitUntil } from '../platform/processes.ts';

const LEAVE_MS = 10_000;

/** Ends the kb service of a workspace, if one runs; its clients start another when they need it. */
export async function stopKbService(paths: WorkspacePaths): Promise<void> {
  if (!existsSync(paths.socket)) return;
  let pid: number;
  try {
    const kb = await connectKb(paths);
    pid = (await kb.call('hello', { version: PROTOCOL_VERSION })).pid;
    await kb.close();
  } catch {
    // It does not run, and what is there keeps one from starting.
    return;
  }
  const service = processIdentity(pid);
  if (!service) return;
  process.kill(pid, 'SIGTERM');
  await waitUntil(() => !isAlive(service), LEAVE_MS);
}
