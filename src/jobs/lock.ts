import { randomBytes } from 'node:crypto';
import { linkSync, rmSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { errnoOf, RagtuiError, toRagtuiError } from '../platform/errors.ts';
import { processIdentity, waitUntil } from '../platform/processes.ts';
import { identityFileSchema, readJsonFile } from './folder.ts';
import { systemProcesses } from './identity.ts';

const lockSchema = identityFileSchema.extend({ nonce: z.string() });
type LockContent = z.infer<typeof lockSchema>;

/**
 * Runs `work` while holding a lock file that other processes respect. A lock whose process died is broken: exactly one
 * process may break it, and only after it has seen that it is still the same dead one's.
 * Errors: `busy` when another holds it for longer than `timeoutMs`; `cancelled`.
 */
export async function withLock<T>(
  file: string,
  work: () => Promise<T>,
  options: { readonly timeoutMs?: number; readonly signal?: AbortSignal } = {},
): Promise<T> {
  const mine: LockContent = {
    ...(processIdentity(process.pid) ?? { pid: process.pid, startTime: '' }),
    boot: systemProcesses.boot,
    nonce: randomBytes(8).toString('hex'),
  };
  const taken = await waitUntil(
    () => options.signal?.aborted === true || take(file, mine),
    options.timeoutMs ?? 30_000,
  );
  if (options.signal?.aborted) {
    if (readJsonFile(file, lockSchema)?.nonce === mine.nonce) rmSync(file, { force: true });
    throw new RagtuiError('cancelled', 'Cancelled while waiting for another ragtui.');
  }
  if (!taken) {
    const holder = readJsonFile(file, lockSchema);
    throw new RagtuiError('busy', `Process ${holder?.pid ?? '?'} holds ${file}.`, 'Wait for it, or end that process.');
  }
  try {
    return await work();
  } finally {
    rmSync(file, { force: true });
  }
}

function take(file: string, mine: LockContent): boolean {
  if (createWhole(file, mine)) return true;
  const holder = readJsonFile(file, lockSchema);
  if (!holder || isHolding(holder)) return false;
  const claim = `${file}.broken-${holder.nonce}`;
  if (!createWhole(claim, mine)) return false;
  // Only whoever has the claim removes this holder's lock, so what is read now stays true until it is removed.
  if (readJsonFile(file, lockSchema)?.nonce === holder.nonce) rmSync(file, { force: true });
  rmSync(claim, { force: true });
  return createWhole(file, mine);
}

const isHolding = (holder: LockContent): boolean =>
  holder.boot === systemProcesses.boot && processIdentity(holder.pid)?.startTime === holder.startTime;

/** Creates a file with its content in one step; false when it exists. */
function createWhole(file: string, content: LockContent): boolean {
  const temporary = `${file}.${content.nonce}.tmp`;
  try {
    writeFileSync(temporary, JSON.stringify(content), { mode: 0o600 });
    linkSync(temporary, file);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    throw toRagtuiError(error);
  } finally {
    rmSync(temporary, { force: true });
  }
}
