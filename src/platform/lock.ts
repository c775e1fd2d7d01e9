import { randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { errnoOf, RagtuiError, toRagtuiError } from './errors.ts';
import { isAlive, processIdentity } from './processes.ts';

const holderSchema = z.object({ pid: z.number().int(), startTime: z.string(), token: z.string() });
type Holder = z.infer<typeof holderSchema>;

export interface LockOptions {
  readonly signal?: AbortSignal;
  /** Called once, when somebody else has the lock, with their pid. */
  readonly onWait?: (pid: number) => void;
  readonly everyMs?: number;
}

/**
 * Waits until `file` is ours and returns the way to give it back. A lock whose process is gone (pid and start time)
 * is taken over, so a `kill -9` never leaves one behind. Throws `cancelled` on abort.
 */
export async function lockFile(file: string, options: LockOptions = {}): Promise<() => void> {
  const self = processIdentity(process.pid);
  const token = randomBytes(8).toString('hex');
  const mine: Holder = { pid: process.pid, startTime: self?.startTime ?? '', token };
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  let told = false;
  while (!claim(file, mine)) {
    const holder = readHolder(file);
    if (holder === 'gone' || breakDead(file, holder, mine)) continue;
    if (!told && holder !== 'unreadable') options.onWait?.(holder.pid);
    told = true;
    await delay(options.everyMs ?? 150, undefined, options.signal ? { signal: options.signal } : {}).catch(() => {});
    if (options.signal?.aborted) throw new RagtuiError('cancelled', 'Cancelled.');
  }
  return () => {
    if (tokenOf(readHolder(file)) === token) rmSync(file, { force: true });
  };
}

// A hard link appears with its content, so nobody ever reads a lock that is half written.
function claim(file: string, mine: Holder): boolean {
  const temporary = `${file}.${mine.token}`;
  try {
    writeFileSync(temporary, JSON.stringify(mine), { mode: 0o600 });
    linkSync(temporary, file);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    throw toRagtuiError(error);
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** Who holds it; `unreadable`: a power cut left half a file. */
function readHolder(file: string): Holder | 'gone' | 'unreadable' {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return 'gone';
    throw toRagtuiError(error);
  }
  try {
    return holderSchema.parse(JSON.parse(text));
  } catch {
    return 'unreadable';
  }
}

const tokenOf = (holder: Holder | 'gone' | 'unreadable'): string =>
  typeof holder === 'string' ? holder : holder.token;

/**
 * Removes the lock of a holder that is gone; true when it was removed, by whomever. Only who holds the right to break
 * this very lock (a lock of its own, named by the dead holder's token) may remove it, and only while it is still there:
 * so nobody ever removes the lock of the next one. That right can be left by a `kill -9` too; it is broken the same way.
 */
function breakDead(file: string, holder: Holder | 'unreadable', mine: Holder): boolean {
  if (holder !== 'unreadable' && isAlive(holder)) return false;
  const token = tokenOf(holder);
  const right = `${file}.${token}.break`;
  if (!claim(right, mine)) {
    const breaker = readHolder(right);
    return breaker === 'gone' || breakDead(right, breaker, mine);
  }
  try {
    if (tokenOf(readHolder(file)) === token) rmSync(file, { force: true });
  } finally {
    rmSync(right, { force: true });
  }
  return true;
}
