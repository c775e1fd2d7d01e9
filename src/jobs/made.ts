import { existsSync, rmSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import type { KnowledgeBase } from '../kb/types.ts';
import { removeModel } from '../models/store.ts';
import { modelUses } from '../models/uses.ts';
import { RagtuiError } from '../platform/errors.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { registeredIn, tunedFolder } from '../training/tuned.ts';
import { deleteJob, listJobs, readJob } from './registry.ts';
import { isOver, type JobWork } from './types.ts';

/** What deleting a job would take, before anything is deleted. */
export interface Deletion {
  readonly job: string;
  /** The job's own folder: its log, and the items of an evaluation. */
  readonly logs: { readonly folder: string; readonly bytes: number };
  /** What it made elsewhere and can be deleted with it; null: nothing. */
  readonly made: {
    readonly name: string;
    readonly folder: string;
    readonly bytes: number;
    /** Names by which it can be chosen as a model (an int8 copy has its own); these entries go too. */
    readonly registered: readonly string[];
    /** Other jobs that worked on the same thing. */
    readonly alsoBy: readonly string[];
  } | null;
  /** Who needs what it made: it cannot be deleted now. */
  readonly usedBy: readonly string[];
  /** What it made that is never deleted with it, with the command that would. */
  readonly stays: string | null;
}

/** Looks; deletes nothing. `bases` are the knowledge bases there are. Errors: as `readJob`. */
export async function planDeletion(
  paths: WorkspacePaths,
  id: string,
  bases: readonly KnowledgeBase[],
): Promise<Deletion> {
  const view = readJob(paths, id);
  const { work } = view.spec;
  const logs = { folder: view.folder, bytes: await bytesOf(view.folder) };
  const trains = work.kind === 'train-llm' || work.kind === 'train-embedder';
  if (!trains) return { job: id, logs, made: null, usedBy: [], stays: stays(work) };

  const { root } = tunedFolder(paths, work.name);
  const registered = registeredIn(paths, root);
  const others = listJobs(paths).filter(
    ({ spec }) => spec.id !== id && spec.work.kind === work.kind && spec.work.name === work.name,
  );
  const busy = others.filter(({ state }) => !isOver(state)).map(({ spec }) => `the job ${spec.id} (${spec.name})`);
  // Also by its own name: a server that runs may still have what was taken off the list.
  const uses = [...new Set([work.name, ...registered])].flatMap((name) =>
    modelUses(paths, name, bases).map(({ by }) => by),
  );
  const there = existsSync(root) || registered.length > 0;
  return {
    job: id,
    logs,
    made: there
      ? {
          name: work.name,
          folder: root,
          bytes: await bytesOf(root),
          registered,
          alsoBy: others.map(({ spec }) => spec.id),
        }
      : null,
    usedBy: there ? [...busy, ...uses] : [],
    stays: null,
  };
}

/**
 * Deletes a job and what it made. What it made goes first: should that fail, the job is still there to try again.
 * Errors: `busy` while it runs or while somebody uses what it made.
 */
export async function deleteWithMade(
  paths: WorkspacePaths,
  id: string,
  bases: readonly KnowledgeBase[],
): Promise<Deletion> {
  const plan = await planDeletion(paths, id, bases);
  const view = readJob(paths, id);
  if (isOver(view.state) && view.orphans.length === 0 && plan.made) {
    assertUnused(plan);
    for (const name of plan.made.registered) await removeModel(paths, name);
    rmSync(plan.made.folder, { recursive: true, force: true });
  }
  deleteJob(paths, id);
  return plan;
}

/** Throws `busy`, naming who uses what the job made. */
export function assertUnused({ made, usedBy }: Deletion): void {
  const [first, ...more] = usedBy;
  if (!made || first === undefined) return;
  const others = more.length > 0 ? ` and ${more.length} more` : '';
  throw new RagtuiError(
    'busy',
    `${made.name} is used by ${first}${others}.`,
    'Stop or delete that first, or delete the job alone (without --artifacts).',
  );
}

function stays(work: JobWork): string | null {
  switch (work.kind) {
    case 'ingest':
      return `What it read stays in the knowledge base: ragtui kb delete ${work.kb}`;
    case 'pull':
      return `The models stay: ragtui models remove ${work.models.join(' ')}`;
    case 'make-data':
      return `The dataset stays: ragtui dataset delete ${work.making.as}`;
    case 'engine-install':
      return `The engine stays: ragtui engines remove ${work.engine}`;
    default:
      return null;
  }
}

/** Bytes of all files below a folder; 0 when it is not there. */
async function bytesOf(folder: string): Promise<number> {
  let bytes = 0;
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) bytes += await bytesOf(file);
    else if (entry.isFile()) bytes += (await stat(file).catch(() => null))?.size ?? 0;
  }
  return bytes;
}
