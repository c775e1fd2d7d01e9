import { listJobs } from '../jobs/registry.ts';
import { isOver, type JobView, type JobWork } from '../jobs/types.ts';
import type { KnowledgeBase } from '../kb/types.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { listAdapters } from './store.ts';

/** Something that would break, or could not be done again, without a model. */
export interface ModelUse {
  /** In words, with its id: `the server 2026… (serve smollm2)`. */
  readonly by: string;
  /** It uses the model just now. */
  readonly now: boolean;
}

/** Who uses a model, an adapter or an endpoint of this workspace: jobs, evaluation runs, knowledge bases, adapters on it. */
export function modelUses(paths: WorkspacePaths, name: string, bases: readonly KnowledgeBase[]): ModelUse[] {
  return [
    ...bases
      .filter(({ embedders }) => embedders.includes(name))
      .map((base) => ({ by: `the knowledge base ${base.name}`, now: true })),
    ...listAdapters(paths)
      .filter(({ base }) => base === name)
      .map((adapter) => ({ by: `the adapter ${adapter.name} on it`, now: false })),
    ...listJobs(paths).flatMap((job) => useOf(job, name) ?? []),
  ];
}

function useOf({ spec, state }: JobView, name: string): ModelUse | undefined {
  const now = !isOver(state);
  const { work } = spec;
  if (!namesOf(work).includes(name)) return undefined;
  // What has ended and kept nothing that points to the model is no use of it.
  if (!now && work.kind !== 'evaluate') return undefined;
  const what = work.kind === 'serve' ? 'server' : work.kind === 'evaluate' ? 'run' : 'job';
  return { by: `the ${what} ${spec.id} (${spec.name})`, now };
}

/** The models that a job's work names. Pure. */
export function namesOf(work: JobWork): string[] {
  switch (work.kind) {
    case 'serve':
      return [work.model, ...work.adapters.map((adapter) => adapter.name)];
    case 'ingest':
      return work.embedders;
    case 'shadow':
      return [work.embedder];
    case 'pull':
      return work.models;
    case 'train-llm':
    case 'train-embedder':
      return [work.base];
    case 'evaluate':
      return work.columns.flatMap(({ llm, embedder, reranker }) => [
        // `NAME@vllm` names the engine too.
        llm.replace(/@[^@]*$/, ''),
        ...(embedder === undefined ? [] : [embedder]),
        ...(reranker === undefined ? [] : [reranker]),
      ]);
    default:
      return [];
  }
}
