import { existsSync } from 'node:fs';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { importDataset } from '../../../src/datasets/import.ts';
import { packageRoot } from '../../../src/platform/entry.ts';
import { DatasetWorkspace } from './workspace.ts';

// The published data is not in the repository: these tests run where it lies beside it.
const DATA = path.join(packageRoot(), '..', 'shared', 'data');
const have = existsSync(DATA);
const workspace = new DatasetWorkspace();
afterAll(() => workspace.remove());

test.runIf(!have)('published data is not here: its counts were NOT checked', () => expect(have).toBe(false));

// Incomplete (counted with Python's csv and json): two empty questions in trial; row 1727 has no answer, 1733 no
// question, 2731 nothing at all.
test.runIf(have).each([
  ['cmrc2018/cmrc2018_trial.json', 'cmrc', 1002, 256, 2],
  ['cmrc2018/cmrc2018_dev.json', 'cmrc', 3219, 848, 0],
  ['financial-qa-10k/Financial-QA-10k.csv', 'financial-qa', 7000, 6756, 3],
])('%s imports with its published counts', async (file, format, rows, contexts, incomplete) => {
  const { manifest, skipped } = await importDataset(workspace.paths, path.join(DATA, file), { format });
  expect(manifest).toMatchObject({ kind: 'qa', rows, contexts, incomplete });
  expect(skipped).toBe(0);
});
