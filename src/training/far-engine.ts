import os from 'node:os';
import type { OnReach } from '../hosts/follow.ts';
import type { KnownHost } from '../hosts/types.ts';
import type { JobReport } from '../jobs/worker.ts';

/** Tells, in the job's state and log, that a host was lost and that it is back. */
export const tellReach =
  (report: JobReport, host: string): OnReach =>
  (lost) => {
    report.reach?.(lost ? { host, since: lost.since } : null);
    if (lost) report.log('warn', `${lost.why} What runs there goes on; it is tried again`);
    else report.log('info', `${host} is reached again`);
  };

export const definedOf = (env: NodeJS.ProcessEnv): Record<string, string> =>
  Object.fromEntries(Object.entries(env).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])));

/** Caches of the engine's libraries lie in our folder there: it can be deleted without a trace. */
export function cachesIn({ facts, engines }: KnownHost): Record<string, string> {
  const cache = `${facts.root}/cache`;
  return {
    // What asks for none of the others (CUDA's compiler, say) writes into the home.
    HOME: `${cache}/home`,
    HF_HOME: `${cache}/huggingface`,
    XDG_CACHE_HOME: cache,
    MPLCONFIGDIR: `${cache}/matplotlib`,
    TRITON_CACHE_DIR: `${cache}/triton`,
    TORCHINDUCTOR_CACHE_DIR: `${cache}/inductor`,
    // An environment of the user's own stays as it is.
    ...(engines === undefined ? {} : { PYTHONDONTWRITEBYTECODE: '1' }),
  };
}

const SIGNALS = new Set<string>(Object.keys(os.constants.signals));
const isSignal = (name: string): name is NodeJS.Signals => SIGNALS.has(name);
export const signalOf = (name: string | null): NodeJS.Signals | null => (name !== null && isSignal(name) ? name : null);
