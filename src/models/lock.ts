import { randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { errnoOf, toRagtuiError } from '../platform/errors.ts';
import { isAlive, processIdentity } from '../platform/processes.ts';
import { throwIfAborted } from './files.ts';

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
    if (holder && isAlive(holder)) {
      if (!told) options.onWait?.(holder.pid);
      told = true;
      await delay(options.everyMs ?? 150, undefined, options.signal ? { signal: options.signal } : {}).catch(() => {});
    } else {
      clearDead(file, token);
    }
    throwIfAborted(options.signal);
  }
  return () => {
    if (readHolder(file)?.token === token) rmSync(file, { force: true });
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

function readHolder(file: string): Holder | undefined {
  try {
    return holderSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return undefined;
  }
}

// Between our reading and the renaming another process may have taken it over: then it is put back.
function clearDead(file: string, token: string): void {
  const aside = `${file}.${token}.dead`;
  try {
    renameSync(file, aside);
  } catch {
    return;
  }
  const moved = readHolder(aside);
  try {
    if (moved && isAlive(moved)) linkSync(aside, file);
  } catch {
    // Somebody newer has it already.
  }
  rmSync(aside, { force: true });
}
