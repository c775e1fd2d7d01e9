import { existsSync, mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { RagtuiError } from '../../platform/errors.ts';
import { lockFile } from '../../platform/lock.ts';
import { assertOwnRunFolder } from '../../platform/paths.ts';
import { Bell } from '../bell.ts';
import { jobFiles } from '../folder.ts';
import { ownIdentity } from '../identity.ts';
import type { JobId } from '../types.ts';
import { type Claim, claimFile, liveClaims, writeClaim } from './claims.ts';

/** A device that a job may get, and what a person calls it. */
export interface Device {
  readonly id: string;
  readonly label: string;
}

export interface DeviceRequest {
  readonly job: JobId;
  readonly name: string;
  /** The job's folder. */
  readonly folder: string;
  readonly count: number;
  readonly among: readonly Device[];
}

/** Devices that are a job's until it releases them or its last process is gone. */
export interface Hold {
  readonly devices: readonly Device[];
  /** Says again that it is held, should a cleaner of temporary files have taken the file. */
  refresh(): void;
  release(): void;
}

export interface QueueOptions {
  /** True = given up: resolves with undefined. */
  readonly stopped: () => boolean;
  /** True = the person wants it to start, whoever has the devices. */
  readonly force: () => boolean;
  /** Called with why it waits, whenever that changed. */
  readonly onWait: (reason: string) => void;
}

const LOOK_MS = 1000;

/**
 * Waits in line until the job has all of its devices at once. Who came first is served first, also when somebody later
 * would need less. `folder` is that of all claims of this user. Errors: `permission`, `disk-full`.
 */
export async function takeDevices(
  folder: string,
  request: DeviceRequest,
  options: QueueOptions,
): Promise<Hold | undefined> {
  assertOwnRunFolder({ run: folder });
  const claims = path.join(folder, 'claims');
  mkdirSync(claims, { recursive: true, mode: 0o700 });
  const bell = new Bell([claims, request.folder], { pollMs: LOOK_MS });
  let told = '';
  try {
    while (!options.stopped()) {
      const turn = await underLock(folder, () => takeTurn(claims, request, options.force()));
      if ('claim' in turn) return holdOf(claims, request, turn.claim);
      if (turn.waits !== told) options.onWait(turn.waits);
      told = turn.waits;
      await bell.next();
    }
    rmSync(claimFile(claims, request.job), { force: true });
    return undefined;
  } finally {
    bell.close();
  }
}

export async function underLock<T>(folder: string, action: () => T): Promise<T> {
  const unlock = await lockFile(path.join(folder, 'queue.lock'), { everyMs: 20 });
  try {
    return action();
  } finally {
    unlock();
  }
}

/** One look: its place in line is noted at the first, its devices at the last. */
function takeTurn(folder: string, request: DeviceRequest, force: boolean): { claim: Claim } | { waits: string } {
  const claims = liveClaims(folder);
  const known = claims.find(({ job }) => job === request.job);
  const claim: Claim = known ?? {
    version: 1,
    ticket: Math.max(0, ...claims.map(({ ticket }) => ticket)) + 1,
    job: request.job,
    name: request.name,
    folder: request.folder,
    supervisor: ownIdentity(),
    count: request.count,
    among: request.among.map(({ id }) => id),
    held: [],
  };
  const turn = turnOf(request, claim, claims.filter(isAwake), force);
  const now = 'held' in turn ? { ...claim, held: turn.held } : claim;
  if (now !== known) writeClaim(folder, now);
  return 'held' in turn ? { claim: now } : { waits: turn.waits + wayOut(request, claims.filter(isAwake)) };
}

/** A server that sleeps has given its GPUs' memory back: others may have them until it is woken. */
export const isAwake = ({ folder }: Claim): boolean => !existsSync(jobFiles(folder).asleep);

/** What a person can do when servers of the same workspace hold what a job waits for; '' when none does. Pure. */
export function wayOut({ folder, among }: Pick<DeviceRequest, 'folder' | 'among'>, claims: readonly Claim[]): string {
  const servers = claims.filter(
    ({ job, held, folder: theirs }) =>
      job.includes('-serve-') &&
      path.dirname(theirs) === path.dirname(folder) &&
      among.some(({ id }) => held.includes(id)),
  );
  return servers.length === 0
    ? ''
    : `; a server has it: ${servers.map(({ job }) => `\`ragtui deploy make-room ${job}\``).join(' or ')} takes it, m on the deploy screen`;
}

/**
 * What a job gets when all of `claims` live: its devices, or why it waits. By force it gets free ones first, then those
 * that the fewest have. Pure.
 */
export function turnOf(
  { count, among }: Pick<DeviceRequest, 'count' | 'among'>,
  { job, ticket }: Pick<Claim, 'job' | 'ticket'>,
  claims: readonly Claim[],
  force = false,
): { readonly held: string[] } | { readonly waits: string } {
  const others = claims.filter((claim) => claim.job !== job);
  const holders = (id: string) => others.filter(({ held }) => held.includes(id));
  const fewest = [...among].sort((a, b) => holders(a.id).length - holders(b.id).length);
  if (force) return { held: fewest.slice(0, count).map(({ id }) => id) };

  const free = among.filter(({ id }) => holders(id).length === 0);
  const before = others.find(
    ({ ticket: theirs, held, among: wanted }) =>
      held.length === 0 && theirs < ticket && among.some(({ id }) => wanted.includes(id)),
  );
  if (free.length >= count && !before) return { held: free.slice(0, count).map(({ id }) => id) };
  if (before) return { waits: `waits for its turn: ${jobText(before)} came before it` };
  const taken = among.flatMap((device) =>
    holders(device.id)
      .slice(0, 1)
      .map((holder) => ({ device, holder })),
  );
  const why = taken.map(({ device, holder }) => `${device.label} held by ${jobText(holder)}`).join(', ');
  const [first] = taken;
  if (first && among.length === 1) {
    return { waits: `waits for ${first.device.label}: held by ${jobText(first.holder)}` };
  }
  return { waits: `waits for ${count === 1 ? 'a GPU' : `${count} GPUs, ${free.length} free`}: ${why}` };
}

const jobText = ({ job, name }: Claim): string => `job ${job} (${name})`;

function holdOf(folder: string, { job, among }: DeviceRequest, claim: Claim): Hold {
  return {
    devices: among.filter(({ id }) => claim.held.includes(id)),
    refresh: () => {
      try {
        if (!existsSync(claimFile(folder, job))) writeClaim(folder, claim);
      } catch {
        // A full disk: tried again at the next heartbeat.
      }
    },
    release: () => rmSync(claimFile(folder, job), { force: true }),
  };
}

/** Throws when a machine could never give what a job wants. */
export function assertEnough({ count, among }: Pick<DeviceRequest, 'count' | 'among'>, why = ''): void {
  if (count <= among.length) return;
  const has = among.length === 0 ? 'none' : among.map(({ label }) => label).join(', ');
  throw new RagtuiError(
    'unavailable',
    `It wants ${count} ${count === 1 ? 'GPU' : 'GPUs'}${why}; this machine shows ${has}.`,
    'See nvidia-smi and CUDA_VISIBLE_DEVICES; RAGTUI_GPUS=0,1 names them by hand.',
  );
}
