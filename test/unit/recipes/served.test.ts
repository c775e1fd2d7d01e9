import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { keepHost } from '../../../src/hosts/store.ts';
import { jobFiles, writeJsonFile } from '../../../src/jobs/folder.ts';
import { storeIdentity } from '../../../src/jobs/identity.ts';
import { readJob } from '../../../src/jobs/registry.ts';
import { addLocalModel } from '../../../src/models/own.ts';
import { ensureWorkspace, type WorkspacePaths, workspacePaths } from '../../../src/platform/paths.ts';
import { writeRecipeStatus } from '../../../src/recipes/control.ts';
import { ensureServed } from '../../../src/recipes/steps/deploy.ts';
import { hostCalled } from '../../store/fleet-samples.ts';
import { writeChatFolder } from '../../support/chat-model.ts';
import { recipeWorld, stepStatus } from '../../support/recipe-world.ts';

const AT = '2026-11-29T12:00:00.000Z';
let paths: WorkspacePaths;
/** In place of the supervisors. */
let alive: ChildProcess;
beforeEach(async () => {
  paths = workspacePaths(mkdtempSync(path.join(os.tmpdir(), 'ragtui served ')), {});
  ensureWorkspace(paths);
  alive = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  const base = path.join(paths.home, 'toy-hf');
  writeChatFolder(base);
  writeFileSync(path.join(base, 'model.safetensors'), 'none');
  await addLocalModel(paths, { name: 'toy', path: base, kind: 'chat' });
  await keepHost(paths, hostCalled('far'));
});
afterEach(() => {
  alive.kill('SIGKILL');
  rmSync(paths.home, { recursive: true, force: true });
});

function job(id: string, work: object, more: object = {}): string {
  const folder = path.join(paths.jobs, id);
  mkdirSync(folder, { recursive: true });
  const files = jobFiles(folder);
  writeJsonFile(files.spec, { version: 1, id, name: id, createdAt: AT, work, ...more });
  writeJsonFile(files.state, { state: 'running', reason: '', startedAt: AT, endedAt: null, error: null });
  storeIdentity(files.supervisor, alive.pid ?? 0);
  return folder;
}
function recipeThatAsks(id: string, key: string): void {
  const folder = job(id, { kind: 'recipe', name: 'r', file: '/r.yaml', cwd: '/', text: 'recipe: 1', vars: {} });
  const step = stepStatus('deploy own', { kind: 'deploy', state: 'running', key });
  const about = { format: 1 as const, recipe: 'r', variants: [], paused: false, gate: null, report: null };
  writeRecipeStatus(folder, { ...about, steps: [step] }, false);
}

test('the server that another recipe asks just now is not stopped for one of the same step elsewhere', async () => {
  const mark = 'k:0';
  const server = '20261129-120000-serve-aaaa';
  const work = {
    ...{ kind: 'serve', engine: 'vllm', model: 'toy', contextTokens: 512, idleMinutes: 0 },
    launcher: 'ssh:far',
  };
  const folder = job(server, work, { step: mark });
  recipeThatAsks('20261129-120001-recipe-aaaa', 'k');
  recipeThatAsks('20261129-120002-recipe-bbbb', 'k');
  expect(readJob(paths, server).state).toBe('running');
  const told = { tell: () => {}, note: () => {} };
  const spec = { kind: 'deploy' as const, model: 'toy', engine: 'vllm' as const, adapters: [], keep: false };
  await expect(ensureServed(recipeWorld(paths), { ...told, spec, needs: {}, mark, name: 'b' })).rejects.toMatchObject({
    code: 'exists',
    message: expect.stringContaining(server),
  });
  expect(existsSync(jobFiles(folder).stop)).toBe(false);
});
