import type { ChatEndpoint } from '../models/endpoint-url.ts';
import { type NvidiaSmi, nvidiaSmi, readGpus } from '../platform/telemetry/nvidia-smi.ts';
import { createMachineSampler, type Family, type MachineSampler } from '../platform/telemetry/proc.ts';
import type { Gpus } from '../platform/telemetry/types.ts';
import { createServerWatch, type ServerWatch } from './metrics-differences.ts';
import { readServerFacts } from './metrics-facts.ts';
import { scrapeServer } from './metrics-scrape.ts';
import type { MetricsTarget } from './metrics-targets.ts';
import type { ServerFacts, ServerSample, TelemetrySample } from './metrics-types.ts';

export interface ObserverDependencies {
  readonly targets: (llms: readonly string[]) => Promise<readonly MetricsTarget[]>;
  /** Every server there is. */
  readonly all?: () => Promise<readonly MetricsTarget[]>;
  readonly scrape?: typeof scrapeServer;
  readonly facts?: typeof readServerFacts;
  readonly sampler?: MachineSampler;
  readonly gpus?: NvidiaSmi;
  /** Milliseconds of a clock that only goes forward. */
  readonly now?: () => number;
  /** Milliseconds since 1970. */
  readonly time?: () => number;
}

export interface Observer {
  /** Looks at the servers of these LLMs or at all there are, at these processes, at this machine and its GPUs once. */
  look(llms: readonly string[], pids?: readonly number[], all?: boolean): Promise<TelemetrySample>;
}

/** Where a server is found changes when one is started or stopped, not every second. */
const TARGETS_MS = 3000;
/** A server without metrics is not asked every second. */
const AGAIN_MS: Readonly<Partial<Record<ServerSample['state'], number>>> = {
  silent: 60_000,
  garbage: 60_000,
  denied: 15_000,
  unreachable: 3000,
  slow: 3000,
};
/** Of a server that is looked at for itself a silent one is asked whether it still answers. */
const ALIVE_MS = 4000;
/** What a server that is not ours says of itself changes with its models. */
const FACTS_MS = 15_000;
/** nvidia-smi is a process of a tenth of a second and more. */
const GPUS_MS = 2000;

interface Watched {
  readonly watch: ServerWatch;
  last: Pick<ServerSample, 'state' | 'figures' | 'restarted'>;
  at: number;
  /** Until when "restarted" is told. */
  restartedUntil: number;
  engine: string;
  answeredAt: number | null;
  readonly watchedAt: number;
  facts: ServerFacts | null;
  factsAt: number;
  asking: boolean;
}
const NOT_YET: Watched['last'] = { state: 'starting', figures: null, restarted: false };
/** A restart is told for so long. */
const RESTART_MS = 10_000;

