import { ageSeconds } from '../fleet/model.ts';
import type { Fact, GpuHolder, Place, PlaceGpu, PlaceJob, PlaceServer } from '../fleet/types.ts';
import { askedText, canaryText } from './endpoint-view.ts';
import { megabytes } from './output.ts';

const UNKNOWN = 'unknown';
const ago = (at: string, now: number): string => `${ageSeconds(at, now)} s ago`;
const percent = (share: number | null): string => (share === null ? UNKNOWN : `${Math.round(share * 100)} %`);
const bytes = (value: number | null): string => (value === null ? UNKNOWN : megabytes(value));

/** Every machine with what is known of it; each fact that is not of the last look says how old it is. Pure. */
export function fleetLines(places: readonly Place[], now: number): string[] {
  const lines = places.flatMap((place, i) => [...(i > 0 ? [''] : []), ...placeLines(place, now)]);
  return places.length > 1
    ? lines
    : [...lines, '', 'No other machine: ragtui hosts add HOST adds one that `ssh HOST` knows.'];
}

function placeLines(place: Place, now: number): string[] {
  const { id, slurm, machine, cores, memoryTotal, disk, gpus, engines, jobs, servers } = place;
  const line = <T>(name: string, fact: Fact<T>, text: (value: T) => string): string => {
    const age = fact && fact.at !== place.seenAt ? `  (${ago(fact.at, now)})` : '';
    return `  ${name.padEnd(8)} ${fact ? text(fact.value) : UNKNOWN}${age}`;
  };
  return [
    `${id || 'this machine'}: ${reachText(place, now)}`,
    ...(slurm ? [line('slurm', slurm, slurmText)] : []),
    line('cores', cores, String),
    line('load', machine, ({ load, cpu }) => `${load === null ? UNKNOWN : load.toFixed(2)}, ${percent(cpu)} busy`),
    machine
      ? line(
          'memory',
          machine,
          ({ memoryAvailable: free, memoryTotal: total }) => `${bytes(free)} free of ${bytes(total)}`,
        )
      : line('memory', memoryTotal, bytes),
    line('disk', disk, ({ free, total, place: where }) => `${bytes(free)} free of ${bytes(total)} at ${where}`),
    line('engines', engines, (all) => all.map(({ name, version }) => `${name} ${version}`).join(', ') || 'none'),
    ...(gpus?.value.state === 'ok'
      ? gpus.value.gpus.map((gpu) => line(`GPU ${gpu.index}`, { value: gpu, at: gpus.at }, gpuText))
      : [line('GPUs', gpus, (known) => (known.state === 'failed' ? known.reason : known.state))]),
    ...jobs.map((job) => `  job      ${jobText(job)}`),
    ...(servers?.value ?? []).map((server) => `  server   ${serverText(server, now)}`),
  ];
}

function reachText({ reach, seenAt, drainedAt }: Place, now: number): string {
  const seen = seenAt === null ? 'never seen' : `seen ${ago(seenAt, now)}`;
  const drained = drainedAt === null ? '' : `, drained since ${drainedAt}`;
  if (reach.state !== 'lost') return `${seen}${drained}`;
  const how = reach.code === 'network' ? 'unreachable' : 'cannot be used';
  return `${how} since ${reach.since} (${ago(reach.since, now)}), ${seen}${drained}. ${reach.message}`;
}

function slurmText({ version, problem, partitions }: NonNullable<Place['slurm']>['value']): string {
  return (
    problem ||
    `${version}: ${partitions.map(({ name, up, nodes }) => `${name} ${up ? `(${nodes} nodes)` : '(down)'}`).join(', ')}`
  );
}

function gpuText({ name, busy, memoryUsed, memoryTotal, holders }: PlaceGpu): string {
  const who = holders === null ? UNKNOWN : holders.length === 0 ? 'nobody' : holders.map(holderText).join(', ');
  return `${name}, ${percent(busy)} busy, ${bytes(memoryUsed)} of ${bytes(memoryTotal)} used, held by ${who}`;
}

const holderText = (holder: GpuHolder): string =>
  holder.kind === 'ours'
    ? holder.name
    : `${holder.processes} ${holder.processes === 1 ? 'process that is' : 'processes that are'} not ours`;

function jobText({ id, name, view, waits, position }: PlaceJob): string {
  const line = [position === null ? '' : `${position}. in line`, waits].filter(Boolean).join(', ');
  const progress =
    view?.progress && view.progress.total > 0
      ? ` ${view.progress.done}/${view.progress.total} ${view.progress.unit}`
      : '';
  return `${name}${name === id ? '' : ` (${id})`}: ${view?.state ?? 'started elsewhere'}${progress}${line && `, ${line}`}`;
}

function serverText({ name, sample }: PlaceServer, now: number): string {
  const { state, url, figures, asked, canary } = sample;
  const told = (value: number | null | undefined): string =>
    value === null || value === undefined ? UNKNOWN : String(Math.round(value * 10) / 10);
  const doing = `${told(figures?.generationRate)} tokens/s, ${told(figures?.running)} requests running, ${told(figures?.waiting)} waiting`;
  // Of a server of a pool: what our processes asked of it; of an embedder's, its vectors.
  const ours = [asked ? askedText(asked, now) : '', canary ? canaryText(canary, now) : ''].filter(Boolean);
  return `${name} at ${url}: ${state}, ${doing}${ours.map((text) => `\n           ${text}`).join('')}`;
}
