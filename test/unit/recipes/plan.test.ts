import { describe, expect, test } from 'vitest';
import { stepTitle } from '../../../src/recipes/describe.ts';
import { overall } from '../../../src/recipes/journal.ts';
import { hashOf, planRecipe } from '../../../src/recipes/plan.ts';
import { stepKey } from '../../../src/recipes/preview.ts';
import { readRecipe } from '../../../src/recipes/read.ts';
import { promptName } from '../../../src/recipes/steps/types.ts';
import type { Made, StepStatus } from '../../../src/recipes/types.ts';
import { stepStatus } from '../../support/recipe-world.ts';

const RECIPE = `recipe: 1
name: two
vars: {rank: 8, k: 1}
datasets:
  all: {import: {file: rows.jsonl}, split: {by: context, test: 10}}
  few: {from: all, part: train, limit: 20}
train:
  tuned: {kind: llm, dataset: few, base: smol, set: {lora_rank: "\${rank}"}}
deploy:
  both: {model: smol, engine: vllm, adapters: [tuned]}
columns:
  base: {llm: tuned.base@vllm, context: gold}
  tuned: {llm: tuned@vllm, context: gold}
evaluate:
  answers: {dataset: all, columns: [base, tuned]}
gates:
  - {evaluation: answers, min: 10}
`;
const MODEL: Made = {
  type: 'model',
  digest: 'x',
  name: 'tuned-3fa91c',
  what: 'llm',
  base: 'smol',
  dataset: 'few (all)',
  rows: 20,
  steps: null,
  firstLoss: null,
  lastLoss: null,
  folder: '/tunes/x',
  files: {},
};
const trainedOn = (launcher: string) => RECIPE.replace('base: smol,', `base: smol, launcher: ${launcher},`);
const planOf = (text: string) => {
  const { name, variants, problems } = readRecipe(text);
  expect(problems).toEqual([]);
  return planRecipe(name, variants);
};

describe('the plan of a recipe', () => {
  test('has the engine of a host in the place of ours, and a training is the same one wherever it runs', () => {
    const far = planOf(trainedOn('ssh:gpu'));
    expect(far.steps.map(({ id }) => id).slice(0, 2)).toEqual(['engine llamafactory ssh:gpu', 'engine vllm']);
    const train = ({ steps }: typeof far) => {
      const step = steps.find(({ id }) => id === 'train tuned');
      return step && { after: step.after, key: stepKey(step, 1, {}, null) };
    };
    expect(train(far)?.after).toContain('engine llamafactory ssh:gpu');
    expect(train(planOf(trainedOn('slurm:login')))?.after).toContain('engine llamafactory slurm:login');
    const key = train(far)?.key;
    for (const text of [RECIPE, trainedOn('local'), trainedOn('ssh:other')]) expect(train(planOf(text))?.key).toBe(key);
    expect(train(planOf(trainedOn('ssh:gpu').replace('few, base', 'few, seed: 1, base')))?.key).not.toBe(key);
  });

  test('a server on a host needs vLLM there, is that of vLLM without saying so, and has the key it has anywhere', () => {
    const servedOn = (launcher: string) => RECIPE.replace('engine: vllm,', `launcher: ${launcher},`);
    const far = planOf(servedOn('ssh:gpu'));
    expect(far.steps.map(({ id }) => id).slice(0, 2)).toEqual(['engine llamafactory', 'engine vllm ssh:gpu']);
    const server = ({ steps }: typeof far) => {
      const step = steps.find(({ id }) => id === 'deploy both');
      if (!step) throw new Error('no deploy step');
      return { after: step.after, title: stepTitle(step.spec, step.name), key: stepKey(step, 1, {}, null) };
    };
    expect(server(far)).toMatchObject({
      after: ['engine vllm ssh:gpu', 'models'],
      title: 'serve both (ssh:gpu)',
    });
    // It answers what is asked on vLLM.
    expect(far.steps.find(({ id }) => id === 'evaluate answers')?.needs).toMatchObject({
      'server:both': 'deploy both',
    });
    const { key } = server(far);
    expect([server(planOf(RECIPE)).key, server(planOf(servedOn('ssh:other'))).key]).toEqual([key, key]);
    expect(server(planOf(servedOn('local'))).title).toBe('serve both');
    expect(server(planOf(servedOn('ssh:gpu, context: 512'))).key).not.toBe(key);
  });

  test('has its steps in an order in which each finds what it needs, servers just before who asks them', () => {
    const { steps } = planOf(RECIPE);
    expect(steps.map(({ id }) => id)).toEqual([
      'engine llamafactory',
      'engine vllm',
      'models',
      'import all',
      'split all',
      'select few',
      'train tuned',
      'deploy both',
      'evaluate answers',
      'gate answers 1',
    ]);
    for (const [at, { needs, after }] of steps.entries()) {
      for (const id of [...Object.values(needs), ...after]) {
        expect(steps.findIndex((one) => one.id === id)).toBeLessThan(at);
        expect(steps.findIndex((one) => one.id === id)).toBeGreaterThanOrEqual(0);
      }
    }
    const evaluation = steps.find(({ id }) => id === 'evaluate answers');
    expect(evaluation?.needs).toEqual({
      dataset: 'split all',
      'model:tuned': 'train tuned',
      'server:both': 'deploy both',
    });
    // Only what no step makes is a model by name.
    expect(steps.find(({ id }) => id === 'models')?.spec).toMatchObject({ models: ['smol'] });
  });

  test('a base that is asked with the prompt of a tune waits for the tune', () => {
    const asked = RECIPE.replace('context: gold}\n  tuned', 'context: gold, prompt: sft@tuned}\n  tuned')
      .replace('columns: [base, tuned]', 'columns: [base]')
      .replace('llm: tuned.base@vllm', 'llm: smol@vllm');
    const evaluation = planOf(asked).steps.find(({ id }) => id === 'evaluate answers');
    expect(evaluation?.needs).toMatchObject({ 'model:tuned': 'train tuned' });
    expect(promptName({ 'model:tuned': MODEL }, 'sft@tuned')).toBe('sft@tuned-3fa91c');
  });

  test('does once what variants have in common, and what differs for each', () => {
    const { steps, variants } = planOf(RECIPE.replace('datasets:', 'sweep: {over: {rank: [4, 8, 16]}}\ndatasets:'));
    expect(variants).toEqual([{ rank: 4 }, { rank: 8 }, { rank: 16 }]);
    const of = (kind: string) => steps.filter(({ spec }) => spec.kind === kind).map(({ variants: all }) => all);
    expect(of('import')).toEqual([[1, 2, 3]]);
    expect(of('select')).toEqual([[1, 2, 3]]);
    expect(of('train')).toEqual([[1], [2], [3]]);
    expect(of('evaluate')).toEqual([[1], [2], [3]]);
  });
});

