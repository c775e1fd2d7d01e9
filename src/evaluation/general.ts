import path from 'node:path';
import { importDataset } from '../datasets/import.ts';
import { readManifest } from '../datasets/store.ts';
import type { DatasetManifest } from '../datasets/types.ts';
import { packageRoot } from '../platform/entry.ts';
import { RagtuiError, toRagtuiError } from '../platform/errors.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { GENERAL_DATASET } from './general-names.ts';

const FILE = 'questions.jsonl';

/**
 * The general questions as a dataset of the workspace, made at the first use; a set that came with another version of
 * this program is another version of the dataset. Errors: `exists` when a dataset of the person's own has the name.
 */
export async function generalDataset(paths: WorkspacePaths): Promise<DatasetManifest> {
  const known = knownOne(paths);
  if (known && known.lineage.source.name !== FILE) {
    throw new RagtuiError(
      'exists',
      `A dataset of yours is called ${GENERAL_DATASET}, the name of the general questions.`,
      'Import it under another name, and delete that one.',
    );
  }
  const file = path.join(packageRoot(), 'fixtures', 'general', FILE);
  return (await importDataset(paths, file, { format: 'ragtui', name: GENERAL_DATASET })).manifest;
}

function knownOne(paths: WorkspacePaths): DatasetManifest | undefined {
  try {
    return readManifest(paths, GENERAL_DATASET);
  } catch (error) {
    if (toRagtuiError(error).code === 'not-found') return undefined;
    throw error;
  }
}
