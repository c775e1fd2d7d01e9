import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { importDataset } from '../../src/datasets/import.ts';
import { splitDataset } from '../../src/datasets/split.ts';
import { installEngine } from '../../src/engines/install.ts';
import { installedEngine } from '../../src/engines/store.ts';
import { hitMetric } from '../../src/evaluation/metrics/hit.ts';
import { mrrMetric } from '../../src/evaluation/metrics/mrr.ts';
import type { ScoredItem } from '../../src/evaluation/metrics/types.ts';
import { resumeJob, stopJob, waitForJob } from '../../src/jobs/control.ts';
import { parseEvent } from '../../src/jobs/events.ts';
import { jobFiles } from '../../src/jobs/folder.ts';
import { launchJob } from '../../src/jobs/launcher.ts';
import { listJobs, readJob } from '../../src/jobs/registry.ts';
import { isOver, type JobView } from '../../src/jobs/types.ts';
import { resolveEmbedder, startEmbedder } from '../../src/models/embedder-client.ts';
import { pullModel } from '../../src/models/pull.ts';
import { modelStatus } from '../../src/models/store.ts';
import { packageRoot } from '../../src/platform/entry.ts';
import { ensureWorkspace, type WorkspacePaths, workspacePaths } from '../../src/platform/paths.ts';
import { waitUntil } from '../../src/platform/processes.ts';
import { tunedFolder } from '../../src/training/tuned.ts';
import type { EmbedderTraining } from '../../src/training/types.ts';
import { towns } from './towns.ts';

// FlagEmbedding on MiniLM: what is measured on the held-out rows while it trains, against our own metrics on the vectors
// of what was exported; stopped in the middle and resumed.

const BASE = 'all-minilm-l6-v2-base';
const caches = path.join(packageRoot(), '.cache');
const home = mkdtempSync(path.join(os.tmpdir(), 'ragtui-embedder-'));
const paths: WorkspacePaths = workspacePaths(home, {
  RAGTUI_ENGINES_CACHE: process.env['RAGTUI_ENGINES_CACHE'] ?? path.join(caches, 'engines'),
  RAGTUI_MODELS_CACHE: process.env['RAGTUI_MODELS_CACHE'] ?? path.join(caches, 'models'),
});
const training: EmbedderTraining = {
  dataset: 'towns',
  split: 'train',
  base: BASE,
  name: 'towns-held',
  preset: 'cpu',
  settings: { max_steps: 12, per_device_train_batch_size: 4, save_steps: 1, learning_rate: 2e-4 },
  embedder: { keep: 'best', matryoshka: [96, 192], int8: true },
  seed: 7,
};

beforeAll(async () => {
  ensureWorkspace(paths);
  if (modelStatus(paths, BASE).state !== 'present') await pullModel(paths, BASE);
  await installEngine(paths, 'flagembedding', { device: 'cpu' });
  const file = path.join(home, 'towns.json');
  writeFileSync(file, JSON.stringify(towns()));
  await importDataset(paths, file, { format: 'alpaca', kind: 'qa', name: 'towns' });
  await splitDataset(paths, 'towns', { method: 'random', test: 10, seed: 3 });
});
afterAll(async () => {
  for (const job of listJobs(paths)) if (!isOver(job.state)) await stopJob(paths, job.spec.id);
  rmSync(home, { recursive: true, force: true });
});

const metric = (job: JobView, name: string): Map<number, number> =>
  new Map(
    readFileSync(jobFiles(job.folder).events, 'utf8')
      .split('\n')
      .flatMap((line) => parseEvent(line) ?? [])
      .flatMap((event) => (event.type === 'metric' && event.name === name ? [[event.step, event.value] as const] : [])),
  );
const train = tunedFolder(paths, training.name).train;
const rowsFile = path.join(train, 'trainer_log.jsonl');

const heldOutSchema = z.object({
  queries: z.array(z.object({ text: z.string(), gold: z.array(z.number()) })),
  passages: z.array(z.string()),
});