describe('the key of a step', () => {
  const [step] = planOf(RECIPE).steps.filter(({ id }) => id === 'select few');
  if (!step) throw new Error('no such step');
  const made = (digest: string): Made => ({ type: 'models', digest, models: [] });
  const key = (digest = 'a', version = 1, facts: unknown = null) =>
    stepKey(step, version, { dataset: made(digest) }, facts);

  test('is the same for the same, whatever the order of the keys', () => {
    expect(key()).toBe(key());
    expect(hashOf({ a: 1, b: [2, { c: 3, d: undefined }] })).toBe(hashOf({ b: [2, { c: 3 }], a: 1 }));
    expect(key()).toMatch(/^[0-9a-f]{64}$/);
  });

  test('is another one when what it takes, its version, what it is told or what it finds differs', () => {
    const spec = { ...step.spec, limit: 21 };
    const told = stepKey({ ...step, spec }, 1, { dataset: made('a') }, null);
    expect(new Set([key(), key('b'), key('a', 2), key('a', 1, 'bytes'), told]).size).toBe(5);
  });
});

describe('the whole as one progress', () => {
  const step = (change: Partial<StepStatus>) => stepStatus('x', change);
  const running = { phase: 'training', done: 3, total: 10, unit: 'steps', rate: 1, secondsLeft: 7 };

  test('counts the time that is left where every step tells', () => {
    const steps = [step({ state: 'kept' }), step({ state: 'running', progress: running }), step({ expected: 20 })];
    expect(overall({ steps, paused: false })).toMatchObject({ done: 1, total: 3, secondsLeft: 27 });
  });

  test('says how far the job of the step is', () => {
    const steps = [step({ title: 'train tuned', detail: 'training', state: 'running', progress: running })];
    expect(overall({ steps, paused: false }).phase).toBe('train tuned: training, 3 of 10 steps');
  });

  test('what is done at once takes as long as the longest, or its share of all', () => {
    const beside = (seconds: number, atOnce: number) => step({ expected: seconds, together: { turn: 1, atOnce } });
    const left = (...steps: StepStatus[]) => overall({ steps, paused: false }).secondsLeft;
    expect(left(beside(10, 3), beside(30, 3), beside(20, 3), step({ expected: 5 }))).toBe(35);
    expect(left(beside(20, 2), beside(20, 2), beside(20, 2))).toBe(30);
    expect(left(beside(10, 2), step({ expected: 7, together: { turn: 2, atOnce: 2 } }))).toBe(17);
  });

  test('a step that was stopped or failed is still to be done', () => {
    const steps = (['done', 'unneeded', 'stopped', 'failed', 'blocked'] as const).map((state) => step({ state }));
    expect(overall({ steps, paused: false })).toMatchObject({ done: 2, total: 5 });
  });

  test('does not tell it while one does not know, or while it is paused', () => {
    const steps = [step({ state: 'running', progress: running }), step({})];
    expect(overall({ steps, paused: false }).secondsLeft).toBeNull();
    expect(overall({ steps: [], paused: true })).toMatchObject({ phase: 'paused', secondsLeft: null });
  });

  test('does not count servers as steps', () => {
    expect(overall({ steps: [step({ kind: 'deploy' }), step({ state: 'done' })], paused: false })).toMatchObject({
      done: 1,
      total: 1,
      secondsLeft: 0,
    });
  });
});
