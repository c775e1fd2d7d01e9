import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { workspacePaths } from '../../src/platform/paths.ts';
import { realRecipes } from '../../stores/recipes-port.ts';

it('values of an earlier run whose variables are gone from the recipe do not stand in its way', async () => {
  const home = mkdtempSync(path.join(os.tmpdir(), 'ragtui recipes port '));
  try {
    const file = path.join(home, 'small.yaml');
    writeFileSync(file, 'recipe: 1\nname: small\nvars: {part: train}\ndatasets: {rows: {use: rows}}\n');
    const recipes = realRecipes(workspacePaths(home, {}));
    const { problems } = await recipes.check(file, { part: 'test', data: '/gone' });
    // The dataset is not there; that the variable is gone is no problem.
    expect(problems.map(({ at }) => at)).toEqual(['datasets.rows.use']);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
});
