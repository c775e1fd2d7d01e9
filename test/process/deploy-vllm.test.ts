import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { stopJob } from '../../src/jobs/control.ts';
import { readJob } from '../../src/jobs/registry.ts';
import type { JobView } from '../../src/jobs/types.ts';
import { packageRoot } from '../../src/platform/entry.ts';
import { ensureWorkspace, type WorkspacePaths } from '../../src/platform/paths.ts';
import { processIdentity, waitUntil } from '../../src/platform/processes.ts';
import { ensureJob, untilServed } from '../../src/serving/llama.ts';
import { llmResolver } from '../../src/serving/resolve.ts';
import type { ServeWork } from '../../src/serving/types.ts';
import { ensureBuilt, pathsWithModels } from '../support/models.ts';
import { writeRandomAdapter } from '../support/random-adapter.ts';

let home: string;
let paths: WorkspacePaths;
beforeAll(ensureBuilt);
beforeEach(() => {
  home = mkdtempSync(path.join(os.tmpdir(), 'ragtui vllm-'));
  paths = { ...pathsWithModels(home), engines: path.join(home, 'engines') };
  ensureWorkspace(paths);
  installFake();
  writeRandomAdapter(path.join(home, 'tune'), { seed: 1, rank: 8, alpha: 16, dtype: 'F32' });
  process.env['FAKE_VLLM_LOGS'] = fileURLToPath(new URL('../unit/serving/vllm-logs', import.meta.url));
});
afterEach(() => {
  delete process.env['FAKE_VLLM'];
  delete process.env['FAKE_VLLM_LOGS'];
  rmSync(home, { recursive: true, force: true });
});

/** An environment of the user's own whose Python is ours. */
function installFake(): void {
  const folder = path.join(paths.engines, 'vllm');
  mkdirSync(folder, { recursive: true });
  const python = path.join(packageRoot(), 'test', 'support', 'fake-vllm.js');
  const manifest = {
    version: 1,
    name: 'vllm',
    device: 'cpu',
    python,
    managed: false,
    installedAt: new Date().toISOString(),
    lock: '',
    versions: {},
  };
  writeFileSync(path.join(folder, 'engine.json'), JSON.stringify(manifest));
}

const work = (): ServeWork => ({
  engine: 'vllm',
  model: 'base',
  contextTokens: 2048,
  idleMinutes: 0,
  adapters: [{ name: 'sft', path: path.join(home, 'tune') }],
  weights: path.join(home, 'base-hf'),
  kvCacheGiB: 1,
});
const start = (): Promise<JobView> => ensureJob(paths, work());

test('base and adapter are served by one job; its key is in no argument and no log; a stop leaves nobody', async () => {
  const job = await start();
  const phases: string[] = [];
  const served = await untilServed(paths, job.spec.id, 'sft', { onStatus: (text) => phases.push(text) });
  expect(served).toMatchObject({ model: 'sft', engine: 'vllm', contextTokens: 2048 });
  expect(await llmResolver(paths)('sft', {})).toMatchObject({ url: served.url, model: 'sft', embedded: false });
  expect(await llmResolver(paths)('base@vllm', {})).toMatchObject({ url: served.url, model: 'base' });
  await waitUntil(() => readJob(paths, job.spec.id).state === 'running', 10_000);

  const headers = { authorization: `Bearer ${served.key}` };
  const { engine } = z
    .object({ engine: z.number() })
    .parse(await (await fetch(`${served.url}/models`, { headers })).json());
  expect(processIdentity(engine)).toBeDefined();
  for (const file of ['events.jsonl', 'stdout.log', 'stderr.log', 'spec.json']) {
    expect(readFileSync(path.join(job.folder, file), 'utf8')).not.toContain(served.key);
  }
  const logged = readFileSync(path.join(job.folder, 'events.jsonl'), 'utf8');
  expect(logged).toContain('--max-lora-rank 8');
  expect(logged).toMatch(/loading weights.*making the KV cache.*warming up/s);

  expect((await stopJob(paths, job.spec.id)).state).toBe('stopped');
  expect(processIdentity(engine)).toBeUndefined();
});

test.each([
  ['memory', 'unavailable', /19\.27\/23\.54 GiB free/],
  ['rank', 'invalid', /rank 16/],
  ['length', 'invalid', /99999 tokens/],
  // It tries other ports first.
  ['port', 'busy', /port was taken/],
])('a server that fails says why, and what to do: %s', async (name, code, message) => {
  process.env['FAKE_VLLM'] = name;
  const job = await start();
  const failure = untilServed(paths, job.spec.id, 'base', {});
  await expect(failure).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  await waitUntil(() => readJob(paths, job.spec.id).error !== null, 10_000);
  expect(readJob(paths, job.spec.id)).toMatchObject({
    state: 'failed',
    error: { code, hint: expect.stringMatching(/\w/) },
  });
  const tries = readFileSync(path.join(job.folder, 'events.jsonl'), 'utf8').match(/api_server --model/g);
  expect(tries).toHaveLength(name === 'port' ? 3 : 1);
});

test('an adapter no server would take is refused before anything is started', async () => {
  writeRandomAdapter(path.join(home, 'tune'), { seed: 1, rank: 600, alpha: 16, dtype: 'F32' });
  const job = await start();
  await expect(untilServed(paths, job.spec.id, 'sft', {})).rejects.toThrow(/rank 512/);
});
