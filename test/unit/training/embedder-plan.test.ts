import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { QaRow } from '../../../src/datasets/types.ts';
import { workspacePaths } from '../../../src/platform/paths.ts';
import { embedderSettings, toFlags, trainerArguments } from '../../../src/training/embedder-config.ts';
import { planEmbedder } from '../../../src/training/embedder-plan.ts';
import type { EmbedderOptions, EmbedderTraining, Training } from '../../../src/training/types.ts';
import { publishRows } from '../datasets/doctor-support.ts';

const home = mkdtempSync(path.join(os.tmpdir(), 'ragtui-plan-'));
const paths = workspacePaths(home, {});
afterAll(() => rmSync(home, { recursive: true, force: true }));

beforeAll(async () => {
  const rows = Array.from(
    { length: 40 },
    (_, at): QaRow => ({
      id: `q${at}`,
      question: `What is ${at}?`,
      context: `context ${at}`,
      contextId: `c${at}`,
      answers: ['it'],
      metadata: {},
    }),
  );
  const numbers = rows.map((_, at) => at);
  await publishRows(paths, 'towns', 'qa', rows, { train: numbers.slice(0, 30), test: numbers.slice(30) });
});

const training = (embedder?: EmbedderOptions, changes: Partial<Training> = {}): EmbedderTraining => ({
  dataset: 'towns',
  split: 'train',
  base: 'all-minilm-l6-v2',
  name: 'mine',
  preset: 'cpu',
  settings: {},
  seed: 1,
  ...changes,
  ...(embedder ? { embedder } : {}),
});
const plan = (embedder?: EmbedderOptions, changes: Partial<Training> = {}) =>
  planEmbedder(paths, training(embedder, changes));
const flags = (embedder?: EmbedderOptions, changes: Partial<Training> = {}) =>
  plan(embedder, changes).command.join(' ');

describe('what FlagEmbedding is told', () => {
  it('has the options of its own as the flags they are', () => {
    const told = flags({ matryoshka: [64, 128], temperature: 0.05, negatives: 5 });
    expect(told).toMatch(/ --use_mrl True --mrl_dims 64 128 384$/);
    expect(told).toContain(' --train_group_size 6 ');
    expect(told).toContain(' --temperature 0.05 ');
    expect(flags({ distill: true })).toContain(' --knowledge_distillation True');
    expect(flags()).toContain(' --train_group_size 4 ');
    expect(flags()).not.toContain('use_mrl');
  });

  it('has the instruction of the base, unless it is switched off', () => {
    const base = {
      pooling: 'cls',
      normalize: true,
      maxTokens: 512,
      dimension: 512,
      dtype: 'f32',
      queryInstruction: 'find: ',
      passageInstruction: '',
    } as const;
    const told = (embedder?: EmbedderOptions) =>
      toFlags(embedderSettings(training(embedder), { basePath: 'b', base, trainFile: 't.jsonl', outputFolder: 'o' }));
    expect(told()).toContain('find: ');
    expect(told({ instruction: false })).not.toContain('find: ');
    expect(told({ instruction: false })).not.toContain('--query_instruction_for_retrieval');
  });

  it('is told to one process, or by torchrun to one for each GPU', () => {
    const on = (perNode: number, nodes = 1) => ({ nodes, perNode });
    const one = trainerArguments('o.json', { use_cpu: true }, on(1));
    expect(one[0]).toMatch(/train_embedder\.py$/);
    expect(one.slice(1)).toEqual(['o.json', '--use_cpu', 'True']);
    expect(trainerArguments('o.json', {}, on(1))).toHaveLength(2);
    const [module, name, alone, per, count, script, ours] = trainerArguments('o.json', {}, on(4));
    expect([module, name, alone, per, count, ours]).toEqual([
      '-m',
      'torch.distributed.run',
      '--standalone',
      '--nproc_per_node',
      '4',
      'o.json',
    ]);
    expect(script).toMatch(/train_embedder\.py$/);
    // On several nodes torchrun hears from its environment where it is.
    const far = trainerArguments('o.json', {}, on(4, 2), '/there/train_embedder.py');
    expect(far.slice(2, -1)).toEqual(['--nnodes', '2', '--nproc_per_node', '4', '/there/train_embedder.py']);
  });
});

