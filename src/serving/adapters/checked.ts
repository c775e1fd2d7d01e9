import { readJob } from '../../jobs/registry.ts';
import { isOver, type JobId } from '../../jobs/types.ts';
import { RagtuiError } from '../../platform/errors.ts';
import type { WorkspacePaths } from '../../platform/paths.ts';
import { waitUntil } from '../../platform/processes.ts';
import type { ChangeOptions } from './change.ts';
import { readAdapters } from './state.ts';
import type { AdapterVersion } from './types.ts';

/** Two short answers of a large model on a busy machine. */
const LIMIT_MS = 300_000;

/**
 * Waits until the server's worker has checked a version, and returns it. Errors: `unavailable` when the server ends
 * before, `not-found` when the version is unloaded meanwhile, `timeout`, `cancelled`.
 */
export async function checkedVersion(
  paths: WorkspacePaths,
  job: JobId,
  served: string,
  { signal, onStatus }: ChangeOptions = {},
): Promise<AdapterVersion> {
  onStatus?.(`checking ${served}`);
  const { folder } = readJob(paths, job);
  const find = () =>
    readAdapters(folder)
      ?.adapters.flatMap(({ versions }) => versions)
      .find((one) => one.served === served);
  let found = find();
  const done = await waitUntil(
    () => {
      found = find();
      return (
        found === undefined || found.effect !== null || signal?.aborted === true || isOver(readJob(paths, job).state)
      );
    },
    LIMIT_MS,
    100,
  );
  if (signal?.aborted) throw new RagtuiError('cancelled', `Stopped waiting for the checks of ${served}.`);
  if (!found) throw new RagtuiError('not-found', `${served} was unloaded before it was checked.`);
  if (found.effect) return found;
  if (done)
    throw new RagtuiError('unavailable', 'The server ended before it was checked.', `See \`ragtui jobs logs ${job}\`.`);
  throw new RagtuiError(
    'timeout',
    `${served} was not checked within ${LIMIT_MS / 1000} s.`,
    `See \`ragtui jobs logs ${job}\`.`,
  );
}
