import type { Host } from '../hosts/types.ts';
import { hostOf } from '../hosts/types.ts';
import { isOver, type JobView, launcherName } from '../jobs/types.ts';
import type { Gpus } from '../platform/telemetry/types.ts';
import type { ServerSample } from '../serving/metrics-types.ts';
import {
  type Fact,
  type GpuHolder,
  HERE,
  type Hold,
  type Look,
  type Place,
  type PlaceGpu,
  type PlaceGpus,
  type PlaceJob,
  type PlaceServer,
  type Seen,
} from './types.ts';

/** Jobs that ended are listed so long: they can be looked at and requeued. */
const LATELY_MS = 24 * 3600_000;

export interface FleetFacts {
  readonly hosts: readonly Host[];
  /** By place. */
  readonly seen: Readonly<Record<string, Seen>>;
  /** Jobs of this workspace. */
  readonly jobs: readonly JobView[];
  /** What servers were last seen to do; null: nobody has looked. */
  readonly servers: { readonly at: string; readonly samples: readonly ServerSample[] } | null;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** This machine and every host, with what is known of each and since when. Pure. */
export function fleetOf(facts: FleetFacts): Place[] {
  return [placeOf(facts, null), ...facts.hosts.map((host) => placeOf(facts, host))];
}

function placeOf({ hosts, seen, jobs, servers, now }: FleetFacts, host: Host | null): Place {
  const id = host?.name ?? HERE;
  const known = seenOf(seen[id], host);
  const look = known?.look ?? null;
  const mine = jobs.filter((job) => placeIdOf(job, hosts) === id);
  const at = look?.at ?? '';
  const said = host?.facts ?? null;
  const fact = <T>(now: T | null | undefined, before: T | null | undefined): Fact<T> => {
    if (look && now !== null && now !== undefined) return { value: now, at };
    return said && before !== null && before !== undefined ? { value: before, at: said.checkedAt } : null;
  };
  const free = said?.diskFreeMb ?? null;
  return {
    id,
    host,
    reach: known?.lost ? { state: 'lost', ...known.lost } : look ? { state: 'reached' } : { state: 'unseen' },
    seenAt: look?.at ?? null,
    drainedAt: host?.drainedAt ?? null,
    system: said ? { value: `${said.os} (${said.arch})`, at: said.checkedAt } : null,
    slurm: said?.slurm ? { value: said.slurm, at: said.checkedAt } : null,
    cores: fact(look?.machine.cores, said?.cores),
    machine: look ? { value: look.machine, at } : null,
    memoryTotal: fact(look?.machine.memoryTotal, said?.memoryMb == null ? null : said.memoryMb * 1024 ** 2),
    disk: fact<NonNullable<Place['disk']>['value']>(
      look?.disk,
      said && free !== null ? { place: said.root, free: free * 1024 ** 2, total: null } : null,
    ),
    gpus: fact(look && gpusOf(look, jobs), said ? gpusSaid(said) : null),
    engines: look ? { value: look.engines, at } : null,
    jobs: jobsOf(mine, look, now),
    servers: servers && {
      value: servers.samples.flatMap((sample) => serverOf(sample, id, hosts, jobs)),
      at: servers.at,
    },
  };
}

/** What was seen of another host that had the same name is not this one's. */
function seenOf(seen: Seen | undefined, host: Host | null): Seen | undefined {
  return seen && (host === null || seen.askedAt >= host.addedAt) ? seen : undefined;
}

/** Where a job's work is done. One whose host was removed is told here. */
function placeIdOf({ spec }: JobView, hosts: readonly Host[]): string {
  const launcher = launcherName(spec.work);
  if (launcher === 'local') return HERE;
  const name = hostOf(launcher);
  return hosts.some((host) => host.name === name) ? name : HERE;
}

function gpusSaid({ gpus, gpuProblem }: NonNullable<Host['facts']>): PlaceGpus {
  if (gpuProblem !== '') return { state: 'failed', reason: gpuProblem };
  if (gpus.length === 0) return { state: 'none' };
  return {
    state: 'ok',
    gpus: gpus.map(({ name, memoryMb }, index) => ({
      index,
      name,
      busy: null,
      memoryUsed: null,
      // 0: the driver does not tell.
      memoryTotal: memoryMb > 0 ? memoryMb * 1024 ** 2 : null,
      temperature: null,
      holders: null,
    })),
  };
}

function gpusOf(look: Look, jobs: readonly JobView[]): PlaceGpus {
  const { gpus } = look;
  if (gpus.state !== 'ok') return gpus;
  return { state: 'ok', gpus: gpus.gpus.map((gpu) => ({ ...pick(gpu), holders: holdersOf(gpu, gpus, look, jobs) })) };
}

type Card = Extract<Gpus, { state: 'ok' }>['gpus'][number];
const pick = ({ index, name, busy, memoryUsed, memoryTotal, temperature }: Card): Omit<PlaceGpu, 'holders'> => ({
  index,
  name,
  busy,
  memoryUsed,
  memoryTotal,
  temperature,
});

/** Who has reserved it or computes on it: each of ours once, then how many processes are not ours. */
function holdersOf(
  { uuid, index }: Card,
  { processes }: Extract<Gpus, { state: 'ok' }>,
  { holds, owners }: Look,
  jobs: readonly JobView[],
): GpuHolder[] {
  const there = processes.filter(({ gpu }) => gpu === uuid);
  const reserved = holds.filter(({ devices }) => devices.includes(uuid) || devices.includes(String(index)));
  const owner = ({ pid }: { readonly pid: number }): string | undefined => owners[String(pid)];
  const ours = new Set([...reserved.map((hold) => hold.owner), ...there.flatMap((one) => owner(one) ?? [])]);
  const others = there.filter((one) => owner(one) === undefined).length;
  return [
    ...[...ours].map((id): GpuHolder => {
      const name = reserved.find((hold) => hold.owner === id)?.name;
      return { kind: 'ours', id, name: nameOf(id, jobs) ?? (name || id) };
    }),
    ...(others > 0 ? [{ kind: 'others', processes: others } as const] : []),
  ];
}

const isOf = ({ spec, far }: JobView, id: string): boolean => spec.id === id || far?.run === id;
const nameOf = (id: string, jobs: readonly JobView[]): string | undefined =>
  jobs.find((job) => isOf(job, id))?.spec.name;

/** Jobs that are not over or ended lately, then what runs there for nobody here. */
function jobsOf(jobs: readonly JobView[], look: Look | null, now: number): PlaceJob[] {
  const holds = look?.holds ?? [];
  const holdOf = (view: JobView): Hold | undefined => holds.find(({ owner }) => isOf(view, owner));
  const lately = ({ state, far, endedAt, spec }: JobView): boolean =>
    !isOver(state) || far?.open === true || now - Date.parse(endedAt ?? spec.createdAt) < LATELY_MS;
  const known = jobs.filter(lately).map((view): PlaceJob => {
    const { spec, state, reason, progress, far } = view;
    const hold = holdOf(view);
    const there = look?.runs.find(({ run }) => run === far?.run);
    // Its worker follows the run there and says what that place, or Slurm, says of the wait.
    const said = there?.state === 'queued' ? (progress?.phase ?? '') : '';
    const waits = (state === 'queued' ? reason : said) || (hold?.waits ?? '');
    return { id: spec.id, name: spec.name, view, waits, position: hold?.position ?? null };
  });
  const strange = (look?.runs ?? []).filter(({ run }) => !jobs.some((job) => isOf(job, run)));
  return [
    ...known,
    ...strange.map(({ run }): PlaceJob => {
      const hold = holds.find(({ owner }) => owner === run);
      return { id: run, name: run, view: null, waits: hold?.waits ?? '', position: null };
    }),
  ];
}

function serverOf(
  sample: ServerSample,
  place: string,
  hosts: readonly Host[],
  jobs: readonly JobView[],
): PlaceServer[] {
  const job = jobs.find(({ spec }) => spec.id === sample.job) ?? null;
  const where = job ? placeIdOf(job, hosts) : placeOfUrl(sample.url, hosts);
  return where === place ? [{ id: sample.job ?? sample.url, name: sample.names[0] ?? sample.url, job, sample }] : [];
}

/** A server of somebody: on a host of that name; else it is told here, with its address. */
function placeOfUrl(text: string, hosts: readonly Host[]): string {
  const hostname = URL.canParse(text) ? new URL(text).hostname : '';
  return hosts.find(({ name }) => name.split('@').at(-1) === hostname)?.name ?? HERE;
}

/** Whole seconds since a moment; null where nothing is known. A clock that went back gives 0. Pure. */
export const ageSeconds = (at: string | null | undefined, now: number): number | null =>
  at === null || at === undefined ? null : Math.max(0, Math.floor((now - Date.parse(at)) / 1000));
