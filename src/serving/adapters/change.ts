import path from 'node:path';
import { z } from 'zod';
import { storeFolder } from '../../hosts/shelf.ts';
import { knownHost } from '../../hosts/store.ts';
import { hostOf } from '../../hosts/types.ts';
import { type EndpointFile, endpointFileSchema, jobFiles, readJsonFile, writeJsonFile } from '../../jobs/folder.ts';
import type { JobId } from '../../jobs/types.ts';
import { checkAdapterConfig, readAdapterConfig } from '../../models/gguf/lora.ts';
import { fileOf, installedModel } from '../../models/store.ts';
import { RagtuiError } from '../../platform/errors.ts';
import { lockFile } from '../../platform/lock.ts';
import type { WorkspacePaths } from '../../platform/paths.ts';
import { transformersFolder } from '../../training/base-llm.ts';
import { givenAdapter } from '../given-adapter.ts';
import { loadAdapter, unloadAdapter } from '../llama.ts';
import { adapterNeed, modelNeed } from '../memory.ts';
import { makeRoomForAdapter } from '../room.ts';
import { listServers, type Server } from '../servers.ts';
import type { ServeEngine } from '../types.ts';
import { adapterHash, copyAdapter, haveSameConfig } from './copy.ts';
import { adapterRank, checkFitsVllm } from './fits.ts';
import {
  changeVersion,
  nextVersion,
  readAdapters,
  updateAdapters,
  versionedName,
  withoutVersion,
  withVersion,
} from './state.ts';
import { type AdapterVersion, currentVersion, type DeployedAdapter } from './types.ts';

/** Versions of one adapter that stay loaded: the current one, one to go back to, one to go forward to. */
const KEPT_LOADED = 3;
const ASK_MS = 10_000;

/** Which server is meant; the newest that fits where nothing is said. */
export interface ServerChoice {
  readonly engine?: ServeEngine;
  readonly job?: string;
}

export interface ChangeOptions {
  readonly signal?: AbortSignal;
  readonly onStatus?: (text: string) => void;
}

/** What a change has made of an adapter. */
export interface ChangedAdapter {
  readonly job: JobId;
  readonly engine: ServeEngine;
  readonly model: string;
  /** Null when its last version went. */
  readonly adapter: DeployedAdapter | null;
  /** The version that its plain name means now. */
  readonly current: AdapterVersion | null;
  /** Names that were unloaded to make room, or because that was asked for. */
  readonly unloaded: readonly string[];
}

/**
 * Loads an adapter (`NAME=PATH`, or `NAME` of the list of models) into a running server as its next version, under a
 * path and name of its own; from then on the plain name means it. The same weights and settings as an earlier version make
 * that one current instead. Errors: `not-found` (adapter, server), what `checkFitsVllm` refuses, `unavailable` (memory, no answer),
 * `invalid` in the server's own words.
 */
export async function loadAdapterVersion(
  paths: WorkspacePaths,
  adapter: string,
  choice: ServerChoice = {},
  options: ChangeOptions = {},
): Promise<ChangedAdapter> {
  const { name, source, base } = givenAdapter(paths, adapter);
  const server = serverFor(paths, source, base, choice);
  return await whileChanging(server, options, async () => {
    checkFits(paths, server, source);
    if ([server.work.model, server.work.servedName].includes(name)) {
      throw new RagtuiError('usage', `"${name}" is the model itself.`, 'Give the adapter another name: NAME=PATH.');
    }
    const sha256 = await adapterHash(source, options.signal);
    const before = findAdapter(server, name)?.versions.find(
      (one) => one.sha256 === sha256 && haveSameConfig(one.path, source),
    );
    if (before) {
      await makeCurrent(paths, server, name, before);
      return { ...answer(server, name), unloaded: await unloadSpare(server, name) };
    }
    const version = nextVersion(server.job.folder, name);
    const served = versionedName(name, version);
    options.onStatus?.(`copying ${name}`);
    const copy = await copyAdapter(source, server.job.folder, served);
    const entry: AdapterVersion = {
      version,
      served,
      path: copy,
      source,
      sha256,
      rank: adapterRank(source),
      state: 'loading',
      loadedAt: new Date().toISOString(),
      effect: null,
      template: null,
    };
    options.onStatus?.(`loading ${served}`);
    await askToLoad(paths, server, name, entry);
    return { ...answer(server, name), unloaded: await unloadSpare(server, name) };
  });
}

