import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { readJsonFile, writeJsonFile } from '../../jobs/folder.ts';
import { toRagtuiError } from '../../platform/errors.ts';
import { lockFile } from '../../platform/lock.ts';
import type { WorkspacePaths } from '../../platform/paths.ts';
import { isAlive, processIdentity } from '../../platform/processes.ts';
import { type OnReach, untilReached } from '../follow.ts';
import type { KnownHost } from '../types.ts';
import { type SlurmRequest, submitArray, wishOf } from './submit.ts';

/*
 * Runs that are to become one array job meet in a folder on this machine: each is prepared by a process of its own, and
 * whoever sees that all are there hands them in. In the folder: member-INDEX.json (what it asks for, while its process
 * lives), left-INDEX (it does not come), tried (Slurm may have heard of them), closed (they were handed in: who comes now goes alone).
 */

/** A run's place among those that are handed in together. */
export interface Seat {
  readonly folder: string;
  /** Name of the array. */
  readonly array: string;
  /** From 1. */
  readonly index: number;
  /** So many may come. */
  readonly size: number;
  /** So many run at once; absent: as many as there is room for. */
  readonly atOnce?: number | undefined;
}

/** Those that are there wait so long for another one to come, then go without it. */
const PATIENCE_MS = 10 * 60_000;
/** One that is asked to stop waits so long for whoever hands it in just now. */
const WITHDRAW_MS = 30_000;
const LOOK_MS = 300;

const at = ({ folder }: Pick<Seat, 'folder'>, name: string): string => path.join(folder, name);
/** Also when the recipe that called them together was deleted. */
const isClosed = (seat: Pick<Seat, 'folder'>): boolean => !existsSync(seat.folder) || existsSync(at(seat, 'closed'));
const markClosed = (seat: Pick<Seat, 'folder'>): void => {
  if (!isClosed(seat)) writeFileSync(at(seat, 'closed'), '');
};

/** Makes the folder in which they meet. */
export const openGathering = (folder: string): void => void mkdirSync(folder, { recursive: true, mode: 0o700 });

/** One does not come, or no more: nobody waits for it. */
export function leaveGathering(seat: Pick<Seat, 'folder' | 'index'>): void {
  if (existsSync(seat.folder)) writeFileSync(at(seat, `left-${seat.index}`), '');
}

const requestSchema = z.object({
  run: z.string(),
  argv: z.array(z.string()).readonly(),
  env: z.record(z.string(), z.string()),
  pathFirst: z.string().optional(),
  cwd: z.string(),
  grace: z.number(),
  depth: z.number(),
  gpus: z.number(),
  output: z.string(),
  rows: z.string(),
  nodes: z.number().optional(),
});
const memberSchema = z.object({
  owner: z.object({ pid: z.number(), startTime: z.string() }),
  request: requestSchema,
});

export interface Gathering {
  readonly host: KnownHost;
  readonly paths: WorkspacePaths;
  /** Aborts when this run is asked to stop. */
  readonly signal: AbortSignal;
  readonly onReach: OnReach;
  readonly onLog: (text: string) => void;
  /** So many of the others are there. */
  readonly onWait: (here: number, size: number) => void;
  /** Replaced in tests. */
  readonly submit?: typeof submitArray;
  readonly patienceMs?: number;
}

/**
 * Comes to the gathering and waits until all are handed in. `go`: hand it in now; what is in an array already is only
 * found. `withdrawn`: it was asked to stop before that. `unheard`: the same, and whether Slurm heard of it is not known.
 */
export async function gather(
  seat: Seat,
  request: SlurmRequest,
  gathering: Gathering,
): Promise<'go' | 'withdrawn' | 'unheard'> {
  const { signal, onWait, patienceMs = PATIENCE_MS } = gathering;
  if (isClosed(seat)) return 'go';
  const own = at(seat, `member-${seat.index}.json`);
  const { pid, startTime = '' } = processIdentity(process.pid) ?? { pid: process.pid };
  writeJsonFile(own, { owner: { pid, startTime }, request } satisfies z.input<typeof memberSchema>);
  rmSync(at(seat, `left-${seat.index}`), { force: true });
  while (!signal.aborted && !isClosed(seat)) {
    const here = membersOf(seat);
    if (isComplete(seat, here, patienceMs)) {
      await close(seat, gathering);
      continue;
    }
    onWait(here.length, seat.size);
    await delay(LOOK_MS, undefined, { signal }).catch(() => {});
  }
  return isClosed(seat) ? 'go' : withdraw(seat, own);
}

