import { existsSync } from 'node:fs';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { checkDataset } from '../../../src/datasets/doctor/check.ts';
import { importDataset } from '../../../src/datasets/import.ts';
import { openQaDataset } from '../../../src/datasets/open.ts';
import { splitDataset } from '../../../src/datasets/split.ts';
import { packageRoot } from '../../../src/platform/entry.ts';
import { DatasetWorkspace } from './workspace.ts';

// The published data is not in the repository: these tests run where it lies beside it.
const DATA = path.join(packageRoot(), '..', 'shared', 'data');
const have = existsSync(DATA);
const workspace = new DatasetWorkspace();
afterAll(() => workspace.remove());

test.runIf(!have)('published data is not here: its leaks were NOT counted', () => expect(have).toBe(false));

// 42 of 700: counted with numpy's own permutation and Python's csv. Rows 1727, 1733 and 2731 are incomplete.
test.runIf(have)(
  "the tutorial's own leak: 42 of its 700 test rows, found row by row; none when split by context",
  async () => {
    const file = path.join(DATA, 'financial-qa-10k', 'Financial-QA-10k.csv');
    await importDataset(workspace.paths, file, { format: 'financial-qa', name: 'financial' });
    await splitDataset(workspace.paths, 'financial', { method: 'tutorial' });
    await splitDataset(workspace.paths, 'financial', { method: 'context' });
    const { findings } = await checkDataset(workspace.paths, 'financial', { only: ['leak-context', 'empty-text'] });
    expect(findings.summary.leaks.map(({ part, rows, context }) => [part, rows, context])).toEqual([
      ['tutorial/test', 700, 42],
      ['context/test', 700, 0],
    ]);
    expect(findings.page({ rules: ['leak-context'] }, 0, 100).total).toBe(42);
    const empty = findings.page({ rules: ['empty-text'] }, 0, 100).findings;
    expect(empty.map(({ finding }) => finding.row)).toEqual([1727, 1733, 2731]);
    expect(findings.summary.forecasts.map(({ kept, rows }) => [kept, rows])).toEqual([
      [6997, 7000],
      [6997, 7000],
    ]);
  },
);

// Measured before on the raw texts: no context and no question is in both, 2 of 256 trial contexts share 50 characters.
test.runIf(have)(
  'CMRC trial against dev: no context and no question in common, a passage in two contexts',
  async () => {
    for (const part of ['trial', 'dev']) {
      const file = path.join(DATA, 'cmrc2018', `cmrc2018_${part}.json`);
      await importDataset(workspace.paths, file, { format: 'cmrc', name: part });
    }
    const only = ['leak-context', 'leak-question', 'leak-near-context', 'leak-run'];
    const { findings } = await checkDataset(workspace.paths, 'trial', { against: ['dev'], only });
    const [leaks] = findings.summary.leaks;
    expect(leaks).toMatchObject({ rows: 1002, context: 0, question: 0, nearContext: 0 });
    const trial = openQaDataset(workspace.paths, 'trial');
    const sharing = findings
      .page({ rules: ['leak-run'] }, 0, 100)
      .findings.map(({ finding }) => trial.row(finding.row ?? -1).contextId);
    expect(new Set(sharing).size).toBe(2);
  },
);