/** Makes another version current: the one before (`back`), the one after (`forward`), or by its number. At once where it is loaded. */
export async function rollbackAdapter(
  paths: WorkspacePaths,
  name: string,
  to: 'back' | 'forward' | number = 'back',
  choice: ServerChoice = {},
  options: ChangeOptions = {},
): Promise<ChangedAdapter> {
  const server = serverWith(paths, name, choice);
  return await whileChanging(server, options, async () => {
    const adapter = findAdapter(server, name);
    if (!adapter) throw new RagtuiError('not-found', `There is no adapter "${name}" here.`, SEE_LIST);
    const { versions, current } = adapter;
    const target =
      to === 'back'
        ? versions.findLast(({ version }) => version < current)
        : to === 'forward'
          ? versions.find(({ version }) => version > current)
          : versions.find(({ version }) => version === to);
    if (!target) {
      const have = versions.map(({ version }) => version).join(', ');
      const which = to === 'back' ? 'older version' : to === 'forward' ? 'newer version' : `version ${to}`;
      throw new RagtuiError(
        'not-found',
        `${name} has no ${which}: there is ${have}, and ${current} is current.`,
        SEE_LIST,
      );
    }
    await makeCurrent(paths, server, name, target);
    return { ...answer(server, name), unloaded: [] };
  });
}

/**
 * Takes an adapter with all its versions from a server, or one version (`sft.v2`); what it is answering is answered. When
 * the current version goes, the plain name means the newest that is left.
 */
export async function unloadAdapterVersions(
  paths: WorkspacePaths,
  name: string,
  choice: ServerChoice = {},
  options: ChangeOptions = {},
): Promise<ChangedAdapter> {
  const server = serverWith(paths, name, choice);
  return await whileChanging(server, options, async () => {
    const adapters = adaptersOf(server);
    const whole = adapters.find((one) => one.name === name);
    const owner = whole ?? adapters.find(({ versions }) => versions.some(({ served }) => served === name));
    if (!owner) throw new RagtuiError('not-found', `There is no adapter "${name}" here.`, SEE_LIST);
    const gone = owner.versions.filter(({ served }) => whole !== undefined || served === name);
    for (const { served, state } of gone) {
      if (state !== 'unloaded') await unloadAdapter(endpointOf(server), served);
      await updateAdapters(server.job.folder, (file) => withoutVersion(file, served));
    }
    await writeDownServed(server);
    return { ...answer(server, owner.name), unloaded: gone.map(({ served }) => served) };
  });
}

const SEE_LIST = 'See `ragtui deploy list`.';

/** The adapters of a server as its folder says them now. */
const adaptersOf = (server: Server): readonly DeployedAdapter[] => readAdapters(server.job.folder)?.adapters ?? [];
const findAdapter = (server: Server, name: string): DeployedAdapter | undefined =>
  adaptersOf(server).find((one) => one.name === name);

function answer(server: Server, name: string): Omit<ChangedAdapter, 'unloaded'> {
  const adapter = findAdapter(server, name) ?? null;
  const current = adapter ? (currentVersion(adapter) ?? null) : null;
  const { job, work } = server;
  return { job: job.spec.id, engine: work.engine, model: work.model, adapter, current };
}

/** One change of a server at a time; what an earlier one left half done is put right first. */
async function whileChanging<T>(server: Server, { signal }: ChangeOptions, change: () => Promise<T>): Promise<T> {
  const unlock = await lockFile(path.join(server.job.folder, 'change.lock'), signal ? { signal } : {});
  try {
    await reconcile(server);
    return await change();
  } finally {
    unlock();
  }
}

