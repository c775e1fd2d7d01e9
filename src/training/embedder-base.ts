import { findModel } from '../models/store.ts';
import type { EmbedderBaseEntry } from '../models/types.ts';
import { RagtuiError } from '../platform/errors.ts';
import type { WorkspacePaths } from '../platform/paths.ts';

const SUFFIX = '-base';

/**
 * The weights to start from: `all-minilm-l6-v2-base`, or `all-minilm-l6-v2` for short.
 * Throws `not-found`, `usage` for a model that cannot be trained on.
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
  const { kind } = findModel(paths, id);
  throw new RagtuiError(
    'usage',
    `"${id}" (${kind}) cannot be tuned as an embedder: its weights are not here in a form to train on.`,
    'Choose a model of kind embedder-base: see `ragtui models list`.',
  );
}

/** What the untuned base is called as an embedder beside its tunes: `all-minilm-l6-v2-exported`. */
export const exportedName = (baseId: string): string =>
  `${baseId.endsWith(SUFFIX) ? baseId.slice(0, -SUFFIX.length) : baseId}-exported`;

/** What the int8 model of a tune is called. */
export const int8Name = (name: string): string => `${name}-int8`;
