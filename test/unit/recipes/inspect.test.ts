import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { workspacePaths } from '../../../src/platform/paths.ts';
import { inspectRecipe } from '../../../src/recipes/inspect.ts';

test('a dataset and a prompt that are not there are told by line, before anything runs', () => {
  const home = mkdtempSync(path.join(os.tmpdir(), 'ragtui inspect '));
  try {
    const text = `recipe: 1
name: gone
datasets:
  rows: {use: nowhere}
  out: {use: ../../etc}
columns:
  a: {llm: smollm2-135m-instruct, context: gold, prompt: nobody}
`;
    const { problems } = inspectRecipe(workspacePaths(home, {}), { file: '/x.yaml', cwd: '/', text, vars: {} });
    expect(problems.map(({ line, at }) => [line, at])).toEqual([
      [4, 'datasets.rows.use'],
      [5, 'datasets.out.use'],
      [7, 'columns.a.prompt'],
    ]);
    expect(problems[2]?.message).toBe('There is no prompt "nobody".');
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
});