/** The server's own list of models is the truth about what is loaded. */
async function reconcile(server: Server): Promise<void> {
  const served = await servedModels(server);
  const known = adaptersOf(server).flatMap(({ name, versions }) => [name, ...versions.map((one) => one.served)]);
  await updateAdapters(server.job.folder, (file) => {
    // What was loaded under its plain name becomes the first version.
    const whole = server.adapters.filter(({ name }) => !known.includes(name));
    const taken = whole.reduce(
      (
        all,
        { name, versions }, // From here on it is a version like any other: it gets its checks.
      ) => versions.reduce((one, version) => withVersion(one, name, { ...version, effect: null }), all),
      file,
    );
    return {
      ...taken,
      adapters: taken.adapters.map((adapter) => ({
        ...adapter,
        versions: adapter.versions.map((one) => ({ ...one, state: served.has(one.served) ? 'loaded' : 'unloaded' })),
      })),
    };
  });
}

async function askToLoad(paths: WorkspacePaths, server: Server, name: string, version: AdapterVersion): Promise<void> {
  const { folder } = server.job;
  if (server.work.engine === 'llama') await makeRoomFor(paths, server, name, version.path);
  const before = adaptersOf(server).some(({ versions }) => versions.some(({ served }) => served === version.served));
  // Until the server has it, the name means what it meant.
  await updateAdapters(folder, (file) => withVersion(file, name, { ...version, state: 'loading' }));
  try {
    await loadAdapter(endpointOf(server), { name: version.served, path: await pathThere(paths, server, version.path) });
  } catch (error) {
    await updateAdapters(folder, (file) =>
      before ? changeVersion(file, version.served, { state: 'unloaded' }) : withoutVersion(file, version.served),
    );
    throw error;
  }
  const loadedAt = new Date().toISOString();
  await updateAdapters(folder, (file) => withVersion(file, name, { ...version, state: 'loaded', loadedAt }, true));
  await writeDownServed(server);
}

/** Where the server finds it: one on another host has it sent there first. */
async function pathThere(paths: WorkspacePaths, { work }: Server, folder: string): Promise<string> {
  if (work.launcher === undefined) return folder;
  return storeFolder(paths, knownHost(paths, hostOf(work.launcher)), folder);
}

async function makeCurrent(
  paths: WorkspacePaths,
  server: Server,
  name: string,
  version: AdapterVersion,
): Promise<void> {
  if (version.state !== 'loaded') return await askToLoad(paths, server, name, version);
  await updateAdapters(server.job.folder, (file) => withVersion(file, name, version, true));
}

/** Unloads versions beyond those that are kept, the oldest first, never the current one. */
async function unloadSpare(server: Server, name: string): Promise<string[]> {
  const adapter = findAdapter(server, name);
  if (!adapter) return [];
  const others = adapter.versions.filter(({ state, version }) => state === 'loaded' && version !== adapter.current);
  const spare = others.slice(0, Math.max(0, others.length - (KEPT_LOADED - 1)));
  for (const { served } of spare) {
    await unloadAdapter(endpointOf(server), served);
    await updateAdapters(server.job.folder, (file) => changeVersion(file, served, { state: 'unloaded' }));
  }
  if (spare.length > 0) await writeDownServed(server);
  return spare.map(({ served }) => served);
}

async function makeRoomFor(paths: WorkspacePaths, { work }: Server, name: string, source: string): Promise<void> {
  const need = modelNeed(fileOf(installedModel(paths, work.model), 'model.gguf'));
  await makeRoomForAdapter(paths, name, adapterNeed(need, work.contextTokens, source), { beside: [work.model] });
}

const modelsSchema = z.object({
  data: z.array(z.object({ id: z.string(), root: z.string().nullish(), parent: z.string().nullish() })),
});

/** Names and paths of what the server has. Errors: `unavailable`. */
async function servedModels(server: Server): Promise<Map<string, { path: string; isAdapter: boolean }>> {
  const { url, key } = endpointOf(server);
  const ask = async () => {
    const response = await fetch(`${url}/models`, {
      headers: { authorization: `Bearer ${key}` },
      signal: AbortSignal.timeout(ASK_MS),
    });
    return modelsSchema.parse(await response.json());
  };
  try {
    // A connection that was kept may have been closed by the server just now: the second one is new.
    const { data } = await ask().catch((error: unknown) => {
      if (error instanceof Error && error.name === 'TimeoutError') throw error;
      return ask();
    });
    return new Map(
      data.map(({ id, root, parent }) => [id, { path: root ?? '', isAdapter: typeof parent === 'string' }]),
    );
  } catch (error) {
    throw new RagtuiError('unavailable', `The server of ${server.work.model} does not answer.`, SEE_LIST, {
      cause: error,
    });
  }
}

