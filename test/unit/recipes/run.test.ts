import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { importDataset } from '../../../src/datasets/import.ts';
import { readManifest } from '../../../src/datasets/store.ts';
import { keepFar } from '../../../src/hosts/far-file.ts';
import { jobFiles, writeJsonFile } from '../../../src/jobs/folder.ts';
import type { JobReport } from '../../../src/jobs/worker.ts';
import { ensureWorkspace, type WorkspacePaths, workspacePaths } from '../../../src/platform/paths.ts';
import { readRecipeStatus } from '../../../src/recipes/control.ts';
import { doneText } from '../../../src/recipes/describe.ts';
import { RecipeJournal } from '../../../src/recipes/journal.ts';
import { hashOf, planRecipe } from '../../../src/recipes/plan.ts';
import { readRecipe } from '../../../src/recipes/read.ts';
import { runPlan } from '../../../src/recipes/run.ts';
import type { RecipeRunning } from '../../../src/recipes/running.ts';
import type { BoundStep } from '../../../src/recipes/steps/registry.ts';
import type { Made, RecipeStatus } from '../../../src/recipes/types.ts';
import { jobView } from '../../store/fakes.ts';
import { wells } from '../../support/evaluations.ts';
import { recipeWorld, SILENT } from '../../support/recipe-world.ts';

