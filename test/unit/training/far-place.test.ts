import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { farEngine } from '../../../src/hosts/engines.ts';
import { keepFar } from '../../../src/hosts/far-file.ts';
import { runStatus } from '../../../src/hosts/run.ts';
import { keepHost } from '../../../src/hosts/store.ts';
import { jobSpecSchema } from '../../../src/jobs/types.ts';
import type { JobContext } from '../../../src/jobs/worker.ts';
import { ensureWorkspace, type WorkspacePaths, workspacePaths } from '../../../src/platform/paths.ts';
import { placeOf } from '../../../src/training/place-of.ts';
import { tunedFolder } from '../../../src/training/tuned.ts';
import { factsOfHost, hostCalled } from '../../store/fleet-samples.ts';
import { SILENT } from '../../support/recipe-world.ts';

vi.mock('../../../src/hosts/engines.ts', { spy: true });
vi.mock('../../../src/hosts/run.ts', { spy: true });

let paths: WorkspacePaths;
beforeEach(async () => {
  paths = workspacePaths(mkdtempSync(path.join(os.tmpdir(), 'ragtui far place ')), {});
  ensureWorkspace(paths);
  // Its partition had two nodes when the host was looked at last.
  const partitions = [{ name: 'debug', up: true, limit: 'infinite', nodes: 2, gres: '' }];
  const facts = factsOfHost({ slurm: { version: '22.05.8', problem: '', partitions } });
  await keepHost(paths, hostCalled('login', { facts }));
  const engine = { name: 'llamafactory', python: '/py', device: 'cpu', lock: '', versions: {} } as const;
  vi.mocked(farEngine).mockResolvedValue(engine);
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(paths.home, { recursive: true, force: true });
});

function onThreeNodes(): JobContext<'train-llm'> {
  const id = '20261129-120000-train-llm-aaaa';
  const settings = { split: 'all', settings: {}, seed: 1, preset: 'cpu' };
  const asked = { kind: 'train-llm', dataset: 'd', base: 'b', name: 'mine', ...settings };
  const at = '2026-11-29T12:00:00.000Z';
  const work = { ...asked, nodes: 3, launcher: 'slurm:login' };
  const spec = jobSpecSchema.parse({ version: 1, id, name: 'mine', createdAt: at, work });
  if (spec.work.kind !== 'train-llm') throw new Error('another kind');
  const folder = path.join(paths.jobs, id);
  return { spec, work: spec.work, folder, paths, report: SILENT, gpus: [], signal: new AbortController().signal };
}

test('a new training on more nodes than its partition has is refused', async () => {
  await expect(placeOf(onThreeNodes(), 'llamafactory')).rejects.toMatchObject({ code: 'unsupported' });
});

test('one that Slurm has already is gone on with, though its partition has fewer nodes by now', async () => {
  const { root } = tunedFolder(paths, 'mine');
  mkdirSync(root, { recursive: true });
  keepFar(root, { host: 'login', run: 'a-run', open: true });
  const status = { keeper: false, program: false, gpus: [], waits: '', result: null };
  vi.mocked(runStatus).mockResolvedValue({ ...status, state: 'running' });
  const place = await placeOf(onThreeNodes(), 'llamafactory');
  expect([place.goesOn, place.session, place.nodes]).toEqual([true, 'a-run', 3]);
});
