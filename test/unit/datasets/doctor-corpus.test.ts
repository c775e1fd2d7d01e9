import { copyFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { ALL_RULES } from '../../../src/datasets/doctor/registry.ts';
import type { Finding } from '../../../src/datasets/doctor/types.ts';
import { importDataset } from '../../../src/datasets/import.ts';
import type { DatasetKind, SplitFile } from '../../../src/datasets/types.ts';
import { FIXTURES, findingsOf, fixtureRows, planted, publishRows } from './doctor-support.ts';
import { DatasetWorkspace } from './workspace.ts';

// Defects planted by hand, each in a row of its own beside what looks wrong and is not, and a twin of every file in
// which they are mended. Nothing may be missed, nothing may be found that is not planted.

const workspace = new DatasetWorkspace();
afterAll(() => workspace.remove());

interface File {
  readonly name: string;
  readonly kind: DatasetKind;
  readonly split?: SplitFile;
  readonly also?: readonly string[];
}

const FILES: readonly File[] = [
  { name: 'qa-zh', kind: 'qa' },
  { name: 'qa-en', kind: 'qa' },
  { name: 'sft', kind: 'sft' },
  { name: 'retrieval', kind: 'retrieval' },
  { name: 'preference', kind: 'preference' },
  { name: 'personal', kind: 'qa', also: ['personal-data'] },
  { name: 'leaks', kind: 'qa', split: { train: [0, 1, 2, 3, 4], test: [5, 6, 7, 8, 9] } },
];

/** A finding as the list of what is planted has it. */
function asPlanted({ rule, row, fix, other }: Finding) {
  return {
    rule,
    row,
    fix:
      fix === null
        ? 'none'
        : fix.kind === 'set'
          ? { path: fix.path, to: fix.to }
          : fix.rows
            ? { rows: fix.rows }
            : 'drop-row',
    ...(other ? { other: other.row } : {}),
  };
}

const inOrder = <T extends { rule: string; row: number | null }>(all: readonly T[]): T[] =>
  [...all].sort((a, b) => (a.row ?? -1) - (b.row ?? -1) || a.rule.localeCompare(b.rule));

describe.each(FILES)('$name', ({ name, kind, split, also = [] }) => {
  test('every planted defect is found with its row and its fix, and nothing else', async () => {
    await publishRows(workspace.paths, name, kind, fixtureRows(kind, name), split);
    const found = (await findingsOf(workspace.paths, name, { also })).map(asPlanted);
    const expected = planted.filter(({ file }) => file === name).map(({ file: _, ...one }) => one);
    expect(inOrder(found)).toEqual(inOrder(expected));
  });

  test('nothing is found in the clean twin', async () => {
    await publishRows(workspace.paths, `${name} clean`, kind, fixtureRows(kind, `${name}.clean`), split);
    expect(await findingsOf(workspace.paths, `${name} clean`, { also })).toEqual([]);
  });
});

test('lines of a source that could not be read are findings with their number', async () => {
  const file = path.join(workspace.folder, 'schema.jsonl');
  copyFileSync(path.join(FIXTURES, 'schema.openai.jsonl'), file);
  await importDataset(workspace.paths, file, { format: 'openai', name: 'schema' });
  const found = await findingsOf(workspace.paths, 'schema', { only: ['schema'] });
  const lines = planted.flatMap(({ file: of, line }) => (of === 'schema.openai' ? [line] : []));
  expect(found.map(({ message }) => Number(/line (\d+)/.exec(message)?.[1]))).toEqual(lines);
  expect(found.every(({ severity, row }) => severity === 'error' && row === null)).toBe(true);
});

test('at least forty defects are planted, and each rule has one (lengths need a model)', () => {
  expect(planted.length).toBeGreaterThanOrEqual(40);
  const covered = new Set(planted.map(({ rule }) => rule));
  expect(ALL_RULES.map(({ id }) => id).filter((id) => !covered.has(id))).toEqual(['too-long']);
});

test('personal data is looked for only when asked', async () => {
  await publishRows(workspace.paths, 'quiet', 'qa', fixtureRows('qa', 'personal'));
  expect(await findingsOf(workspace.paths, 'quiet')).toEqual([]);
});