/** Our metrics of the evaluations, on the vectors of an exported embedder. */
async function byOurMetrics(name: string, heldOut: z.output<typeof heldOutSchema>): Promise<Record<string, number>> {
  const embedder = await startEmbedder(await resolveEmbedder(paths, name));
  const embed = async (texts: readonly string[]) => (await embedder.embed(texts, { kind: 'passage' })).vectors;
  const queries = await embed(heldOut.queries.map(({ text }) => text));
  const passages = await embed(heldOut.passages);
  await embedder.close();
  const items = heldOut.queries.map(({ text, gold }, at): ScoredItem => {
    const scores = passages.map((vector) => vector.reduce((sum, value, k) => sum + value * (queries[at]?.[k] ?? 0), 0));
    const order = scores.map((_, place) => place).sort((a, b) => (scores[b] ?? 0) - (scores[a] ?? 0) || a - b);
    return {
      question: text,
      goldContext: heldOut.passages[gold[0] ?? -1] ?? '',
      contextId: '',
      answers: [],
      output: null,
      context: null,
      topK: 10,
      retrieved: order.slice(0, 10).map((place) => ({ text: heldOut.passages[place] ?? '', document: '' })),
    };
  });
  const mean = (score: (item: ScoredItem) => number | null): number =>
    items.reduce((sum, item) => sum + (score(item) ?? 0), 0) / items.length;
  return {
    'eval_recall@1': mean(hitMetric(1).score),
    'eval_recall@5': mean(hitMetric(5).score),
    'eval_mrr@10': mean(mrrMetric(10).score),
  };
}