/** Our embedded server keeps `endpoint.json` itself; of vLLM we are the ones who know what changed. */
async function writeDownServed(server: Server): Promise<void> {
  if (server.work.engine === 'llama') return;
  const served = await servedModels(server);
  const adapters = [...served].flatMap(([name, one]) => (one.isAdapter ? [{ name, path: one.path }] : []));
  const file = jobFiles(server.job.folder).endpoint;
  const endpoint = readJsonFile(file, endpointFileSchema);
  if (endpoint) writeJsonFile(file, { ...endpoint, adapters } satisfies EndpointFile);
}

function endpointOf({ job, work }: Server): EndpointFile {
  const endpoint = readJsonFile(jobFiles(job.folder).endpoint, endpointFileSchema);
  if (endpoint?.ready) return endpoint;
  throw new RagtuiError(
    'unavailable',
    `The server of ${work.model} does not answer yet.`,
    `See \`ragtui jobs logs ${job.spec.id}\`.`,
  );
}

const isChosen = ({ job, work }: Server, choice: ServerChoice): boolean =>
  work.runner === undefined &&
  (choice.engine === undefined || work.engine === choice.engine) &&
  (choice.job === undefined || job.spec.id === choice.job);

/** The newest server that has the adapter, or a version of it. */
function serverWith(paths: WorkspacePaths, name: string, choice: ServerChoice): Server {
  const found = listServers(paths).find(
    (server) =>
      isChosen(server, choice) &&
      server.adapters.some((one) => one.name === name || one.versions.some(({ served }) => served === name)),
  );
  if (!found) throw new RagtuiError('not-found', `No server has an adapter "${name}".`, SEE_LIST);
  return found;
}

/** The newest server whose base the adapter was trained on; where that is not known, the newest that would take it. */
function serverFor(paths: WorkspacePaths, source: string, base: string | null, choice: ServerChoice): Server {
  const servers = listServers(paths).filter((server) => isChosen(server, choice));
  const known = base ?? baseNamed(paths, source, servers);
  const fitting = known === null ? servers : servers.filter(({ work }) => work.model === known);
  const ready = fitting.filter(({ job }) => readJsonFile(jobFiles(job.folder).endpoint, endpointFileSchema)?.ready);
  const [first] = ready;
  if (first)
    return ready.length === 1 || known !== null ? first : (ready.find((one) => fits(paths, one, source)) ?? first);
  const [starting] = fitting;
  if (starting) endpointOf(starting);
  throw new RagtuiError(
    'not-found',
    known === null ? 'Nothing is served.' : `${known}, which it was trained on, is not served.`,
    `Start it: ragtui deploy start ${known ?? 'MODEL'}.`,
  );
}

/** The served model whose folder or name the adapter's own config names. */
function baseNamed(paths: WorkspacePaths, source: string, servers: readonly Server[]): string | null {
  if (source.endsWith('.gguf')) return null;
  const named = readAdapterConfig(source).base_model_name_or_path;
  if (!named) return null;
  const found = servers.find(({ work }) =>
    [work.model, work.weights, transformersFolder(paths, work.model)].includes(named),
  );
  return found?.work.model ?? null;
}

function checkFits(paths: WorkspacePaths, server: Server, source: string): void {
  const { work, room } = server;
  if (work.engine === 'vllm') checkFitsVllm(source, work.weights ?? transformersFolder(paths, work.model), room);
  else if (!source.endsWith('.gguf')) checkAdapterConfig(readAdapterConfig(source));
}

function fits(paths: WorkspacePaths, server: Server, source: string): boolean {
  try {
    checkFits(paths, server, source);
    return true;
  } catch {
    return false;
  }
}
