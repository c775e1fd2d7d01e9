import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { importDataset } from '../../../src/datasets/import.ts';
import { lineageChain } from '../../../src/datasets/lineage.ts';
import { openDataset } from '../../../src/datasets/open.ts';
import { deleteDataset, listDatasets, restoreDataset } from '../../../src/datasets/store.ts';
import { emptyTrash, listTrash } from '../../../src/datasets/trash.ts';
import { datasetUses, usesText } from '../../../src/datasets/uses.ts';
import { storeIdentity } from '../../../src/jobs/identity.ts';
import { DatasetWorkspace } from './workspace.ts';

let workspace: DatasetWorkspace;
beforeEach(() => {
  workspace = new DatasetWorkspace();
});
afterEach(() => workspace.remove());

const names = () => listDatasets(workspace.paths).map(({ name }) => name);
const make = (name: string, output = 'b') =>
  importDataset(workspace.paths, workspace.file('x.jsonl', JSON.stringify({ instruction: 'a', output })), { name });

/** A job's folder as its launcher leaves it, with its state. */
function job(id: string, work: object, state: string): string {
  const folder = path.join(workspace.paths.jobs, id);
  mkdirSync(folder, { recursive: true });
  const spec = { version: 1, id, name: 'a job', createdAt: '2026-11-23T06:00:00.000Z', work };
  writeFileSync(path.join(folder, 'spec.json'), JSON.stringify(spec));
  writeFileSync(
    path.join(folder, 'state.json'),
    JSON.stringify({ state, reason: '', startedAt: null, endedAt: null, error: null }),
  );
  return folder;
}

test('a deleted dataset waits in the trash, comes back whole, and is gone after a week', async () => {
  const { manifest } = await make('My set');
  await deleteDataset(workspace.paths, 'My set');
  expect(names()).toEqual([]);
  expect(listTrash(workspace.paths)).toMatchObject([{ name: 'My set', rows: 1 }]);
  await make('My set', 'another');
  await expect(restoreDataset(workspace.paths, 'My set')).rejects.toMatchObject({ code: 'exists' });
  await deleteDataset(workspace.paths, 'my set');
  const back = await restoreDataset(workspace.paths, 'My set');
  expect(openDataset(workspace.paths, 'My set').row(0)).toMatchObject({ output: 'another' });
  expect(back.version).not.toBe(manifest.version);
  expect(listTrash(workspace.paths)).toHaveLength(1);
  const inDays = (days: number) => new Date(Date.now() + days * 86_400_000);
  emptyTrash(workspace.paths, inDays(6));
  expect(listTrash(workspace.paths)).toHaveLength(1);
  emptyTrash(workspace.paths, inDays(8));
  expect(listTrash(workspace.paths)).toEqual([]);
  await expect(restoreDataset(workspace.paths, 'other')).rejects.toMatchObject({ code: 'not-found' });
  expect(readdirSync(workspace.paths.datasets)).toContain('my-set');
});

test('who used a dataset: jobs that are over, and none that only has a like name', async () => {
  await make('data');
  const pull = { kind: 'pull', models: ['x'] };
  job('20261123-060000-pull-0001', pull, 'succeeded');
  expect(datasetUses(workspace.paths, 'data')).toEqual([]);
  const common = { split: 'all', base: 'b', name: 'tuned', preset: 'cpu', settings: {}, seed: 1 };
  const train = { kind: 'train-llm', dataset: 'data', ...common };
  job('20261123-060100-train-llm-0002', { ...train, dataset: 'database' }, 'succeeded');
  job('20261123-060200-train-llm-0003', train, 'succeeded');
  expect(datasetUses(workspace.paths, 'data')).toMatchObject([{ kind: 'train-llm', running: false }]);
  expect(usesText(datasetUses(workspace.paths, 'data'))).toBe('1 train-llm job');
  // One whose worker lives: this very process.
  const folder = job('20261123-060300-train-llm-0004', train, 'running');
  storeIdentity(path.join(folder, 'worker.json'), process.pid);
  await expect(deleteDataset(workspace.paths, 'data')).rejects.toMatchObject({ code: 'busy' });
  expect(names()).toEqual(['data']);
});

test('the chain from file to version: every step, its parameters and seed, the version of the program', async () => {
  const { manifest } = await make('chain');
  const [file, step, version] = lineageChain(manifest);
  expect(file).toEqual({ what: 'x.jsonl', details: ['alpaca', expect.stringMatching(/^sha256 [0-9a-f]{12}…$/)] });
  expect(step).toEqual({ what: 'import', details: ['kind=sft', 'skipped=0', 'warnings=0'] });
  expect(version?.what).toBe(manifest.version);
  expect(version?.details[2]).toMatch(/^made \d{4}-.* by ragtui \d+\.\d+/);
});
