import { existsSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { importDataset } from '../../src/datasets/import.ts';
import { checkEngine } from '../../src/engines/check.ts';
import { installEngine } from '../../src/engines/install.ts';
import { engineStatus, installedEngine } from '../../src/engines/store.ts';
import type { EngineName } from '../../src/engines/types.ts';
import { resumeJob, stopJob, waitForJob } from '../../src/jobs/control.ts';
import { parseEvent } from '../../src/jobs/events.ts';
import { identityFileSchema, jobFiles, readJsonFile } from '../../src/jobs/folder.ts';
import { launchJob } from '../../src/jobs/launcher.ts';
import { listJobs, readJob } from '../../src/jobs/registry.ts';
import { isOver, type JobEvent, type JobView } from '../../src/jobs/types.ts';
import { resolveEmbedder, startEmbedder } from '../../src/models/embedder-client.ts';
import { readGgufHeader } from '../../src/models/gguf/read.ts';
import { pullModel } from '../../src/models/pull.ts';
import { installedModel, listAdapters, modelStatus, removeModel } from '../../src/models/store.ts';
import { packageRoot } from '../../src/platform/entry.ts';
import { ensureWorkspace, type WorkspacePaths, workspacePaths } from '../../src/platform/paths.ts';
import { waitUntil } from '../../src/platform/processes.ts';
import { transformersFolder } from '../../src/training/base-llm.ts';
import { readCard } from '../../src/training/card.ts';
import { finalSaveProblem } from '../../src/training/final-save.ts';
import { cosine } from '../../src/training/parity.ts';
import { tunedFolder } from '../../src/training/tuned.ts';
import type { Training } from '../../src/training/types.ts';
import { towns } from './towns.ts';

// The real engines, installed from their lock files, on rows of our own: an LLM for four steps, stopped and resumed;
// an embedder for as many, with its supervisor killed on the way. Caches are kept between runs.

const LLM = 'smollm2-135m-instruct';
const EMBEDDER = 'all-minilm-l6-v2-base';
const caches = path.join(packageRoot(), '.cache');
const home = mkdtempSync(path.join(os.tmpdir(), 'ragtui-engines-'));
const paths: WorkspacePaths = workspacePaths(home, {
  RAGTUI_ENGINES_CACHE: process.env['RAGTUI_ENGINES_CACHE'] ?? path.join(caches, 'engines'),
  RAGTUI_MODELS_CACHE: process.env['RAGTUI_MODELS_CACHE'] ?? path.join(caches, 'models'),
});

const training: Training = {
  dataset: 'towns',
  split: 'all',
  base: LLM,
  name: 'towns-lora',
  preset: 'cpu',
  settings: { max_steps: 4, cutoff_len: 256 },
  limit: 24,
  seed: 7,
};

beforeAll(async () => {
  ensureWorkspace(paths);
  for (const id of [LLM, EMBEDDER]) if (modelStatus(paths, id).state !== 'present') await pullModel(paths, id);
  const file = path.join(home, 'towns.json');
  writeFileSync(file, JSON.stringify(towns()));
  await importDataset(paths, file, { format: 'alpaca', kind: 'qa', name: 'towns' });
});
afterAll(async () => {
  for (const job of listJobs(paths)) if (!isOver(job.state)) await stopJob(paths, job.spec.id);
  rmSync(home, { recursive: true, force: true });
});

const eventsOf = (job: JobView): JobEvent[] =>
  readFileSync(jobFiles(job.folder).events, 'utf8')
    .split('\n')
    .flatMap((line) => parseEvent(line) ?? []);
const steps = (job: JobView, name: string): number[] =>
  eventsOf(job).flatMap((event) => (event.type === 'metric' && event.name === name ? [event.step] : []));
async function untilStep(job: JobView, step: number): Promise<void> {
  const there = () =>
    (readJob(paths, job.spec.id).progress?.done ?? 0) >= step || isOver(readJob(paths, job.spec.id).state);
  expect(await waitUntil(there, 900_000, 200)).toBe(true);
  expect(readJob(paths, job.spec.id)).toMatchObject({ error: null });
}

describe.each<[EngineName, string]>([
  ['llamafactory', '0.9.5'],
  ['flagembedding', '1.4.2'],
])('%s', (name, version) => {
  test('is installed from its lock file, again at once, and imports', async () => {
    const { check } = await installEngine(paths, name, { device: 'cpu' });
    expect(check.versions[name]).toBe(version);
    expect(engineStatus(paths, name).state).toBe('present');
    const { python } = installedEngine(paths, name);
    expect(await checkEngine(name, python, 'cpu')).toMatchObject({ device: 'cpu', versions: { torch: '2.11.0' } });
  });
});

describe('LLaMA-Factory on SmolLM2', () => {
  test('trains, is stopped with a checkpoint, resumed, and gives an adapter', async () => {
    const first = await launchJob(paths, { kind: 'train-llm', ...training });
    await untilStep(first, 1);
    const stopped = await stopJob(paths, first.spec.id);
    expect(stopped.state).toBe('stopped');
    const end = await waitForJob(paths, (await resumeJob(paths, first.spec.id)).spec.id);
    expect([end.state, end.error]).toEqual(['succeeded', null]);
    // It went on, and its curve is whole: every step once.
    expect(steps(stopped, 'loss').length).toBeLessThan(4);
    expect(steps(end, 'loss')).toEqual([1, 2, 3, 4]);
    expect(steps(end, 'grad_norm').sort()).toEqual([1, 2, 3, 4]);
    const resumed = eventsOf(end).flatMap((event) => (event.type === 'log' ? [event.text] : []));
    expect(resumed.join('\n')).toMatch(/going on from checkpoint-[1-3]\b/);
    const [adapter] = listAdapters(paths);
    expect(adapter).toMatchObject({ name: 'towns-lora', rank: 8, alpha: 16, template: 'smollm2' });
    const config = JSON.parse(readFileSync(path.join(adapter?.path ?? '', 'adapter_config.json'), 'utf8'));
    expect(config).toMatchObject({ peft_type: 'LORA', use_dora: false, modules_to_save: null });
  });

  test('has the special tokens of the GGUF: a text ends with <|im_end|>', () => {
    const folder = transformersFolder(paths, LLM);
    const tokenizer = JSON.parse(readFileSync(path.join(folder, 'tokenizer_config.json'), 'utf8'));
    const config = JSON.parse(readFileSync(path.join(folder, 'config.json'), 'utf8'));
    expect(tokenizer).toMatchObject({ eos_token: '<|im_end|>', bos_token: '<|im_start|>' });
    expect(config).toMatchObject({ eos_token_id: 2, bos_token_id: 1, dtype: 'float32' });
  });

  test('trained on the chat format of the model, with our system text', () => {
    const job = listJobs(paths).find(({ spec }) => spec.work.kind === 'train-llm');
    const printed = readFileSync(jobFiles(job?.folder ?? '').stdout, 'utf8');
    const example = printed.slice(printed.indexOf('inputs:\n') + 'inputs:\n'.length);
    expect(example).toMatch(/^<\|im_start\|>system\nYou are a helpful assistant\.<\|im_end\|>\n<\|im_start\|>user\n/);
  });
});

describe('LLaMA-Factory, other ways to train', () => {
  const two = { max_steps: 2, cutoff_len: 256 };
  const run = async (changes: Partial<Training>) => {
    const job = await launchJob(paths, { kind: 'train-llm', ...training, limit: 8, settings: two, ...changes });
    return waitForJob(paths, job.spec.id);
  };

  test('the tokens it trained on are those that are sent to either server', () => {
    const [adapter] = listAdapters(paths);
    expect(adapter?.lineage['templateCheck']).toMatch(/^same tokens \(\d+\) as served from transformers and gguf$/);
    expect(adapter?.templateSystem).toBe('You are a helpful assistant.');
    expect(readCard(adapter?.path ?? '')).toMatchObject({ method: 'lora', curve: { steps: 4 } });
  });

  test('another chat format than is served is stopped before the first step', async () => {
    const end = await run({ name: 'towns-planted', template: 'alpaca' });
    expect(end).toMatchObject({ state: 'failed', error: { code: 'invalid' } });
    expect(end.error?.message).toMatch(/stopped before the first step/);
    expect(steps(end, 'loss')).toEqual([]);
    expect(readFileSync(path.join(end.folder, 'template-check.txt'), 'utf8')).toMatch(/DIFFERENT in the prompt/);
  });

  test('freeze gives a model of its own, as Transformers and as GGUF', async () => {
    const end = await run({ name: 'towns-freeze', method: 'freeze', settings: { ...two, freeze_trainable_layers: 1 } });
    expect([end.state, end.error]).toEqual(['succeeded', null]);
    const { files, entry } = installedModel(paths, 'towns-freeze');
    expect(entry.kind).toBe('chat');
    expect(Object.keys(files)).toEqual(expect.arrayContaining(['config.json', 'model.safetensors', 'model.gguf']));
    // The layers that were frozen are the base's, to the last bit that f16 keeps.
    const tuned = readGgufHeader(files['model.gguf'] ?? '');
    const base = readGgufHeader(path.join(paths.models, LLM, 'model.gguf'));
    expect([...tuned.tensors.keys()]).toEqual([...base.tensors.keys()]);
    expect(tuned.metadata.get('tokenizer.chat_template')).toBe(base.metadata.get('tokenizer.chat_template'));
  });

  test('DPO learns from preferences, and a last save that was cut off is done again', async () => {
    const file = path.join(home, 'preferences.json');
    const rows = towns().map(({ instruction, output }) => ({
      instruction,
      input: '',
      chosen: output,
      rejected: 'I do not know.',
    }));
    writeFileSync(file, JSON.stringify(rows));
    await importDataset(paths, file, { format: 'preference', name: 'preferences' });
    const asked = { name: 'towns-dpo', dataset: 'preferences', stage: 'dpo' as const };
    const end = await run(asked);
    expect([end.state, end.error]).toEqual(['succeeded', null]);
    // Before the first step both answers are as likely as in the model it began from: ln 2.
    const [first] = eventsOf(end).flatMap((event) =>
      event.type === 'metric' && event.name === 'loss' ? [event.value] : [],
    );
    expect(first).toBeCloseTo(Math.LN2, 3);

    await removeModel(paths, 'towns-dpo');
    const weights = path.join(tunedFolder(paths, 'towns-dpo').train, 'adapter_model.safetensors');
    truncateSync(weights, 1_000_000);
    const again = await run(asked);
    expect([again.state, again.error]).toEqual(['succeeded', null]);
    expect(finalSaveProblem(tunedFolder(paths, 'towns-dpo').train, 'adapter')).toBeUndefined();
    // Of the last step, without another one; its curve is told whole.
    expect(listAdapters(paths).find(({ name }) => name === 'towns-dpo')?.lineage['steps']).toBe(2);
    expect(steps(again, 'loss')).toEqual([1, 2]);
  });
});

describe('FlagEmbedding on MiniLM', () => {
  test('trains on when its supervisor is killed; base and tuned are embedders that differ by the tune', async () => {
    const work = { ...training, base: EMBEDDER, name: 'towns-minilm', settings: { max_steps: 4, learning_rate: 1e-4 } };
    const job = await launchJob(paths, { kind: 'train-embedder', ...work });
    await untilStep(job, 1);
    const supervisor = readJsonFile(jobFiles(job.folder).supervisor, identityFileSchema);
    process.kill(supervisor?.pid ?? 0, 'SIGKILL');
    const end = await waitForJob(paths, job.spec.id);
    expect([end.state, end.error]).toEqual(['succeeded', null]);
    expect(steps(end, 'loss')).toEqual([1, 2, 3, 4]);
    expect(steps(end, 'grad_norm')).toEqual([1, 2, 3, 4]);

    const names = ['all-minilm-l6-v2-exported', 'towns-minilm'];
    const resolved = await Promise.all(names.map((name) => resolveEmbedder(paths, name)));
    const [base, tuned] = resolved;
    expect(base?.config).toEqual(tuned?.config);
    expect(base?.config).toMatchObject({ pooling: 'mean', normalize: true, dtype: 'f32', dimension: 384 });
    expect(base?.fingerprint).not.toBe(tuned?.fingerprint);
    const text = ['Which town has the oldest bridge?'];
    const vectors = [];
    for (const one of resolved) {
      const folder = one.source.kind === 'folder' ? one.source.folder : '';
      const manifest = JSON.parse(readFileSync(path.join(folder, 'manifest.json'), 'utf8'));
      expect(manifest.fingerprint).toBe(one.fingerprint);
      expect(manifest.parity.min).toBeGreaterThanOrEqual(0.9999);
      const embedder = await startEmbedder(one);
      vectors.push((await embedder.embed(text, { kind: 'query' })).vectors[0] ?? []);
      await embedder.close();
    }
    const similarity = cosine(vectors[0] ?? [], vectors[1] ?? []);
    expect(similarity).toBeLessThan(0.99999);
    expect(similarity).toBeGreaterThan(0.5);
    expect(existsSync(path.join(home, 'tuned', 'towns-minilm', 'cache'))).toBe(false);
  });
});
