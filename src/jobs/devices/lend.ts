import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { RagtuiError, toRagtuiError } from '../../platform/errors.ts';
import type { WorkspacePaths } from '../../platform/paths.ts';
import { jobFiles } from '../folder.ts';
import type { JobId } from '../types.ts';
import { liveClaims } from './claims.ts';
import { isAwake, underLock } from './queue.ts';

/** Lends the GPUs of a server that sleeps to whoever waits for them. Errors: `disk-full`, `permission`. */
export function lendDevices(folder: string): void {
  try {
    writeFileSync(jobFiles(folder).asleep, '', { mode: 0o600 });
  } catch (error) {
    throw toRagtuiError(error);
  }
}

/** Takes lent GPUs back before their server is woken. Errors: `busy` while another job has one of them. */
export async function takeBackDevices(paths: WorkspacePaths, job: JobId, folder: string): Promise<void> {
  await underLock(paths.devices, () => {
    const claims = liveClaims(path.join(paths.devices, 'claims'));
    const mine = claims.find((claim) => claim.job === job)?.held ?? [];
    const other = claims.find(
      (claim) => claim.job !== job && isAwake(claim) && claim.held.some((device) => mine.includes(device)),
    );
    if (other) {
      throw new RagtuiError(
        'busy',
        `Job ${other.job} (${other.name}) has its GPU now.`,
        'Wake it when that has ended, or stop that job first.',
      );
    }
    rmSync(jobFiles(folder).asleep, { force: true });
  });
}
