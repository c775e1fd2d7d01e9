import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { importDataset } from '../../../src/datasets/import.ts';
import { readManifest } from '../../../src/datasets/store.ts';
import { ensureWorkspace, type WorkspacePaths, workspacePaths } from '../../../src/platform/paths.ts';
import { doneText } from '../../../src/recipes/describe.ts';
import { RecipeJournal } from '../../../src/recipes/journal.ts';
import { hashOf, planRecipe } from '../../../src/recipes/plan.ts';
import { readRecipe } from '../../../src/recipes/read.ts';
import { type RecipeRunning, runPlan } from '../../../src/recipes/run.ts';
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
async function run(text: string, how: Pick<RecipeRunning, 'doer' | 'serve'> = {}): Promise<RecipeStatus> {
  const { name, variants, problems } = readRecipe(text);
  expect(problems).toEqual([]);
  const folder = path.join(home, 'job');
  mkdirSync(folder, { recursive: true });
  const plan = planRecipe(name, variants);
  const journal = new RecipeJournal(plan, folder, SILENT, () => null);
  await runPlan({ world: recipeWorld(paths), plan, journal, folder, ...how });
  return journal.status;
}
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
