import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { assertUnused, deleteWithMade, planDeletion } from '../../../src/jobs/made.ts';
import { listJobs } from '../../../src/jobs/registry.ts';
import type { KnowledgeBase } from '../../../src/kb/types.ts';
import { addAdapter, addLocalModel } from '../../../src/models/own.ts';
import { listAdapters, readOwnModels } from '../../../src/models/store.ts';
import { modelUses } from '../../../src/models/uses.ts';
import { type WorkspacePaths, workspacePaths } from '../../../src/platform/paths.ts';

const TUNE = '20261129-040000-train-llm-0001';
const AGAIN = '20261129-041000-train-llm-0002';
const RUN = '20261129-042000-evaluate-0003';
const SERVER = '20261129-043000-serve-0004';
const training = { dataset: 'd', split: 'all', base: 'base', name: 'mine', preset: 'cpu', settings: {}, seed: 1 };

let home: string;
let paths: WorkspacePaths;
beforeEach(() => {
  home = mkdtempSync(path.join(os.tmpdir(), 'ragtui-made-'));
  paths = workspacePaths(home, {});
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

/** A job that is over. */
function job(id: string, work: object): void {
  const folder = path.join(paths.jobs, id);
  mkdirSync(folder, { recursive: true });
  const spec = { version: 1, id, name: `job ${id.slice(-4)}`, createdAt: '2026-11-29T04:00:00.000Z', work };
  writeFileSync(path.join(folder, 'spec.json'), JSON.stringify(spec));
  const ended = { startedAt: null, endedAt: '2026-11-29T04:01:00.000Z', error: null };
  writeFileSync(path.join(folder, 'state.json'), JSON.stringify({ state: 'succeeded', reason: '', ...ended }));
}

/** A tune as a training leaves it: a checkpoint of 300 bytes, an adapter of 7. */
async function tune(): Promise<string> {
  const root = path.join(home, 'tuned', 'mine');
  mkdirSync(path.join(root, 'train', 'checkpoint-4'), { recursive: true });
  writeFileSync(path.join(root, 'train', 'checkpoint-4', 'state.bin'), Buffer.alloc(300));
  const result = path.join(root, 'result');
  mkdirSync(result);
  writeFileSync(path.join(result, 'adapter_model.safetensors'), 'adapter');
  const facts = { rank: 8, alpha: 16, template: 't', templateSystem: '', lineage: {} };
  await addAdapter(paths, { name: 'mine', base: 'base', path: result, basePath: '/b', ...facts });
  return root;
}

const kb = (embedders: string[]): KnowledgeBase => ({
  name: 'notes',
  createdAt: '2026-11-29T04:00:00.000Z',
  documents: 0,
  failed: 0,
  chunks: 0,
  groups: [],
  embedders,
  indexes: [],
  sources: [],
  ingesting: null,
  previous: null,
});

test('a training is deleted with its checkpoints and its entry among the models; what it takes is told before', async () => {
  job(TUNE, { kind: 'train-llm', ...training });
  job(AGAIN, { kind: 'train-llm', ...training });
  const root = await tune();
  const plan = await planDeletion(paths, TUNE, []);
  expect(plan).toMatchObject({
    made: { name: 'mine', folder: root, bytes: 307, registered: ['mine'], alsoBy: [AGAIN] },
    usedBy: [],
  });
  expect(plan.logs.bytes).toBeGreaterThan(0);
  expect(existsSync(root)).toBe(true);
  await deleteWithMade(paths, TUNE, []);
  expect(existsSync(root)).toBe(false);
  expect(listAdapters(paths)).toEqual([]);
  expect(listJobs(paths).map(({ spec }) => spec.id)).toEqual([AGAIN]);
  // The other job of the same tune has nothing left to delete.
  expect((await planDeletion(paths, AGAIN, [])).made).toBeNull();
});

test('what somebody uses is not deleted, and it is said by whom', async () => {
  job(TUNE, { kind: 'train-llm', ...training });
  const root = await tune();
  const column = { name: 'tuned', llm: 'mine@vllm' };
  const evaluation = {
    dataset: 'd',
    split: 'test',
    kb: 'notes',
    columns: [column],
    metrics: ['exact'],
    primary: 'exact',
  };
  const rest = { version: 'v', limit: null, seed: 1, baselines: false, concurrency: 1, reuse: true };
  job(RUN, { kind: 'evaluate', ...evaluation, ...rest });
  expect(listJobs(paths)).toHaveLength(2);
  const plan = await planDeletion(paths, TUNE, [kb(['other', 'mine'])]);
  expect(plan.usedBy).toEqual(['the knowledge base notes', `the run ${RUN} (job 0003)`]);
  expect(() => assertUnused(plan)).toThrow(/mine is used by the knowledge base notes and 1 more/);
  await expect(deleteWithMade(paths, TUNE, [])).rejects.toMatchObject({ code: 'busy' });
  expect(existsSync(path.join(root, 'result', 'adapter_model.safetensors'))).toBe(true);
  expect(listJobs(paths)).toHaveLength(2);
});

test('the int8 copy of a tuned embedder is used and deleted with it', async () => {
  job(TUNE, { kind: 'train-embedder', ...training, embedder: { int8: true } });
  const root = path.join(home, 'tuned', 'mine');
  for (const [name, part] of Object.entries({ mine: 'result', 'mine-int8': 'int8' })) {
    const folder = path.join(root, part);
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, 'model.onnx'), part);
    writeFileSync(path.join(folder, 'tokenizer.json'), '{}');
    await addLocalModel(paths, { name, path: folder, kind: 'embedding', embedder: { dimension: 4 } });
  }
  const used = await planDeletion(paths, TUNE, [kb(['mine-int8'])]);
  expect(used).toMatchObject({ made: { registered: ['mine', 'mine-int8'] }, usedBy: ['the knowledge base notes'] });
  await expect(deleteWithMade(paths, TUNE, [kb(['mine-int8'])])).rejects.toMatchObject({ code: 'busy' });
  await deleteWithMade(paths, TUNE, []);
  expect([existsSync(root), readOwnModels(paths).models]).toEqual([false, []]);
});

test('uses of a model: servers only while they run, runs also afterwards, adapters that ride on it', async () => {
  await tune();
  const serve = { kind: 'serve', engine: 'llama', contextTokens: 2048, idleMinutes: 0 };
  job(SERVER, { ...serve, model: 'base', adapters: [{ name: 'mine', path: '/a' }] });
  expect(modelUses(paths, 'mine', [])).toEqual([]);
  expect(modelUses(paths, 'base', [])).toEqual([{ by: 'the adapter mine on it', now: false }]);
});

test('what a job of another kind made stays, with the command that would delete it', async () => {
  job('20261129-044000-pull-0005', { kind: 'pull', models: ['a', 'b'] });
  expect(await planDeletion(paths, '20261129-044000-pull-0005', [])).toMatchObject({
    made: null,
    stays: 'The models stay: ragtui models remove a b',
  });
});
