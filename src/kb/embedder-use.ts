import { existsSync } from 'node:fs';
import { allModels } from '../models/store.ts';
import { RagtuiError } from '../platform/errors.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { connectKb } from './client.ts';
import type { KnowledgeBase } from './types.ts';

/** The knowledge bases that have an embedder, live or beside the live one. Pure. */
export const basesWith = (bases: readonly KnowledgeBase[], embedder: string): readonly KnowledgeBase[] =>
  bases.filter(({ embedders }) => embedders.includes(embedder));

/** Throws `busy` when a knowledge base has the embedder: without it its vectors are of no use. */
export async function assertEmbedderUnused(paths: WorkspacePaths, id: string, signal?: AbortSignal): Promise<void> {
  const entry = allModels(paths).find((one) => one.id === id);
  if ((entry && entry.kind !== 'embedder') || !existsSync(paths.database)) return;
  const kb = await connectKb(paths, signal ? { signal } : {});
  try {
    const [user] = basesWith(await kb.call('kb.list', {}), id);
    if (!user) return;
    const live = user.embedders[0] === id;
    throw new RagtuiError(
      'busy',
      `The knowledge base "${user.name}" ${live ? 'is searched with' : 'has an index of'} ${id}.`,
      live
        ? `Switch it to another embedder first (ragtui kb switch ${user.name} --embedder ID), or delete it.`
        : `Take it out first: ragtui kb shadow ${user.name} --embedder ${id} --drop`,
    );
  } finally {
    await kb.close();
  }
}
