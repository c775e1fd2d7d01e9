import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { WorkspacePaths } from '../../platform/paths.ts';
import { datasetFolder } from '../layout.ts';
import { listDatasets } from '../store.ts';
import { type PrepareOptions, prepareDataset } from './prepare.ts';
import type { Prepared } from './types.ts';

/** What `prepareDataset` would do: all of it, in a folder that is removed again. Files are named by what they would be called. */
export async function prepareDry(paths: WorkspacePaths, source: string, options: PrepareOptions): Promise<Prepared> {
  const home = mkdtempSync(path.join(tmpdir(), 'ragtui-prepare-'));
  try {
    const datasets = path.join(home, 'datasets');
    const here = listDatasets(paths).find(({ name }) => name === source);
    if (here && !existsSync(source)) {
      cpSync(datasetFolder(paths, here.slug), path.join(datasets, here.slug), { recursive: true });
    }
    const apart = { ...paths, home, datasets, trash: path.join(home, 'trash'), jobs: path.join(home, 'jobs') };
    const made = await prepareDataset(apart, source, path.join(home, 'out'), options);
    return { ...made, files: made.files.map((one) => ({ ...one, file: path.basename(one.file) })) };
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}