let home: string;
let paths: WorkspacePaths;
beforeEach(() => {
  home = mkdtempSync(path.join(os.tmpdir(), 'ragtui recipe run '));
  paths = workspacePaths(home, {});
  ensureWorkspace(paths);
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

/** Runs a recipe in this process; returns where its steps stand at the end. */
async function run(
  text: string,
  how: Pick<RecipeRunning, 'doer' | 'serve'> = {},
  report: Partial<JobReport> = {},
): Promise<RecipeStatus> {
  const { name, variants, problems } = readRecipe(text);
  expect(problems).toEqual([]);
  const folder = path.join(home, 'job');
  mkdirSync(folder, { recursive: true });
  const plan = planRecipe(name, variants);
  const journal = new RecipeJournal(plan, folder, { ...SILENT, ...report }, () => null);
  await runPlan({ world: recipeWorld(paths), plan, journal, folder, ...how });
  return journal.status;
}
const statusHere = (): RecipeStatus => {
  const status = readRecipeStatus(path.join(home, 'job'));
  if (!status) throw new Error('nothing is written');
  return status;
};
const states = ({ steps }: RecipeStatus) => Object.fromEntries(steps.map(({ id, state }) => [id, state]));

describe('a recipe of a dataset that is there already', () => {
  test('that it splits itself does nothing anew the second time', async () => {
    const file = path.join(home, 'wells.json');
    writeFileSync(file, JSON.stringify(wells(12)));
    await importDataset(paths, file, { name: 'wells' });
    const recipe = `recipe: 1
name: again
datasets:
  mine: {use: wells, split: {by: context, test: 4}}
  other: {use: wells}
  few: {from: other, limit: 3}
`;
    expect(states(await run(recipe))).toEqual({
      'use mine': 'done',
      'split mine': 'done',
      'use other': 'done',
      'select few': 'done',
    });
    expect(states(await run(recipe))).toEqual({
      'use mine': 'kept',
      'split mine': 'kept',
      'use other': 'kept',
      'select few': 'kept',
    });
    expect(readManifest(paths, 'wells').splits).toHaveLength(1);
  });
});

const EVALUATED = `recipe: 1
name: gated
datasets: {rows: {use: wells}}
columns: {a: {llm: smollm2-135m-instruct, context: gold}}
evaluate: {answers: {dataset: rows, columns: [a]}}
gates: [{evaluation: answers, min: 90}]
`;
const made = (id: string, says: 'yes' | 'no'): Made =>
  id.startsWith('gate')
    ? { type: 'gate', digest: hashOf(id), says, sentences: [{ answer: says, sentence: 'Surely.' }] }
    : { type: 'models', digest: hashOf(id), models: [id] };
const doer =
  (says: 'yes' | 'no') =>
  ({ id }: { readonly id: string }): BoundStep => ({
    version: 1,
    facts: async () => null,
    there: async (_, { digest }) => digest,
    make: async () => made(id, says),
    expect: () => null,
  });

describe('a gate', () => {
  test('passes only where its figures say so', () => {
    const gate = (...answers: string[]): Made => ({
      type: 'gate',
      digest: 'x',
      says: 'yes',
      sentences: answers.map((answer) => ({ answer, sentence: 'A sentence.' })),
    });
    expect(doneText(gate('yes', 'yes'))).toBe('passed');
    expect(doneText(gate('yes', 'cannot tell'))).toBe('not stopped: 1 of 2 cannot be told');
  });
});

describe('a gate that said no', () => {
  test('says no again when nothing has changed and it is kept', async () => {
    expect((await run(EVALUATED, { doer: doer('no') })).gate).toBe('no');
    const again = await run(EVALUATED, { doer: doer('no') });
    expect(states(again)).toMatchObject({ 'gate answers 1': 'kept' });
    expect(again.gate).toBe('no');
  });
  test('and one that said yes says yes again', async () => {
    await run(EVALUATED, { doer: doer('yes') });
    expect((await run(EVALUATED, { doer: doer('yes') })).gate).toBe('yes');
  });
});

describe('trainings that go to one Slurm', () => {
  const recipe = `recipe: 1
name: swept
vars: {rank: 8}
sweep: {over: {rank: [4, 8, 16]}}
datasets: {rows: {use: wells}}
train: {tuned: {kind: llm, dataset: rows, base: smol, launcher: 'slurm:login', set: {lora_rank: "\${rank}"}}}
columns: {mine: {llm: tuned, context: gold}}
evaluate: {answers: {dataset: rows, columns: [mine]}}
`;
  /** Trainings end when they are told to; the order in which anything began and ended. */
  function held(kept: readonly string[] = []) {
    const told: string[] = [];
    const ends = new Map<string, (error?: Error) => void>();
    const how: Pick<RecipeRunning, 'doer'> = {
      doer: ({ id }) => ({
        version: 1,
        facts: async () => id,
        there: async (_, { digest }) => (kept.includes(id) || !id.startsWith('train') ? digest : undefined),
        expect: () => null,
        make: async () => {
          told.push(`${id} begins`);
          if (id.startsWith('train')) {
            await new Promise<void>((resolve, reject) => ends.set(id, (error) => (error ? reject(error) : resolve())));
          }
          told.push(`${id} ends`);
          return { type: 'models', digest: hashOf(id), models: [id] };
        },
      }),
    };
    return { told, how, end: (id: string, error?: Error) => ends.get(id)?.(error) };
  }
  const left = (index: number) => existsSync(path.join(home, 'job', 'arrays', '1', `left-${index}`));

  test('are done at once; what needs one begins when that one is there; one that fails leaves the others', async () => {
    const { told, how, end } = held();
    const all = run(recipe, how).catch((error: Error) => error);
    const begun = (id: string) => expect.poll(() => told).toContain(`${id} begins`);
    for (const id of ['train tuned', 'train tuned 2', 'train tuned 3']) await begun(id);
    expect([1, 2, 3].map(left)).toEqual([false, false, false]);
    end('train tuned 2');
    await begun('evaluate answers 2');
    expect(told).not.toContain('train tuned ends');
    end('train tuned', new Error('its loss is no number'));
    end('train tuned 3');
    expect(await all).toEqual(new Error('its loss is no number'));
    expect(states(statusHere())).toMatchObject({
      'train tuned': 'failed',
      'evaluate answers': 'blocked',
      'evaluate answers 2': 'done',
      'evaluate answers 3': 'done',
    });
    expect([1, 2, 3].map(left)).toEqual([true, true, true]);
  });

  test('of a large sweep sixteen are done at once, and the rest when there is room', async () => {
    const { told, how, end } = held();
    const ranks = Array.from({ length: 18 }, (_, at) => at + 1);
    const all = run(recipe.replace('[4, 8, 16]', `[${ranks.join(', ')}]`), how);
    const begun = () => told.filter((text) => /^train .* begins$/.test(text));
    const names = () => begun().map((text) => text.replace(' begins', ''));
    await expect.poll(() => begun().length).toBe(16);
    end('train tuned');
    await expect.poll(() => told).toContain('evaluate answers ends');
    expect(begun()).toHaveLength(16);
    end('train tuned 2');
    await expect.poll(() => begun().length).toBe(18);
    for (const name of names()) end(name);
    expect(Object.values(states(await all)).filter((state) => state === 'done')).toHaveLength(1 + 1 + 1 + 18 + 18);
  });

  test('one that is there already does not come to the array', async () => {
    const first = held();
    const all = run(recipe, first.how);
    await expect.poll(() => first.told).toContain('train tuned 3 begins');
    for (const id of ['train tuned', 'train tuned 2', 'train tuned 3']) first.end(id);
    await all;
    rmSync(path.join(home, 'job'), { recursive: true });
    const again = held(['train tuned 2']);
    const second = run(recipe, again.how);
    await expect.poll(() => again.told).toContain('train tuned 3 begins');
    await expect.poll(() => [1, 2, 3].map(left)).toEqual([false, true, false]);
    again.end('train tuned');
    again.end('train tuned 3');
    expect(states(await second)).toMatchObject({ 'train tuned 2': 'kept', 'train tuned 3': 'done' });
  });
});

describe('a server that is kept', () => {
  test('runs at the end, also when all that has asked it is there already', async () => {
    const recipe = `${EVALUATED}deploy: {own: {model: smollm2-135m-instruct, keep: true}}\n`;
    let started = 0;
    const bound = doer('yes');
    const how: Pick<RecipeRunning, 'doer' | 'serve'> = {
      doer: (step) => (step.spec.kind === 'deploy' ? undefined : bound(step)),
      serve: async () => {
        started += 1;
        const server = {
          type: 'server' as const,
          model: 'smollm2-135m-instruct',
          adapters: [],
          engine: 'llama',
          readySeconds: 1,
        };
        return { job: jobView({ kind: 'pull', models: ['smollm2-135m-instruct'] }), made: server };
      },
    };
    await run(recipe, how);
    started = 0;
    expect(states(await run(recipe, how))).toMatchObject({ 'evaluate answers': 'kept', 'deploy own': 'running' });
    expect(started).toBe(1);
  });
});

describe('a server that was left on a host which cannot be asked any more', () => {
  test('keeps no step from being done, and is named', async () => {
    const recipe = `${EVALUATED}deploy: {own: {model: smollm2-135m-instruct}}\n`;
    const bound = doer('yes');
    const how: Pick<RecipeRunning, 'doer'> = {
      doer: (step) => (step.spec.kind === 'deploy' ? undefined : bound(step)),
    };
    const [key] = (await run(recipe, how)).steps.flatMap((step) => (step.kind === 'deploy' ? (step.key ?? []) : []));
    // Its job was killed here while it served; the host was forgotten since.
    const id = '20261129-120000-serve-abcd';
    const folder = path.join(paths.jobs, id);
    mkdirSync(folder, { recursive: true });
    const work = {
      ...{ kind: 'serve', engine: 'vllm', model: 'smollm2-135m-instruct', contextTokens: 512 },
      ...{ idleMinutes: 0, launcher: 'ssh:gone' },
    };
    const createdAt = '2026-11-29T12:00:00.000Z';
    writeJsonFile(jobFiles(folder).spec, { version: 1, id, name: 'own', createdAt, step: `${key}:0`, work });
    writeJsonFile(jobFiles(folder).state, {
      ...{ state: 'lost', reason: '', startedAt: createdAt, endedAt: createdAt, error: null },
    });
    keepFar(folder, { host: 'gone', run: id, open: true });
    const said: string[] = [];
    const status = await run(recipe, how, { log: (_, text) => void said.push(text) });
    expect(states(status)).toMatchObject({ 'evaluate answers': 'kept', 'gate answers 1': 'kept' });
    expect(said).toContainEqual(
      `${id} may go on where it serves: There is no host gone in this workspace. Run "ragtui hosts check gone". Later: ragtui jobs stop ${id}`,
    );
  });
});