describe('a training with a held-out part', () => {
  test('measures base and every save, stopped and resumed without a seam, as our metrics do on the exported vectors', async () => {
    const first = await launchJob(paths, { kind: 'train-embedder', ...training });
    const started = () => (readJob(paths, first.spec.id).progress?.done ?? 0) >= 1;
    expect(await waitUntil(() => started() || isOver(readJob(paths, first.spec.id).state), 900_000, 100)).toBe(true);
    expect(await stopJob(paths, first.spec.id)).toMatchObject({ state: 'stopped' });

    // What the checkpoint measured before the stop is measured again after it: its weights are really loaded.
    const steps = readdirSync(train).flatMap((name) => /^checkpoint-(\d+)$/.exec(name)?.[1] ?? []);
    const last = Math.max(...steps.map(Number));
    const lines = readFileSync(rowsFile, 'utf8').split('\n').filter(Boolean);
    const isMeasured = (line: string): boolean => {
      const row = JSON.parse(line);
      return row.current_steps === last && 'eval_loss' in row;
    };
    const before = lines.filter(isMeasured).map((line) => JSON.parse(line).eval_loss);
    expect(before).toHaveLength(1);
    writeFileSync(rowsFile, `${lines.filter((line) => !isMeasured(line)).join('\n')}\n`);

    const end = await waitForJob(paths, (await resumeJob(paths, first.spec.id)).spec.id);
    expect([end.state, end.error]).toEqual(['succeeded', null]);
    const all = Array.from({ length: 12 }, (_, at) => at + 1);
    expect([...metric(end, 'loss').keys()]).toEqual(all);
    const evalLoss = metric(end, 'eval_loss');
    expect([...evalLoss.keys()].sort((a, b) => a - b)).toEqual([0, ...all]);
    expect(metric(end, 'eval_mrr@10/96').size).toBe(13);
    const rows = readFileSync(rowsFile, 'utf8')
      .split('\n')
      .filter((line) => line.includes('eval_loss'));
    expect(rows).toHaveLength(13);
    expect(evalLoss.get(last)).toBeCloseTo(before[0], 5);
    expect(Math.abs((evalLoss.get(last) ?? 0) - (evalLoss.get(0) ?? 0))).toBeGreaterThan(1e-4);

    const heldOut = heldOutSchema.parse(
      JSON.parse(readFileSync(path.join(end.folder, 'data', 'held-out.json'), 'utf8')),
    );
    expect(heldOut.queries).toHaveLength(10);
    // The step with the highest MRR@10 is the one that is exported, the first of equal ones.
    const mrr = [...metric(end, 'eval_mrr@10')].filter(([step]) => step > 0);
    const most = Math.max(...mrr.map(([, value]) => value));
    const best = mrr.find(([, value]) => value === most)?.[0] ?? -1;
    for (const [name, step] of [
      ['all-minilm-l6-v2-exported', 0],
      ['towns-held', best],
    ] as const) {
      for (const [number, value] of Object.entries(await byOurMetrics(name, heldOut))) {
        expect([number, Math.abs((metric(end, number).get(step) ?? -1) - value) < 1e-3]).toEqual([number, true]);
      }
    }
  });

  test('the embedder has its card, a hundred texts of parity, and an int8 one beside it with vectors of its own', async () => {
    const folder = tunedFolder(paths, training.name).result;
    const card = JSON.parse(readFileSync(path.join(folder, 'card.json'), 'utf8'));
    expect(card).toMatchObject({
      name: 'towns-held',
      base: BASE,
      data: { name: 'towns', part: 'train', rows: 26, negatives: { least: 10, most: 10 }, negativesDrawnAtRandom: 26 },
      heldOut: { questions: 10, of: { queries: 10 } },
      parameters: { use_mrl: true, mrl_dims: [96, 192, 384], temperature: 0.02, sentence_pooling_method: 'mean' },
      parity: { texts: 100 },
      steps: 12,
    });
    expect(card.after['eval_mrr@10']).toBeGreaterThan(0);
    expect(readFileSync(path.join(folder, 'README.md'), 'utf8')).toContain('| mrr@10 |');
    const modules = JSON.parse(readFileSync(path.join(folder, 'modules.json'), 'utf8'));
    expect(modules.map(({ path: at }: { path: string }) => at)).toEqual(['', '1_Pooling', '2_Normalize']);

    const [whole, small] = await Promise.all(
      ['towns-held', 'towns-held-int8'].map((name) => resolveEmbedder(paths, name)),
    );
    expect(small?.config.dtype).toBe('int8');
    expect(small?.fingerprint).not.toBe(whole?.fingerprint);
    const beside = tunedFolder(paths, training.name).root;
    const manifest = JSON.parse(readFileSync(path.join(beside, 'int8', 'manifest.json'), 'utf8'));
    expect(manifest.parity.min).toBeGreaterThan(0.8);
    expect(manifest.parity.min).toBeLessThan(0.999999);
    const size = (where: string): number => statSync(path.join(where, 'model.onnx')).size;
    expect(size(path.join(beside, 'int8'))).toBeLessThan(size(folder) / 3);
  });

  test('ranks by hand: two gold passages of which one is found at rank 3, and one that is not found', () => {
    const { python } = installedEngine(paths, 'flagembedding');
    const code = [
      'import json, sys',
      `sys.path.insert(0, ${JSON.stringify(path.join(packageRoot(), 'workers', 'python'))})`,
      'import torch',
      'from held_out import rank_numbers, ranking',
      // Equal scores keep the order of the pool: places 4, 0, 2, 3, 1.
      'ranked = ranking(torch.tensor([0.5, 0.1, 0.5, 0.2, 0.9]))',
      'print(json.dumps([ranked, rank_numbers(ranked, {2, 7}), rank_numbers(ranked, {9})]))',
    ].join('\n');
    const [ranked, found, none] = JSON.parse(execFileSync(python, ['-c', code], { encoding: 'utf8' }));
    expect(ranked).toEqual([4, 0, 2, 3, 1]);
    // DCG = 1/log2(4) = 0.5; ideal = 1 + 1/log2(3) = 1.63093.
    expect(found).toMatchObject({ 'recall@1': 0, 'recall@5': 0.5, 'recall@10': 0.5 });
    expect(found['mrr@10']).toBeCloseTo(1 / 3, 9);
    expect(found['ndcg@10']).toBeCloseTo(0.5 / 1.6309297535714575, 9);
    expect(none).toEqual({ 'recall@1': 0, 'recall@5': 0, 'recall@10': 0, 'mrr@10': 0, 'ndcg@10': 0 });
  });
});