describe('before a training of an embedder begins, it is said', () => {
  it('which part is searched, where the negatives come from, and what a choice by test rows costs', () => {
    expect(plan().notes).toEqual([
      'searched while it trains: hand/test (10 rows)',
      'negatives: 10 other contexts a row, at random',
    ]);
    expect(plan({ keep: 'best', matryoshka: [64] }).notes?.slice(2)).toEqual([
      'the step is chosen by hand/test: numbers measured on it afterwards flatter it',
      'the whole vector of 384 numbers is trained too',
    ]);
    expect(plan(undefined, { split: 'all' }).notes?.[0]).toMatch(/no part is held out/);
  });

  it.each<[string, EmbedderOptions | undefined, Partial<Training>, RegExp]>([
    ['a key that is not known', undefined, { settings: { learning_rat: 1 } }, /no setting "learning_rat"/],
    ['a length that is too large', { matryoshka: [64, 512] }, {}, /384 numbers cannot be cut to 512/],
    ['lengths that do not rise', { matryoshka: [128, 64] }, {}, /128, 64 do not rise/],
    ['lengths by --set', undefined, { settings: { mrl_dims: 64 } }, /mrl_dims is set by ragtui/],
    ['the same twice', { temperature: 0.1 }, { settings: { temperature: 0.2 } }, /temperature is said twice/],
    ['fewer rows than a batch', undefined, { limit: 7 }, /7 rows are fewer than one batch of 8/],
    ['fewer rows than a batch of all GPUs', undefined, { gpus: 4 }, /30 rows are fewer than one batch of 32/],
    ['fewer rows than a batch of all nodes', undefined, { nodes: 4 }, /30 rows are fewer than one batch of 32/],
    ['no negative', undefined, { settings: { train_group_size: 1 } }, /at least one negative/],
    [
      'negatives of other GPUs without any',
      undefined,
      { settings: { negatives_cross_device: true } },
      /shares the negatives of several GPUs/,
    ],
    ['the best of nothing', { keep: 'best', evalSplit: 'none' }, {}, /--keep best needs held-out rows/],
    ['the best without a sibling', { keep: 'best' }, { split: 'all' }, /has no sibling part/],
  ])('that it is refused: %s', (_, embedder, changes, message) => {
    expect(() => plan(embedder, changes)).toThrow(message);
  });

  it('with the nearest name for a key', () => {
    expect(() => plan(undefined, { settings: { passage_max_length: 1 } })).toThrow(
      expect.objectContaining({ hint: 'Did you mean passage_max_len?' }),
    );
  });

  it('that the rows of a step, and so the steps, count all nodes', () => {
    // 30 rows by 4 a process: on 3 nodes 12 rows a step, 2.5 steps.
    const settings = { per_device_train_batch_size: 4 };
    const { forecast, command } = plan(undefined, { nodes: 3, settings });
    expect(forecast.steps).toMatchObject({ trainRows: 30, effectiveBatch: 12, perEpoch: 3, total: 3 });
    expect(plan(undefined, { settings }).forecast.steps).toMatchObject({ effectiveBatch: 4, total: 8 });
    expect(command.join(' ')).toContain('-m torch.distributed.run --nnodes 3 --nproc_per_node 1 ');
    // Where the nodes have GPUs: 2 × 2 processes with 4 rows each, whatever this machine has.
    const onGpus = training(undefined, { nodes: 2, gpus: 2, settings });
    const far = planEmbedder(paths, onGpus, {}, { device: 'cuda', versions: {} });
    expect(far.forecast.steps).toMatchObject({ effectiveBatch: 16, perEpoch: 2, total: 2 });
    expect(far.command.join(' ')).toContain('--nnodes 2 --nproc_per_node 2 ');
  });

  it('that negatives of other GPUs are taken where there are several', () => {
    const settings = { negatives_cross_device: true, per_device_train_batch_size: 4 };
    expect(flags(undefined, { gpus: 2, settings })).toContain('--negatives_cross_device True');
  });
});
