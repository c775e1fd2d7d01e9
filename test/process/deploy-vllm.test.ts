import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { stopJob } from '../../src/jobs/control.ts';
import { endpointFileSchema, jobFiles, readJsonFile } from '../../src/jobs/folder.ts';
import { readJob } from '../../src/jobs/registry.ts';
import type { JobView } from '../../src/jobs/types.ts';
import { resolveEmbedder, startEmbedder } from '../../src/models/embedder-client.ts';
import { addLocalModel } from '../../src/models/own.ts';
import { fixturesDir } from '../../src/platform/entry.ts';
import type { WorkspacePaths } from '../../src/platform/paths.ts';
import { processIdentity, waitUntil } from '../../src/platform/processes.ts';
import { loadAdapterVersion, rollbackAdapter, unloadAdapterVersions } from '../../src/serving/adapters/change.ts';
import { checkedVersion } from '../../src/serving/adapters/checked.ts';
import { readAdapters, updateAdapters, withVersion } from '../../src/serving/adapters/state.ts';
import { planDeployment } from '../../src/serving/deploy.ts';
import { ensureJob, loadAdapter, stopServers, untilServed } from '../../src/serving/llama.ts';
import { llmResolver } from '../../src/serving/resolve.ts';
import { findServer, listServers } from '../../src/serving/servers.ts';
import { startServer } from '../../src/serving/start.ts';
import { sizedPlan } from '../../src/serving/start-plan.ts';
import type { ServeWork } from '../../src/serving/types.ts';
import { ensureBuilt } from '../support/models.ts';
import { TINY, writeRandomAdapter } from '../support/random-adapter.ts';
import { VllmWorkspace } from '../support/vllm-workspace.ts';

let workspace: VllmWorkspace;
let home: string;
let paths: WorkspacePaths;
beforeAll(ensureBuilt);
beforeEach(() => {
  workspace = new VllmWorkspace();
  ({ home, paths } = workspace);
  writeRandomAdapter(path.join(home, 'tune'), { seed: 1, rank: 8, alpha: 16, dtype: 'F32' });
});
afterEach(() => workspace.remove());

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
  expect(served).toMatchObject({ model: 'sft.v1', engine: 'vllm', contextTokens: 2048 });
  expect(await llmResolver(paths)('sft', {})).toMatchObject({ url: served.url, model: 'sft.v1', embedded: false });
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
  expect(logged).toContain('--max-loras 3 --max-lora-rank 16');
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

test('a whole tuned model is served beside its base, or in its place once it is known to fit', async () => {
  const folder = path.join(home, 'full');
  mkdirSync(folder);
  writeFileSync(
    path.join(folder, 'config.json'),
    JSON.stringify({ model_type: 'llama', max_position_embeddings: 512 }),
  );
  writeFileSync(path.join(folder, 'tokenizer.json'), '{}');
  writeFileSync(path.join(folder, 'model.safetensors'), Buffer.alloc(3 * 1024 ** 2));
  await addLocalModel(paths, { name: 'full', path: folder, kind: 'chat' });
  const base = await start();
  await untilServed(paths, base.spec.id, 'base', {});
  const planned = planDeployment(paths, { model: 'full', adapters: [] });
  expect(planned).toMatchObject({ engine: 'vllm', contextTokens: 512 });
  const sized = await sizedPlan(paths, planned, 'base');
  expect(sized.parts).toContainEqual({ what: 'context', bytes: 1024 ** 3 });
  expect(sized.parts.find(({ what }) => what === 'weights')?.bytes).toBeGreaterThan(1024 ** 2);
  expect(sized.command).toContain(`--model '${folder}'`);

  // What does not fit, has no file for its engine, or is to replace nothing, stops nobody.
  const huge = startServer(paths, { ...planned, kvCacheGiB: 100_000 }, { swap: 'base' });
  await expect(huge).rejects.toThrow(/needs about .* are free/);
  const embedded = startServer(paths, { ...planned, engine: 'llama' }, { swap: 'base' });
  await expect(embedded).rejects.toThrow(/reads GGUF alone/);
  await expect(startServer(paths, planned, { swap: 'nobody' })).rejects.toMatchObject({ code: 'not-found' });
  expect(readJob(paths, base.spec.id).state).toBe('running');

  const other = startServer(paths, { ...work(), contextTokens: 1024 });
  await expect(other).rejects.toMatchObject({ code: 'exists', hint: expect.stringContaining(base.spec.id) });
  expect((await startServer(paths, work())).spec.id).toBe(base.spec.id);
  expect(readJob(paths, base.spec.id).state).toBe('running');

  const beside = await startServer(paths, planned);
  await untilServed(paths, beside.spec.id, 'full', {});
  expect(listServers(paths).map(({ work: { model } }) => model)).toEqual(['full', 'base']);
  await stopServers(paths, beside.spec.id);
  const stopped: string[] = [];
  const instead = await startServer(paths, planned, {
    swap: base.spec.id,
    onStopped: ({ spec }) => stopped.push(spec.id),
  });
  expect(stopped).toEqual([base.spec.id]);
  expect((await untilServed(paths, instead.spec.id, 'full', {})).model).toBe('full');
  expect(listServers(paths).map(({ work: { model } }) => model)).toEqual(['full']);
});

