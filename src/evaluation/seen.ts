import path from 'node:path';
import { z } from 'zod';
import { viewOf } from '../datasets/doctor/row-view.ts';
import { fold } from '../datasets/doctor/text/fold.ts';
import { SeenTexts } from '../datasets/near-duplicates.ts';
import { openDataset } from '../datasets/open.ts';
import { TextSet } from '../datasets/text-set.ts';
import { readJsonFile } from '../jobs/folder.ts';
import { listAdapters, readOwnModels, tunedModels } from '../models/store.ts';
import { RagtuiError } from '../platform/errors.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import type { Column } from '../rag/types.ts';
import type { EvaluationItem } from './plan.ts';

/** What a tune was made of, as its lineage tells it. */
const madeOfSchema = z.looseObject({ dataset: z.string(), datasetVersion: z.string(), split: z.string() });
const manifestSchema = z.looseObject({ lineage: z.unknown() });

/** The rows a model was trained on; undefined for a model that was not tuned here. */
function trainedOn(paths: WorkspacePaths, model: string): z.infer<typeof madeOfSchema> | undefined {
  const is = (name: string): boolean => model === name || model.startsWith(`${name}@`);
  const adapter = listAdapters(paths).find(({ name }) => is(name));
  const [, tuned] = [...tunedModels(paths)].find(([id]) => is(id)) ?? [];
  const folder = readOwnModels(paths).models.find(({ entry }) => is(entry.id))?.folder;
  const manifest = folder === undefined ? undefined : readJsonFile(path.join(folder, 'manifest.json'), manifestSchema);
  const lineage = adapter?.lineage ?? tuned?.lineage ?? manifest?.lineage;
  return madeOfSchema.safeParse(lineage).data;
}

/**
 * Which questions of a run its tunes were trained on: by item whether the question or its passage stands in the training
 * rows (width, case, spaces and punctuation aside), or a passage that is nearly the same. Undefined where no model of the
 * run was tuned here, or what one was trained on is gone: then nobody can tell. Seconds of work for thousands of rows.
 */
export async function seenInTraining(
  paths: WorkspacePaths,
  columns: readonly Column[],
  items: readonly EvaluationItem[],
): Promise<ReadonlyMap<string, boolean> | undefined> {
  const models = new Set(columns.flatMap(({ llm, embedder }) => [llm, ...(embedder === undefined ? [] : [embedder])]));
  const trained = new Map(
    [...models].flatMap((model) => {
      const of = trainedOn(paths, model);
      return of ? [[JSON.stringify([of.dataset, of.datasetVersion, of.split]), of] as const] : [];
    }),
  );
  if (trained.size === 0) return undefined;
  const questions = new TextSet();
  const contexts = new TextSet();
  const near = new SeenTexts();
  try {
    for (const { dataset, datasetVersion, split } of trained.values()) {
      const rows = openDataset(paths, dataset, { version: datasetVersion }).rows(split === 'all' ? undefined : split);
      for await (const row of rows) {
        const view = viewOf(row);
        if (view.question !== '') questions.add(fold(view.question));
        for (const context of view.contexts) if (contexts.add(fold(context))) near.add(context);
      }
    }
  } catch (error) {
    if (error instanceof RagtuiError) return undefined;
    throw error;
  }
  const known = new Map<string, boolean>();
  const contextSeen = (context: string): boolean => {
    const found = known.get(context) ?? (contexts.has(fold(context)) || near.near(context) !== undefined);
    known.set(context, found);
    return found;
  };
  return new Map(
    items.map(({ id, question, context }) => [id, questions.has(fold(question)) || contextSeen(context)] as const),
  );
}