/** What the telemetry worker does, without its timers. */
export function createObserver({
  targets,
  all: everywhere = async () => [],
  scrape = scrapeServer,
  facts: readFacts = readServerFacts,
  sampler = createMachineSampler(),
  gpus: run = nvidiaSmi,
  now = () => performance.now(),
  time = Date.now,
}: ObserverDependencies): Observer {
  const servers = new Map<string, Watched>();
  let found: { readonly key: string; readonly at: number; readonly list: readonly MetricsTarget[] } | undefined;
  let gpus: Gpus | undefined;
  let gpusAt = Number.NEGATIVE_INFINITY;
  let asking: Promise<void> | undefined;

  const find = async (llms: readonly string[], all: boolean): Promise<readonly MetricsTarget[]> => {
    if (all) {
      // One that starts, stops or takes an adapter is seen at once: some small files are read.
      found = undefined;
      return await everywhere().catch(() => []);
    }
    const key = llms.join('\n');
    // One that starts, or that nobody serves yet.
    const there = found?.list.flatMap(({ endpoint, names }) => (endpoint ? names : [])).length;
    const waits = (there ?? 0) < llms.length;
    if (found?.key === key && now() - found.at < (waits ? 0 : TARGETS_MS)) return found.list;
    found = { key, at: now(), list: await targets(llms).catch(() => []) };
    return found.list;
  };

  const readServer = async (target: MetricsTarget, all: boolean): Promise<Watched> => {
    // A port may be given to another server of ours: what was seen of the one before is not its own.
    const key = `${target.job ?? ''} ${target.url}`;
    const known = servers.get(key);
    const watched: Watched = known ?? {
      watch: createServerWatch(),
      last: NOT_YET,
      at: Number.NEGATIVE_INFINITY,
      restartedUntil: Number.NEGATIVE_INFINITY,
      engine: target.engine,
      answeredAt: null,
      watchedAt: time(),
      facts: null,
      factsAt: Number.NEGATIVE_INFINITY,
      asking: false,
    };
    servers.set(key, watched);
    if (!target.endpoint) {
      watched.last = NOT_YET;
      return watched;
    }
    if (all && target.job === null) refreshFacts(watched, target.endpoint);
    const pause = AGAIN_MS[watched.last.state] ?? 0;
    if (now() - watched.at < (all ? Math.min(pause, ALIVE_MS) : pause)) return watched;
    const result = await scrape(target.endpoint);
    watched.at = now();
    if (result.state !== 'unreachable' && result.state !== 'slow') watched.answeredAt = time();
    if (result.state !== 'ok') {
      watched.last = { state: result.state, figures: null, restarted: false };
      return watched;
    }
    const { figures, restarted } = watched.watch.add(watched.at, result.reading);
    if (restarted) watched.restartedUntil = watched.at + RESTART_MS;
    watched.engine = target.engine || result.reading.engine;
    watched.last = { state: 'ok', figures, restarted: watched.at < watched.restartedUntil };
    return watched;
  };

  /** Beside the rest: several requests, one after the other. */
  const refreshFacts = (watched: Watched, endpoint: ChatEndpoint): void => {
    if (watched.asking || now() - watched.factsAt < FACTS_MS) return;
    watched.asking = true;
    void readFacts(endpoint).then((facts) => {
      watched.facts = facts;
      watched.factsAt = now();
      watched.asking = false;
    });
  };

  /** GPUs are looked at beside the rest: the first answer of a driver that was asleep takes seconds. */
  const refreshGpus = (): void => {
    // A machine without GPUs does not get one.
    if (asking || gpus?.state === 'none' || now() - gpusAt < GPUS_MS) return;
    asking = readGpus(run).then((read) => {
      gpus = read;
      gpusAt = now();
      asking = undefined;
    });
  };

  return {
    async look(llms, pids = [], all = false) {
      refreshGpus();
      const list = await find(llms, all);
      const watched = await Promise.all(list.map((target) => readServer(target, all)));
      const trees = sampler.trees([...list.flatMap(({ pid }) => pid ?? []), ...pids]);
      return {
        type: 'sample',
        at: time(),
        machine: sampler.machine(),
        gpus: withOwners(gpus, trees),
        servers: list.map((target, i): ServerSample => {
          const seen = watched[i];
          const family = target.pid === null ? undefined : trees.get(target.pid);
          return {
            url: target.url,
            names: [...target.names],
            engine: seen?.engine || seen?.facts?.engine || target.engine,
            ...(seen?.last ?? NOT_YET),
            processes: family?.tree ?? null,
            gpuMemory: family ? gpuMemoryOf(family.pids, gpus) : null,
            job: target.job,
            answeredAt: seen?.answeredAt ?? null,
            watchedAt: seen?.watchedAt ?? time(),
            facts: seen?.facts ?? null,
            ...(target.asked ? { asked: target.asked } : {}),
            ...(target.canary ? { canary: target.canary } : {}),
          };
        }),
        processes: pids.flatMap((pid) => {
          const family = trees.get(pid);
          return family ? [{ pid, processes: family.tree, gpuMemory: gpuMemoryOf(family.pids, gpus) }] : [];
        }),
      };
    },
  };
}

/** The GPUs, with whose each process is among those that are watched. */
function withOwners(gpus: Gpus | undefined, trees: ReadonlyMap<number, Family>): Gpus {
  if (gpus?.state !== 'ok') return gpus ?? { state: 'unknown' };
  const families = [...trees];
  const processes = gpus.processes.map((one) => {
    const owner = families.find(([, { pids }]) => pids.includes(one.pid))?.[0];
    return owner === undefined ? one : { ...one, owner };
  });
  return { ...gpus, processes };
}

/** GPU memory of a process and its children; null where the driver tells none of theirs. */
function gpuMemoryOf(pids: readonly number[], gpus: Gpus | undefined): number | null {
  const own = gpus?.state === 'ok' ? gpus.processes.filter(({ pid }) => pids.includes(pid)) : [];
  const told = own.flatMap(({ memory }) => memory ?? []);
  return told.length === 0 ? null : told.reduce((sum, bytes) => sum + bytes, 0);
}