describe('adapters of a running server', () => {
  const tune = (name: string, seed: number, more: { zero?: boolean; rank?: number; hidden?: number } = {}) => {
    const { zero = false, rank = 8, hidden = TINY.hidden } = more;
    const folder = path.join(home, name);
    writeRandomAdapter(folder, { seed, rank, alpha: 16, dtype: 'F32', zero, model: { ...TINY, hidden } });
    return folder;
  };
  const running = async () => {
    const job = await start();
    await untilServed(paths, job.spec.id, 'sft', {});
    return job.spec.id;
  };
  const served = async () => {
    const { url, key } = await llmResolver(paths)('base@vllm', {});
    const response = await fetch(`${url}/models`, { headers: { authorization: `Bearer ${key}` } });
    const { data } = z.object({ data: z.array(z.object({ id: z.string() })) }).parse(await response.json());
    return data.map(({ id }) => id);
  };
  const resolved = async (name: string) => (await llmResolver(paths)(name, {})).model;

  test('a second version is loaded beside the first and meant by the name; a rollback goes back and forward at once', async () => {
    const job = await running();
    const loaded = await loadAdapterVersion(paths, `sft=${tune('second', 2)}`);
    expect(loaded.current).toMatchObject({ version: 2, served: 'sft.v2', state: 'loaded', rank: 8 });
    expect(await served()).toEqual(['base', 'sft.v1', 'sft.v2']);
    expect(await resolved('sft')).toBe('sft.v2');
    expect(await resolved('sft.v1@vllm')).toBe('sft.v1');
    // What the server reads is a copy: the original may change or go.
    expect(loaded.current?.path).toBe(path.join(readJob(paths, job).folder, 'adapters', 'sft.v2'));
    const endpoint = readJsonFile(jobFiles(readJob(paths, job).folder).endpoint, endpointFileSchema);
    expect(endpoint?.adapters?.map(({ name }) => name)).toEqual(['sft.v1', 'sft.v2']);

    expect((await rollbackAdapter(paths, 'sft')).current?.served).toBe('sft.v1');
    expect(await resolved('sft')).toBe('sft.v1');
    await expect(rollbackAdapter(paths, 'sft')).rejects.toThrow(/no older version: there is 1, 2, and 1 is current/);
    expect((await rollbackAdapter(paths, 'sft', 'forward')).current?.served).toBe('sft.v2');
    expect(await served()).toEqual(['base', 'sft.v1', 'sft.v2']);

    // The same weights again are the version that has them.
    expect((await loadAdapterVersion(paths, `sft=${path.join(home, 'tune')}`)).current?.served).toBe('sft.v1');
    // A fourth: the oldest that is not meant leaves the server, and a rollback brings it back.
    await loadAdapterVersion(paths, `sft=${tune('third', 3)}`);
    const fourth = await loadAdapterVersion(paths, `sft=${tune('fourth', 4)}`);
    expect(fourth.unloaded).toEqual(['sft.v1']);
    expect(await served()).toEqual(['base', 'sft.v2', 'sft.v3', 'sft.v4']);
    expect((await rollbackAdapter(paths, 'sft', 1)).current).toMatchObject({ served: 'sft.v1', state: 'loaded' });
    expect(await served()).toContain('sft.v1');
  });

  test('the same weights under another alpha are another version: they change the base by another amount', async () => {
    await running();
    const stronger = path.join(home, 'stronger');
    writeRandomAdapter(stronger, { seed: 1, rank: 8, alpha: 32, dtype: 'F32' });
    expect((await loadAdapterVersion(paths, `sft=${stronger}`)).current).toMatchObject({ served: 'sft.v2' });
    expect((await loadAdapterVersion(paths, `sft=${path.join(home, 'tune')}`)).current?.served).toBe('sft.v1');
  });

  test('an unload takes one version or all of them', async () => {
    await running();
    await loadAdapterVersion(paths, `sft=${tune('second', 2)}`);
    await loadAdapterVersion(paths, `other=${tune('other', 5)}`);
    expect((await unloadAdapterVersions(paths, 'sft.v2')).current?.served).toBe('sft.v1');
    expect(await served()).toEqual(['base', 'sft.v1', 'other.v1']);
    expect((await unloadAdapterVersions(paths, 'sft')).adapter).toBeNull();
    expect(await served()).toEqual(['base', 'other.v1']);
    expect(findServer(paths, ['sft'])).toBeUndefined();
    // A number is never used twice: a cache may still know the old one.
    expect((await loadAdapterVersion(paths, `sft=${tune('second', 2)}`)).current?.served).toBe('sft.v3');
  });

  test('what the server would refuse is refused before it is asked, with the way out', async () => {
    await running();
    const refused = async (adapter: string, code: string, message: RegExp) => {
      const error = await loadAdapterVersion(paths, adapter).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
    };
    await refused(
      `big=${tune('big', 6, { rank: 32 })}`,
      'unsupported',
      /rank 32; this server was started for ranks up to 16/,
    );
    await refused(`x.v2=${tune('named', 7)}`, 'usage', /names that end like/);
    await refused(`base=${tune('named', 7)}`, 'usage', /the model itself/);
    expect(await served()).toEqual(['base', 'sft.v1']);
  });

  test('an adapter that does nothing is said to do nothing', async () => {
    const job = await running();
    expect(await checkedVersion(paths, job, 'sft.v1')).toMatchObject({
      effect: { state: 'works', noise: 0, tokens: 3 },
    });
    await loadAdapterVersion(paths, `empty=${tune('empty', 8, { zero: true })}`);
    expect(await checkedVersion(paths, job, 'empty.v1')).toMatchObject({
      effect: { state: 'nothing', largest: 0, noise: 0, tokens: 6 },
    });
    expect(readFileSync(path.join(readJob(paths, job).folder, 'events.jsonl'), 'utf8')).toContain('does NOTHING');
  });

  test('a load that was cut off half way is put right by the next change', async () => {
    const job = await running();
    const { folder } = readJob(paths, job);
    const server = await untilServed(paths, job, 'base', {});
    // The server was asked and the asker died before writing down what came of it; and one that it was never asked for.
    await loadAdapter(server, { name: 'sft.v2', path: tune('second', 2) });
    const known = await checkedVersion(paths, job, 'sft.v1');
    for (const version of [2, 3]) {
      const entry = {
        ...known,
        version,
        served: `sft.v${version}`,
        sha256: String(version),
        state: 'loading' as const,
      };
      await updateAdapters(folder, (file) => withVersion(file, 'sft', entry));
    }
    await loadAdapterVersion(paths, `other=${tune('other', 5)}`);
    const states = readAdapters(folder)?.adapters[0]?.versions.map(({ state }) => state);
    expect(states).toEqual(['loaded', 'loaded', 'unloaded']);
  });
});

