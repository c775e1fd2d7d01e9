import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { shippedRecipesDir } from '../../../src/platform/entry.ts';
import { planRecipe } from '../../../src/recipes/plan.ts';
import { readRecipe } from '../../../src/recipes/read.ts';

const files = readdirSync(shippedRecipesDir()).filter((name) => name.endsWith('.yaml'));

test.each(files)('the shipped recipe %s is sound, named as its file, and asks for its data', (name) => {
  const text = readFileSync(path.join(shippedRecipesDir(), name), 'utf8');
  const read = readRecipe(text, { data: '/data' });
  expect(read.problems).toEqual([]);
  expect(`${read.name}.yaml`).toBe(name);
  expect(read.about.length).toBeGreaterThan(40);
  expect(planRecipe(read.name, read.variants).steps.at(-1)?.spec.kind).toBe('gate');
  expect(readRecipe(text).problems.map(({ message }) => message)).toEqual([
    expect.stringMatching(/^The variable "data" has no value/),
  ]);
});

test('both experiments of the tutorial ship, as published and small', () => {
  expect(files).toEqual(
    expect.arrayContaining([
      'cmrc2018-llm.yaml',
      'cmrc2018-llm-small.yaml',
      'financial-qa-embedder.yaml',
      'financial-qa-embedder-small.yaml',
      'financial-qa-llm-small.yaml',
    ]),
  );
});
