import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { installEngine } from '../../src/engines/install.ts';
import { engineStatus } from '../../src/engines/store.ts';
import type { EngineName } from '../../src/engines/types.ts';
import { stopJob } from '../../src/jobs/control.ts';
import { readJob } from '../../src/jobs/registry.ts';
import type { JobView } from '../../src/jobs/types.ts';
import { streamChat } from '../../src/models/endpoint.ts';
import { pullModel } from '../../src/models/pull.ts';
import { packageRoot } from '../../src/platform/entry.ts';
import { ensureWorkspace, type WorkspacePaths, workspacePaths } from '../../src/platform/paths.ts';
import { loadAdapterVersion, rollbackAdapter, unloadAdapterVersions } from '../../src/serving/adapters/change.ts';
import { checkedVersion } from '../../src/serving/adapters/checked.ts';
import { planDeployment } from '../../src/serving/deploy.ts';
import { ensureJob, loadAdapter, untilServed } from '../../src/serving/llama.ts';
import { llmResolver } from '../../src/serving/resolve.ts';
import { listServers } from '../../src/serving/servers.ts';
import { writeRandomAdapter } from '../support/random-adapter.ts';

// vLLM itself: base and adapter deployed and asked, a second version loaded while it runs, one that does nothing
// noticed, rolled back, stopped; its processes counted. What it took is printed.

const MODEL = 'smollm2-135m-instruct';
/** SmolLM2-135M. */
const SHAPE = { hidden: 576, heads: 9, kvHeads: 3, ffn: 1536, layers: 30 };
const caches = path.join(packageRoot(), '.cache');
const home = mkdtempSync(path.join(os.tmpdir(), 'ragtui deploy-'));
const paths: WorkspacePaths = workspacePaths(home, {
  RAGTUI_ENGINES_CACHE: process.env['RAGTUI_ENGINES_CACHE'] ?? path.join(caches, 'engines'),
  RAGTUI_MODELS_CACHE: process.env['RAGTUI_MODELS_CACHE'] ?? path.join(caches, 'models'),
});
const measured: Record<string, string> = {};

beforeAll(async () => {
  ensureWorkspace(paths);
  await pullModel(paths, MODEL);
  // LLaMA-Factory's Transformers makes the base's folder of its GGUF.
  const engines: EngineName[] = ['llamafactory', 'vllm'];
  for (const name of engines) {
    if (engineStatus(paths, name).state !== 'present') await installEngine(paths, name, { device: 'cpu' });
  }
});
afterAll(async () => {
  for (const { job } of listServers(paths)) await stopJob(paths, job.spec.id);
  console.log(
    Object.entries(measured)
      .map((line) => line.join(': '))
      .join('\n'),
  );
  rmSync(home, { recursive: true, force: true });
});

function tune(name: string, seed: number, more: { zero?: boolean; rank?: number } = {}): string {
  const folder = path.join(home, 'tunes', name);
  writeRandomAdapter(folder, { seed, rank: 8, alpha: 16, dtype: 'F32', model: SHAPE, ...more });
  return folder;
}