test.each(['', 'other'])('an embedder must give the vectors of our own runtime; with %j vectors', async (vectors) => {
  process.env['FAKE_VECTORS'] = vectors;
  try {
    const toy = path.join(home, 'toy');
    cpSync(path.join(fixturesDir(), 'reference', 'toy-embedder'), toy, { recursive: true });
    writeFileSync(path.join(toy, 'model.safetensors'), '');
    const embedder = { pooling: 'mean', normalize: true } as const;
    await addLocalModel(paths, { name: 'toy', path: toy, kind: 'embedding', embedder });
    const job = await ensureJob(paths, planDeployment(paths, { model: 'toy', engine: 'vllm', adapters: [] }));
    const served = untilServed(paths, job.spec.id, 'toy', {});
    if (vectors === 'other') {
      await expect(served).rejects.toThrow(/"toy" gives other vectors than it promised \(cosine 0\.\d+/);
      await waitUntil(() => readJob(paths, job.spec.id).error !== null, 10_000);
      expect(readJob(paths, job.spec.id)).toMatchObject({ state: 'failed', error: { code: 'checksum' } });
      return;
    }
    await served;
    // The file of our runtime and the server under one fingerprint.
    const local = await resolveEmbedder(paths, 'toy');
    const remote = await resolveEmbedder(paths, 'toy@vllm');
    expect(remote.fingerprint).toBe(local.fingerprint);
    const embedding = await startEmbedder(remote);
    const [vector] = (await embedding.embed(['a b'], { kind: 'passage' })).vectors;
    expect([...(vector ?? [])]).toEqual([0.6, 0.8, 0, 0].map((value) => expect.closeTo(value, 6)));
    expect((await stopJob(paths, job.spec.id)).state).toBe('stopped');
    await expect(embedding.embed(['a'], { kind: 'passage' })).rejects.toThrow(/toy@vllm is not served now/);
  } finally {
    delete process.env['FAKE_VECTORS'];
  }
});
