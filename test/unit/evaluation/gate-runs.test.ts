import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { compareColumns } from '../../../src/evaluation/diff.ts';
import { gateRun } from '../../../src/evaluation/gate.ts';
import { jobFiles, jobFolder } from '../../../src/jobs/folder.ts';
import { ensureWorkspace, type WorkspacePaths, workspacePaths } from '../../../src/platform/paths.ts';
import { result, runOf } from './results.ts';

const WHOLE = '20261123-070000-evaluate-0001';
const STOPPED = '20261123-070000-evaluate-0002';
let home: string;
let paths: WorkspacePaths;
beforeAll(() => {
  home = mkdtempSync(path.join(os.tmpdir(), 'ragtui gates '));
  paths = workspacePaths(home, {});
  ensureWorkspace(paths);
  write(WHOLE, 'succeeded', 1);
  write(STOPPED, 'stopped', 0);
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

/** A run of 20 questions on the disk, all with one score. */
function write(id: string, state: 'succeeded' | 'stopped', score: number): void {
  const items = Array.from({ length: 20 }, (_, at) => result({ item: `q${at}`, place: at, scores: { exact: score } }));
  const { view } = runOf(items, { metrics: ['exact'], primary: 'exact', baselines: false });
  const folder = jobFolder(paths, id);
  mkdirSync(folder, { recursive: true });
  const files = jobFiles(folder);
  writeFileSync(files.spec, JSON.stringify({ ...view.spec, id }));
  writeFileSync(files.result, JSON.stringify({ state, reason: '', error: null, endedAt: '2026-11-23T07:10:00.000Z' }));
  writeFileSync(path.join(folder, 'items.jsonl'), items.map((item) => `${JSON.stringify(item)}\n`).join(''));
}
const wish = { column: 'base', tolerance: 0 };

test('a run that is whole is compared with another one, with a verdict', async () => {
  const { interim, metrics } = compareColumns(paths, [`${WHOLE}/base`, `${WHOLE}/base`], WHOLE);
  expect(interim).toBe(false);
  expect(metrics['exact']?.sentence).toContain('Cannot tell');
  expect((await gateRun(paths, WHOLE, { ...wish, baseline: `${WHOLE}/base` })).gates[0]?.answer).toBe('yes');
});

test('one that was stopped has no verdict, and no gate leans on it', async () => {
  const found = compareColumns(paths, [`${STOPPED}/base`, 'base'], WHOLE);
  expect(found.interim).toBe(true);
  expect(found.metrics['exact']).toMatchObject({ verdict: 'cannot tell', difference: 1 });
  expect(found.metrics['exact']?.sentence).toContain('Interim, no verdict yet');
  await expect(gateRun(paths, WHOLE, { ...wish, baseline: `${STOPPED}/base` })).rejects.toThrow(/is not finished/);
});
