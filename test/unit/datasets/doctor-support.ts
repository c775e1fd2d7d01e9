import { readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { type CheckOptions, checkDataset } from '../../../src/datasets/doctor/check.ts';
import type { Finding } from '../../../src/datasets/doctor/types.ts';
import { openDataset } from '../../../src/datasets/open.ts';
import { keepSplits, writeSplitFile } from '../../../src/datasets/splits/keep.ts';
import { publishVersion } from '../../../src/datasets/store.ts';
import { type DatasetKind, type DatasetRow, rowSchemas, type SplitFile } from '../../../src/datasets/types.ts';
import { VersionWriter } from '../../../src/datasets/version-writer.ts';
import { packageRoot } from '../../../src/platform/entry.ts';
import { ensureWorkspace, type WorkspacePaths } from '../../../src/platform/paths.ts';

export const FIXTURES = path.join(packageRoot(), 'fixtures', 'doctor');

/** What is planted in the fixtures: by file and row (from 0), the rule that must find it and the fix it must offer. */
export const planted = z
  .array(
    z.object({
      file: z.string(),
      row: z.number().nullable(),
      line: z.number().optional(),
      rule: z.string(),
      fix: z.union([
        z.literal(['drop-row', 'none']),
        z.object({ path: z.string(), to: z.unknown() }),
        z.object({ rows: z.array(z.number()) }),
      ]),
      other: z.number().optional(),
    }),
  )
  .parse(JSON.parse(readFileSync(path.join(FIXTURES, 'expected.json'), 'utf8')));

/** The rows of a fixture. */
export const fixtureRows = (kind: DatasetKind, name: string): DatasetRow[] =>
  readFileSync(path.join(FIXTURES, `${name}.jsonl`), 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => rowSchemas[kind].parse(JSON.parse(line)));

/** Makes rows a dataset as an import would, without a file format that might lose a defect. */
export async function publishRows(
  paths: WorkspacePaths,
  name: string,
  kind: DatasetKind,
  rows: readonly DatasetRow[],
  split?: SplitFile,
): Promise<void> {
  ensureWorkspace(paths);
  const writer = new VersionWriter(paths);
  for (const row of rows) writer.add(row);
  const { manifest } = await publishVersion(paths, writer.finish(), {
    name,
    kind,
    lineage: {
      source: { name: `${name}.jsonl`, sha256: '', bytes: 0, format: 'test' },
      steps: [],
      programVersion: 'test',
      createdAt: '2026-01-01T00:00:00.000Z',
    },
  });
  if (!split) return;
  const parts = Object.entries(split).map(([part, numbers]) => ({
    name: part,
    rows: numbers.length,
    sharedWithTrain: 0,
  }));
  const file = writeSplitFile(openDataset(paths, name).folder, 'hand', split);
  await keepSplits(paths, manifest, [
    { name: 'hand', method: 'random', seed: 0, parameters: {}, parts, file, createdAt: '2026-01-02T00:00:00.000Z' },
  ]);
}

/** All findings of a check. */
export async function findingsOf(paths: WorkspacePaths, name: string, options: CheckOptions = {}): Promise<Finding[]> {
  const { findings } = await checkDataset(paths, name, options);
  return findings.page({}, 0, Number.MAX_SAFE_INTEGER).findings.map(({ finding }) => finding);
}
