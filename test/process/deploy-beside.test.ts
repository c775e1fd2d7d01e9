import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { stopJob } from '../../src/jobs/control.ts';
import { addLocalModel } from '../../src/models/own.ts';
import { fileOf, installedModel } from '../../src/models/store.ts';
import { ensureWorkspace, type WorkspacePaths } from '../../src/platform/paths.ts';
import { serveBeside } from '../../src/serving/beside.ts';
import { listServers } from '../../src/serving/servers.ts';
import { tuneAsked } from '../../src/serving/tune-asked.ts';
import { ensureBuilt, ensureModels, pathsWithModels } from '../support/models.ts';

const MODEL = 'smollm2-135m-instruct';

let home: string;
let paths: WorkspacePaths;
beforeAll(async () => {
  ensureBuilt();
  await ensureModels([MODEL]);
  home = mkdtempSync(path.join(os.tmpdir(), 'ragtui beside-'));
  paths = pathsWithModels(home);
  ensureWorkspace(paths);
});
afterAll(async () => {
  for (const { job } of listServers(paths)) await stopJob(paths, job.spec.id);
  rmSync(home, { recursive: true, force: true });
});

test('a tune that is a model of its own is served beside its base by the same engine, each by its own server, once', async () => {
  const tuned = { base: MODEL, template: 'smollm2', templateSystem: 'Be brief.', lineage: {} };
  // The base's own weights will do: what is looked at is who serves what.
  const weights = fileOf(installedModel(paths, MODEL), 'model.gguf');
  await addLocalModel(paths, { name: 'whole', path: weights, kind: 'chat', tuned });
  const served = await serveBeside(paths, 'whole');
  expect(served).toMatchObject({ engine: 'llama', base: MODEL, name: 'whole' });
  const servers = () => listServers(paths).map(({ job, work }) => [work.model, work.engine, job.state]);
  expect(servers().sort()).toEqual([
    [MODEL, 'llama', 'running'],
    ['whole', 'llama', 'running'],
  ]);
  expect(await serveBeside(paths, 'whole')).toEqual(served);
  expect(servers()).toHaveLength(2);
  expect(tuneAsked(paths, 'whole')).toEqual({ base: MODEL, tuned: 'whole', prompt: 'sft@whole', reads: true });
});

test('what is no tune is refused', async () => {
  await expect(serveBeside(paths, MODEL)).rejects.toMatchObject({ code: 'not-found' });
});
