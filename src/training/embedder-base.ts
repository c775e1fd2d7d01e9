import { allModels, findModel } from '../models/store.ts';
import type { EmbedderBaseEntry } from '../models/types.ts';
import { RagtuiError } from '../platform/errors.ts';
import type { WorkspacePaths } from '../platform/paths.ts';

const SUFFIX = '-base';

/** Bases that recipes name and no source here carries in a form to train on: where a person has them from. */
const ON_THE_HUB: Readonly<Record<string, string>> = { 'bge-large-zh-v1.5-base': 'BAAI/bge-large-zh-v1.5' };

/**
 * The weights to start from: `all-minilm-l6-v2-base`, or `all-minilm-l6-v2` for short.
 * Throws `not-found` (with how to bring it), `usage` for a model that cannot be trained on.
 */
export function findEmbedderBase(paths: WorkspacePaths, id: string): EmbedderBaseEntry {
  for (const candidate of [id, `${id}${SUFFIX}`]) {
    try {
      const entry = findModel(paths, candidate);
      if (entry.kind === 'embedder-base') return entry;
    } catch (error) {
      if (!(error instanceof RagtuiError) || error.code !== 'not-found') throw error;
    }
  }
  const all = allModels(paths);
  const there = all.filter(({ kind }) => kind === 'embedder-base').map((entry) => entry.id);
  const other = all.find((entry) => entry.id === id);
  const name = other ? `${id}${SUFFIX}` : id;
  throw new RagtuiError(
    other ? 'usage' : 'not-found',
    other
      ? `"${id}" (${other.kind}) cannot be tuned as an embedder: its weights are not here in a form to train on.`
      : `There is no model "${id}" to tune as an embedder.`,
    `${howToBring(name)} Here: ${there.join(', ')}.`,
  );
}

function howToBring(name: string): string {
  const repo = ON_THE_HUB[name];
  const from = repo === undefined ? 'Its folder in' : `${repo} of the Hugging Face hub, saved in`;
  return `${from} Transformers' layout with safetensors: ragtui models add ${name} --path FOLDER --kind embedder-base.`;
}

/** What the untuned base is called as an embedder beside its tunes: `all-minilm-l6-v2-exported`. */
export const exportedName = (baseId: string): string =>
  `${baseId.endsWith(SUFFIX) ? baseId.slice(0, -SUFFIX.length) : baseId}-exported`;

/** What the int8 model of a tune is called. */
export const int8Name = (name: string): string => `${name}-int8`;
