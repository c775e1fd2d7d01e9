import type { JobId } from '../jobs/types.ts';
import { listAdapters, tunedModels } from '../models/store.ts';
import { RagtuiError } from '../platform/errors.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { loadAdapterVersion } from './adapters/change.ts';
import { planDeployment } from './deploy.ts';
import { ensureJob, untilServed } from './llama.ts';
import { listServers } from './servers.ts';
import { haveGguf } from './tune-asked.ts';
import type { ServeEngine } from './types.ts';

/** A tune that is served beside its base by one server. */
export interface ServedBeside {
  readonly job: JobId;
  readonly engine: ServeEngine;
  readonly base: string;
  readonly name: string;
}

export interface BesideOptions {
  readonly engine?: ServeEngine;
  readonly signal?: AbortSignal;
  readonly onStatus?: (text: string) => void;
}

/**
 * Sees to it that an adapter is served beside its base, by one server, so that the engine is the same for both: the
 * server of its base that runs takes it as a version; without one, or where that one cannot take it, a server is started
 * (`engine`, else vLLM where it is installed for a GPU, else the embedded one). A tune that is a model of its own gets a
 * server of the same engine as its base. Errors: `not-found` (no such tune), those of `planDeployment`, `ensureJob` and `untilServed`.
 */
export async function serveBeside(
  paths: WorkspacePaths,
  name: string,
  options: BesideOptions = {},
): Promise<ServedBeside> {
  const { engine } = options;
  const tuned = tunedModels(paths).get(name);
  if (tuned) return serveBoth(paths, { base: tuned.base, name }, options);
  const adapter = listAdapters(paths).find((one) => one.name === name);
  if (!adapter) {
    throw new RagtuiError(
      'not-found',
      `There is no tune "${name}".`,
      'A training of an LLM makes one; see `ragtui models list`.',
    );
  }
  const { base } = adapter;
  const candidates = listServers(paths).filter(
    ({ work }) => work.runner === undefined && work.model === base && (engine === undefined || work.engine === engine),
  );
  for (const { job, work, adapters } of candidates) {
    await untilServed(paths, job.spec.id, base, options);
    try {
      // Weights that are there already, under this name, become no second version.
      if (!adapters.some((one) => one.name === name && sourceOf(one) === adapter.path)) {
        await loadAdapterVersion(paths, name, { job: job.spec.id }, options);
      }
      return { job: job.spec.id, engine: work.engine, base, name };
    } catch (error) {
      // Started without room for adapters, or for smaller ones: another server is.
      if (!(error instanceof RagtuiError && error.code === 'unsupported')) throw error;
    }
  }
  const work = planDeployment(paths, { model: name, adapters: [], ...(engine === undefined ? {} : { engine }) });
  const { spec } = await ensureJob(paths, work, options);
  await untilServed(paths, spec.id, base, options);
  return { job: spec.id, engine: work.engine, base, name };
}

/**
 * A tune that is a model of its own, and its base: two servers of one engine (`engine`, else the embedded one where both
 * are here as GGUF, else vLLM). Neither is retired for the other. Errors: as `serveBeside`.
 */
async function serveBoth(
  paths: WorkspacePaths,
  { base, name }: { readonly base: string; readonly name: string },
  options: BesideOptions,
): Promise<ServedBeside> {
  const engine = options.engine ?? (haveGguf(paths, [base, name]) ? 'llama' : 'vllm');
  const jobs: JobId[] = [];
  for (const model of [base, name]) {
    const work = planDeployment(paths, { model, adapters: [], engine });
    const { spec } = await ensureJob(paths, work, { ...options, beside: [base, name] });
    await untilServed(paths, spec.id, model, options);
    jobs.push(spec.id);
  }
  const [, job] = jobs;
  if (job === undefined) throw new RagtuiError('internal', `Nothing serves ${name}.`);
  return { job, engine, base, name };
}

/** Where the version of an adapter that its name means came from. */
const sourceOf = ({
  versions,
  current,
}: {
  readonly current: number;
  readonly versions: readonly { readonly version: number; readonly source: string }[];
}): string | undefined => versions.find(({ version }) => version === current)?.source;
