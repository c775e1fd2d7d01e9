import { readFileSync, writeFileSync } from 'node:fs';
import { jobFiles } from '../jobs/folder.ts';
import { toRagtuiError } from '../platform/errors.ts';

const NOW = 'now';

/** Asks a server to end at once, without waiting for what it is answering. Its job is stopped as usual afterwards. */
export function askToStopNow(folder: string): void {
  try {
    writeFileSync(jobFiles(folder).stop, NOW, { mode: 0o600 });
  } catch (error) {
    throw toRagtuiError(error);
  }
}

/** Whether it was asked so. */
export function isStopNow(folder: string): boolean {
  try {
    return readFileSync(jobFiles(folder).stop, 'utf8') === NOW;
  } catch {
    return false;
  }
}