interface Member {
  readonly index: number;
  readonly request: SlurmRequest;
  readonly since: number;
}

/** Those that are there; one whose process was killed is not: it may come again as another run. */
function membersOf(seat: Seat): Member[] {
  return readdirSync(seat.folder).flatMap((name) => {
    const index = Number(/^member-(\d+)\.json$/.exec(name)?.[1]);
    const found = Number.isNaN(index) ? undefined : readJsonFile(at(seat, name), memberSchema);
    if (!found || !isAlive(found.owner)) return [];
    const { pathFirst, nodes, ...rest } = found.request;
    const request = { ...rest, ...(pathFirst === undefined ? {} : { pathFirst }), ...(nodes ? { nodes } : {}) };
    return [{ index, request, since: statSync(at(seat, name), { throwIfNoEntry: false })?.mtimeMs ?? 0 }];
  });
}

/** Whether nobody more is to be waited for. */
function isComplete(seat: Seat, here: readonly Member[], patienceMs: number): boolean {
  const known = new Set(here.map(({ index }) => index));
  const open = Array.from({ length: seat.size }, (_, at) => at + 1).filter(
    (index) => !known.has(index) && !existsSync(at(seat, `left-${index}`)),
  );
  return open.length === 0 || Date.now() - Math.max(...here.map(({ since }) => since)) > patienceMs;
}

/** Hands in all that are there, unless another one does it meanwhile; ends early when it is asked to stop. */
async function close(seat: Seat, gathering: Gathering): Promise<void> {
  const { signal, onReach, host } = gathering;
  const unlock = await lockFile(at(seat, 'lock'), { signal }).catch(() => undefined);
  if (!unlock) return;
  try {
    if (isClosed(seat)) return;
    writeFileSync(at(seat, 'tried'), '');
    // Read anew with each attempt: one may be stopped while the host cannot be reached.
    await untilReached(host, () => handIn(seat, gathering), { signal, onReach });
    markClosed(seat);
  } catch (error) {
    if (signal.aborted) return;
    // Each alone then hears Slurm's own words, or is taken: not every cluster takes arrays.
    gathering.onLog(`Slurm took no array (${toRagtuiError(error).message}): each is handed in by itself`);
    markClosed(seat);
  } finally {
    unlock();
  }
}

async function handIn(seat: Seat, { host, paths, submit = submitArray, onLog }: Gathering): Promise<void> {
  for (const [wish, members] of alike(host, membersOf(seat))) {
    if (members.length < 2) continue;
    const array = `${seat.array}-${createHash('sha256').update(wish).digest('hex').slice(0, 4)}`;
    const { job, tasks } = await submit(host, paths, { array, atOnce: seat.atOnce, members });
    if (job !== null) onLog(`Handed ${tasks.length} runs to Slurm on ${host.name} as the array ${job}`);
  }
}

/** Those that ask Slurm for the same. */
function alike(host: KnownHost, members: readonly Member[]): Map<string, Member[]> {
  const groups = new Map<string, Member[]>();
  for (const member of [...members].sort((a, b) => a.index - b.index)) {
    const wish = wishOf(host, member.request);
    groups.set(wish, [...(groups.get(wish) ?? []), member]);
  }
  return groups;
}

async function withdraw(seat: Seat, own: string): Promise<'go' | 'withdrawn' | 'unheard'> {
  const unlock = await lockFile(at(seat, 'lock'), { signal: AbortSignal.timeout(WITHDRAW_MS) }).catch(() => undefined);
  try {
    if (isClosed(seat)) return 'go';
    rmSync(own, { force: true });
    leaveGathering(seat);
    return unlock && !existsSync(at(seat, 'tried')) ? 'withdrawn' : 'unheard';
  } finally {
    unlock?.();
  }
}
