import { existsSync } from 'node:fs';
import { endpointFileSchema, jobFiles, readJsonFile } from '../jobs/folder.ts';
import { listJobs } from '../jobs/registry.ts';
import { isOver, type JobView } from '../jobs/types.ts';
import { RagtuiError } from '../platform/errors.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { readAdapters } from './adapters/state.ts';
import { type AdapterVersion, currentVersion, type DeployedAdapter, type LoraRoom } from './adapters/types.ts';
import { type ServeEngine, type ServeWork, serveEngineSchema } from './types.ts';

/** A `serve` job that runs or starts. */
export interface Server {
  readonly job: JobView;
  /** As it is now: its adapters are those it has, each loaded version once, the current ones under their plain names. */
  readonly work: ServeWork;
  /** Its adapters with their versions; one that was loaded without versions has one, under its plain name. */
  readonly adapters: readonly DeployedAdapter[];
  /** What it was started for; null = no limit, or not known yet. */
  readonly room: LoraRoom | null;
  /** It gave a GPU's memory back (`deploy make-room`) and answers nothing until it is woken. */
  readonly asleep: boolean;
}

/** Servers that run or start, newest first, with the adapters they have now. `jobs` spares reading those of the workspace. */
export function listServers(paths: WorkspacePaths, jobs: readonly JobView[] = listJobs(paths)): Server[] {
  return jobs.flatMap((job) => {
    const { work } = job.spec;
    if (work.kind !== 'serve' || isOver(job.state) || job.state === 'stopping') return [];
    const file = readAdapters(job.folder);
    const versioned = file?.adapters ?? [];
    const endpoint = readJsonFile(jobFiles(job.folder).endpoint, endpointFileSchema);
    const now = endpoint?.ready ? (endpoint.adapters ?? work.adapters) : work.adapters;
    const adapters = [...versioned, ...plain(now, versioned, job, endpoint?.ready === true)];
    const asleep = existsSync(jobFiles(job.folder).asleep);
    return [{ job, work: { ...work, adapters: named(now, adapters) }, adapters, room: file?.room ?? null, asleep }];
  });
}

/** What a server has, the current versions under the names that people use. */
const named = (now: ServeWork['adapters'], adapters: readonly DeployedAdapter[]): ServeWork['adapters'] =>
  now.map((one) => {
    const adapter = adapters.find((known) => currentVersion(known)?.served === one.name);
    return adapter ? { ...one, name: adapter.name } : one;
  });

/** Those that were loaded under their plain names. */
function plain(
  now: ServeWork['adapters'],
  versioned: readonly DeployedAdapter[],
  job: JobView,
  isReady: boolean,
): DeployedAdapter[] {
  const known = versioned.flatMap(({ name, versions }) => [name, ...versions.map(({ served }) => served)]);
  const others = now.filter(({ name }) => !known.includes(name));
  return others.map(({ name, path }) => ({
    name,
    current: 1,
    versions: [
      {
        version: 1,
        served: name,
        path,
        source: path,
        sha256: null,
        rank: null,
        state: isReady ? 'loaded' : 'loading',
        loadedAt: job.startedAt ?? job.spec.createdAt,
        effect: notChecked(job),
        template: null,
      },
    ],
  }));
}

/** A server that a question or a comparison started takes the newest tune as it is: nobody waits for its checks. */
function notChecked({ spec, startedAt }: JobView): AdapterVersion['effect'] {
  if (spec.work.kind !== 'serve' || spec.work.idleMinutes === 0) return null;
  const why = 'its server was started for a question; one that is loaded by hand (load-adapter) is checked';
  const checkedAt = startedAt ?? spec.createdAt;
  return { state: 'unknown', largest: null, noise: null, tokens: 0, why, checkedAt };
}

/** The model and its adapters. */
export const servedNames = ({ model, servedName, adapters }: ServeWork): string[] => [
  servedName ?? model,
  ...adapters.map(({ name }) => name),
];

/** Everything a server can be asked for: its model by either name, adapters, and each of their versions. */
export const namesOf = ({ work, adapters }: Server): string[] => [
  ...new Set([
    work.model,
    ...servedNames(work),
    ...adapters.flatMap(({ versions }) =>
      versions.flatMap(({ state, served }) => (state === 'loaded' ? [served] : [])),
    ),
  ]),
];

/** The name the server itself knows `name` by: an adapter's plain name means its current version. */
export function servedAs({ work, adapters }: Pick<Server, 'work' | 'adapters'>, name: string): string {
  if (name === work.model) return work.servedName ?? work.model;
  const adapter = adapters.find((one) => one.name === name);
  return (adapter && currentVersion(adapter)?.served) ?? name;
}

/** The version that `name` means on a server: the current one of a plain name, or one by its own name. */
export function versionOf({ adapters }: Pick<Server, 'adapters'>, name: string): AdapterVersion | undefined {
  const adapter = adapters.find((one) => one.name === name);
  if (adapter) return currentVersion(adapter);
  return adapters.flatMap(({ versions }) => versions).find(({ served }) => served === name);
}

/** The newest server that has all of `names`: of chat models unless embedders are asked for, of any engine unless one is named, and only if `accepts` it. */
export function findServer(
  paths: WorkspacePaths,
  names: readonly string[],
  engine?: ServeEngine,
  runner?: ServeWork['runner'],
  accepts: (server: Server) => boolean = () => true,
): Server | undefined {
  return listServers(paths).find((server) => {
    if (!accepts(server) || server.work.runner !== runner || (engine !== undefined && server.work.engine !== engine))
      return false;
    const has = namesOf(server);
    return names.every((name) => has.includes(name));
  });
}

/** An LLM's name as columns write it: `sft`, or `sft@vllm` for the one on that engine. Errors: `usage`. */
export function parseLlm(llm: string): { readonly name: string; readonly engine: ServeEngine | undefined } {
  const at = llm.lastIndexOf('@');
  if (at < 0) return { name: llm, engine: undefined };
  const engine = serveEngineSchema.exclude(['onnx']).safeParse(llm.slice(at + 1));
  if (!engine.success) {
    throw new RagtuiError('usage', `"${llm}" names no engine we know.`, 'Write NAME, NAME@llama or NAME@vllm.');
  }
  return { name: llm.slice(0, at), engine: engine.data };
}