/** Pids of the processes whose group is led by a job's worker: worker, server, engine core and what they started. */
function processesOf(job: JobView): number[] {
  const { pid } = job;
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      const [state, , group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return Number(group) === pid && state !== 'Z' ? [Number(name)] : [];
    } catch {
      return [];
    }
  });
}
function megabytes(pids: readonly number[]): number {
  const kilobytes = pids.map((pid) => {
    try {
      return Number(/^RssAnon:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
    } catch {
      return 0;
    }
  });
  return Math.round(kilobytes.reduce((sum, one) => sum + one, 0) / 1024);
}
const seconds = (since: number) => `${((performance.now() - since) / 1000).toFixed(1)} s`;

async function answer(name: string, maxTokens = 12): Promise<{ text: string; model: string }> {
  const endpoint = await llmResolver(paths)(name, {});
  const messages = [{ role: 'user' as const, content: 'Name three colours.' }];
  const { text } = await streamChat(endpoint, { messages, sampling: { temperature: 0, seed: 1, maxTokens } });
  return { text, model: endpoint.model };
}

test('vLLM serves a base with versions of an adapter, from the start to the last process', async () => {
  const plan = planDeployment(paths, {
    model: MODEL,
    engine: 'vllm',
    adapters: [`sft=${tune('one', 1)}`],
    contextTokens: 1024,
  });
  const began = performance.now();
  const job = await ensureJob(paths, plan);
  const id = job.spec.id;
  const served = await untilServed(paths, id, 'sft', {});
  measured['start until it answers'] = seconds(began);
  expect(served.model).toBe('sft.v1');
  const running = readJob(paths, id);
  const processes = processesOf(running);
  // The worker, the server and its engine core at least.
  expect(processes.length).toBeGreaterThanOrEqual(3);
  for (const pid of processes) {
    expect(readFileSync(`/proc/${pid}/cmdline`, 'utf8')).not.toContain(served.key);
  }

  const checking = performance.now();
  const first = await checkedVersion(paths, id, 'sft.v1');
  measured['effect check'] = seconds(checking);
  measured['effect of sft.v1'] = JSON.stringify(first.effect);
  expect(first.effect?.state).toBe('works');
  // The folder's own chat template, cut by its own tokenizer, in our code and in vLLM's.
  measured['template of sft.v1'] = JSON.stringify(first.template);
  expect(first.template).toMatchObject({ state: 'same', firstDifference: null });
  // Not only what begins with /v1 wants the key.
  for (const route of ['/v1/models', '/metrics', '/tokenize', '/version']) {
    expect((await fetch(new URL(route, served.url))).status).toBe(401);
  }
  expect((await fetch(new URL('/health', served.url))).status).toBe(200);

  const asked = performance.now();
  const base = await answer(`${MODEL}@vllm`, 64);
  measured['64 tokens of the base'] = seconds(asked);
  const one = await answer('sft@vllm');
  expect(one).toMatchObject({ model: 'sft.v1' });
  expect(base.text.startsWith(one.text)).toBe(false);

  const loading = performance.now();
  await loadAdapterVersion(paths, `sft=${tune('two', 2)}`);
  measured['load of a second version'] = seconds(loading);
  const two = await answer('sft@vllm');
  expect(two.model).toBe('sft.v2');
  expect(two.text).not.toBe(one.text);
  expect(await answer('sft.v1@vllm')).toEqual(one);
  const rolling = performance.now();
  await rollbackAdapter(paths, 'sft');
  measured['rollback'] = seconds(rolling);
  expect(await answer('sft@vllm')).toEqual(one);

  await loadAdapterVersion(paths, `empty=${tune('empty', 3, { zero: true })}`);
  const empty = await checkedVersion(paths, id, 'empty.v1');
  measured['effect of a zeroed adapter'] = JSON.stringify(empty.effect);
  expect(empty.effect?.state).toBe('nothing');
  await unloadAdapterVersions(paths, 'empty');

  // What we refuse, vLLM refuses too: our refusals are not inventions.
  const big = tune('big', 4, { rank: 32 });
  await expect(loadAdapterVersion(paths, `big=${big}`)).rejects.toThrow(/ranks up to 16/);
  await expect(loadAdapter(served, { name: 'big', path: big })).rejects.toThrow(/greater than max_lora_rank 16/);
  const models = await fetch(`${served.url}/models`, { headers: { authorization: `Bearer ${served.key}` } });
  const { data } = z.object({ data: z.array(z.object({ id: z.string() })) }).parse(await models.json());
  expect(data.map((card) => card.id)).toEqual([MODEL, 'sft.v1', 'sft.v2']);

  measured['stages'] =
    (/"stages":(\{[^}]*\})/.exec(readFileSync(path.join(running.folder, 'events.jsonl'), 'utf8')) ?? [])[1] ?? '';
  measured['memory of all its processes'] = `${megabytes(processesOf(running))} MB`;
  const stopping = performance.now();
  expect((await stopJob(paths, id)).state).toBe('stopped');
  measured['stop'] = seconds(stopping);
  expect(processesOf(running)).toEqual([]);
}, 1_500_000);
