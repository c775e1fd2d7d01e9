import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { addEndpoint, changeEndpoint } from '../../../src/models/endpoint-entries.ts';
import { ensureWorkspace, type WorkspacePaths, workspacePaths } from '../../../src/platform/paths.ts';
import { hashOf, planRecipe } from '../../../src/recipes/plan.ts';
import { readRecipe } from '../../../src/recipes/read.ts';
import { evaluateStep } from '../../../src/recipes/steps/evaluate.ts';
import { isMadeName, madeNameOf } from '../../../src/recipes/steps/types.ts';
import { recipeWorld } from '../../support/recipe-world.ts';

let home: string;
let paths: WorkspacePaths;
beforeEach(async () => {
  home = mkdtempSync(path.join(os.tmpdir(), 'ragtui facts '));
  paths = workspacePaths(home, { XDG_CONFIG_HOME: path.join(home, 'config') });
  ensureWorkspace(paths);
  await point('http://127.0.0.1:1/v1');
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const point = (url: string) => addEndpoint(paths, { name: 'mine', kind: 'chat', url, model: 'm' });

function prompt(text: string): void {
  const folder = path.join(path.dirname(paths.configFile), 'prompts');
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, 'own.txt'), text);
}

async function facts(): Promise<string> {
  const recipe = `recipe: 1
name: asked
datasets: {rows: {use: rows}}
columns: {a: {llm: mine, context: gold, prompt: own}}
evaluate: {answers: {dataset: rows, columns: [a]}}
`;
  const { name, variants, problems } = readRecipe(recipe);
  expect(problems).toEqual([]);
  const spec = planRecipe(name, variants).steps.find(({ spec: { kind } }) => kind === 'evaluate')?.spec;
  if (spec?.kind !== 'evaluate') throw new Error('no evaluation');
  return hashOf(await evaluateStep.facts(recipeWorld(paths), spec, {}));
}

test('an evaluation is another one when the text of its prompt changes, and when its endpoint leads elsewhere', async () => {
  prompt('Answer from {context}: {question}');
  const before = await facts();
  expect(await facts()).toBe(before);
  prompt('Answer shortly from {context}: {question}');
  const after = await facts();
  expect(after).not.toBe(before);
  await changeEndpoint(paths, 'mine', (one) => ({ ...one, url: 'http://127.0.0.1:2/v1' }));
  expect(await facts()).not.toBe(after);
});

test('a result with questions that went wrong is not kept: they are asked anew', async () => {
  const made = { type: 'run' as const, digest: 'x', job: 'gone', items: 3, primary: 'exact', columns: [] };
  expect(await evaluateStep.there(recipeWorld(paths), { ...made, errors: 1 })).toBeUndefined();
});

test('names of what steps make are told from those of a person', () => {
  expect(isMadeName(madeNameOf('all', '3fa91c77'))).toBe(true);
  expect(['context', 'near', 'all-rows', 'mine-2026'].map(isMadeName)).toEqual([false, false, false, false]);
});
