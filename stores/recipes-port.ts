import { readFile } from 'node:fs/promises';
import { launchJob } from '../src/jobs/launcher.ts';
import { RagtuiError } from '../src/platform/errors.ts';
import type { WorkspacePaths } from '../src/platform/paths.ts';
import { continueRecipe, pauseRecipe, readRecipeStatus, resumeRecipe } from '../src/recipes/control.ts';
import { problemLine } from '../src/recipes/problem-line.ts';
import type { Scalar } from '../src/recipes/types.ts';
import type { RecipesPort } from './recipes.ts';

const MOST_REPORT = 2_000_000;

/**
 * Recipes of the shipped folder and of the workspace; files are small, and are read when they are asked for. So is what
 * reads them (YAML, data sets, the hub): the first frame does not wait for it.
 */
export function realRecipes(paths: WorkspacePaths): RecipesPort {
  const open = async (file: string, vars: Readonly<Record<string, Scalar>>) => {
    const { readText } = await import('../src/recipes/files.ts');
    const { inspectRecipe } = await import('../src/recipes/inspect.ts');
    const { readRecipe } = await import('../src/recipes/read.ts');
    const text = readText(file);
    // Values of an earlier run may be of variables that the recipe has no more, or sweeps by now.
    const known = new Set(readRecipe(text).vars.flatMap(({ name, swept }) => (swept ? [] : name)));
    const given = Object.fromEntries(Object.entries(vars).filter(([name]) => known.has(name)));
    return inspectRecipe(paths, { file, cwd: process.cwd(), text, vars: given });
  };
  return {
    files: async () => (await import('../src/recipes/files.ts')).listRecipes(paths),
    check: async (file, vars) => {
      const { work, problems, plan, needs, vars: declared } = await open(file, vars);
      const lines = work.text.split('\n');
      return {
        problems: problems.map((one) => ({ ...one, source: lines[one.line - 1] ?? '' })),
        missing: declared
          .filter(({ value, swept }) => value === null && !swept)
          .map(({ name, about }) => ({ name, about })),
        steps: plan.steps.length,
        variants: plan.variants.length,
        fetches: [
          ...needs.engines
            .filter(({ state }) => state === 'absent' || state === 'partial')
            .map(({ name, launcher }) => (launcher === undefined ? name : `${name} (${launcher})`)),
          ...needs.models.map(({ id }) => id),
        ],
      };
    },
    run: async (file, vars) => {
      const { work, problems } = await open(file, vars);
      const [problem] = problems;
      if (problem) throw new RagtuiError('invalid', problemLine(file, problem), problem.hint);
      const { spec } = await launchJob(paths, { kind: 'recipe', ...work });
      return spec.id;
    },
    status: readRecipeStatus,
    pause: async (id) => {
      pauseRecipe(paths, id);
    },
    continue: async (id) => {
      continueRecipe(paths, id);
    },
    resume: async (id) => (await resumeRecipe(paths, id)).spec.id,
    report: async (file) => (await readFile(file, 'utf8')).slice(0, MOST_REPORT),
  };
}
