import { endpointFileSchema, jobFiles, readJsonFile } from '../jobs/folder.ts';
import { listJobs } from '../jobs/registry.ts';
import { isOver, type JobView } from '../jobs/types.ts';
import { RagtuiError } from '../platform/errors.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { type ServeEngine, type ServeWork, serveEngineSchema } from './types.ts';

/** A `serve` job that runs or starts. */
export interface Server {
  readonly job: JobView;
  readonly work: ServeWork;
}

/** Servers that run or start, newest first, with the adapters they have now. */
export function listServers(paths: WorkspacePaths): Server[] {
  return listJobs(paths).flatMap((job) => {
    const { work } = job.spec;
    if (work.kind !== 'serve' || isOver(job.state) || job.state === 'stopping') return [];
    const endpoint = readJsonFile(jobFiles(job.folder).endpoint, endpointFileSchema);
    const now = endpoint?.ready ? endpoint.adapters : undefined;
    return [{ job, work: now ? { ...work, adapters: now } : work }];
  });
}

/** The model and its adapters. */
export const servedNames = ({ model, adapters }: ServeWork): string[] => [model, ...adapters.map(({ name }) => name)];

/** The newest server that has all of `names`: of chat models unless embedders are asked for, of any engine unless one is named. */
export function findServer(
  paths: WorkspacePaths,
  names: readonly string[],
  engine?: ServeEngine,
  runner?: ServeWork['runner'],
): Server | undefined {
  return listServers(paths).find(
    ({ work }) =>
      work.runner === runner &&
      (engine === undefined || work.engine === engine) &&
      names.every((name) => servedNames(work).includes(name)),
  );
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
