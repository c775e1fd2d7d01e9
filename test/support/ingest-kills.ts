import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { waitForJob } from '../../src/jobs/control.ts';
import { isAlive, processIdentity, waitUntil } from '../../src/platform/processes.ts';
import type { TestWorkspace } from './workspace.ts';

/** Writes a folder of small documents: `documents` files of `lines` different lines each, some lines shared. */
export function writeCorpus(folder: string, documents: number, lines: number): void {
  mkdirSync(folder, { recursive: true });
  for (let d = 0; d < documents; d++) {
    const body = Array.from({ length: lines }, (_, i) =>
      i % 5 === 0 ? `Every station keeps rule ${i}.` : `Station ${d} measured ${d * 31 + i * 7} units on day ${i}.`,
    );
    writeFileSync(path.join(folder, `station-${d}.txt`), body.join('\n'));
  }
}

export type Victim = 'worker' | 'service' | 'supervisor';

/**
 * Runs an ingest of `roots`, kills `victim` after `afterMs`, and waits until nothing of the job is left running.
 * Returns false if the job was over before the kill.
 */
export async function ingestAndKill(
  workspace: TestWorkspace,
  kb: string,
  roots: string[],
  victim: Victim,
  afterMs: number,
): Promise<boolean> {
  const servicePid = await workspace.servicePid();
  const job = await workspace.launchIngest(kb, roots);
  await delay(afterMs); // a random moment is the subject of the test, not a wait for something
  const pid =
    victim === 'service' ? servicePid : pidIn(path.join(job.folder, victim === 'worker' ? 'worker.json' : 'pid.json'));
  const identity = pid === undefined ? undefined : processIdentity(pid);
  if (identity) process.kill(identity.pid, 'SIGKILL');
  if (victim === 'supervisor') {
    // The worker goes on without its supervisor; the knowledge base must be right when it is done.
    const worker = pidIn(path.join(job.folder, 'worker.json'));
    const left = worker === undefined ? undefined : processIdentity(worker);
    if (left) await waitUntil(() => !isAlive(left), 120_000);
  } else {
    await waitForJob(workspace.paths, job.spec.id);
  }
  return identity !== undefined;
}

function pidIn(file: string): number | undefined {
  try {
    const { pid } = JSON.parse(readFileSync(file, 'utf8'));
    return typeof pid === 'number' ? pid : undefined;
  } catch {
    return undefined;
  }
}
