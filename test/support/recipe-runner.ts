// Runs a plan of steps that only start a job each; for tests that kill it. `node recipe-runner.mjs HOME FOLDER RECIPE`.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { launchJob } from '../../src/jobs/launcher.ts';
import { workspacePaths } from '../../src/platform/paths.ts';
import { RecipeJournal } from '../../src/recipes/journal.ts';
import { hashOf, planRecipe } from '../../src/recipes/plan.ts';
import { readRecipe } from '../../src/recipes/read.ts';
import { runPlan } from '../../src/recipes/run.ts';
import type { BoundStep } from '../../src/recipes/steps/registry.ts';
import { recipeWorld, SILENT } from './recipe-world.ts';

const [home = '', folder = '', file = ''] = process.argv.slice(2);
const paths = workspacePaths(home, {});
const stop = new AbortController();
process.on('SIGTERM', () => stop.abort(new Error('asked to stop')));
const supervisor = path.join(path.dirname(fileURLToPath(import.meta.url)), 'jobs-supervisor.mjs');
const { name, variants, problems } = readRecipe(readFileSync(file, 'utf8'));
if (problems.length > 0) throw new Error(JSON.stringify(problems));
const plan = planRecipe(name, variants);
const journal = new RecipeJournal(plan, folder, SILENT, () => null);

/** Of a step: what its job has said, and that the step itself came to its end. */
const at = (id: string, ending: string) => path.join(home, `${id.replaceAll(' ', '-')}.${ending}`);
const doer = ({ id }: { readonly id: string }): BoundStep => ({
  version: 1,
  facts: async () => (existsSync(at(id, 'facts')) ? readFileSync(at(id, 'facts'), 'utf8') : null),
  there: async (_, made) => (existsSync(at(id, 'made')) ? made.digest : undefined),
  expect: () => null,
  make: async ({ child }) => {
    await child({ kind: 'pull', models: ['append', at(id, 'log')] });
    const content = existsSync(at(id, 'facts')) ? readFileSync(at(id, 'facts'), 'utf8') : '';
    writeFileSync(at(id, 'made'), content);
    return { type: 'models', digest: hashOf([id, content]), models: [id] };
  },
});

const world = recipeWorld(paths, stop.signal);
const launch: typeof launchJob = (where, work, options) => launchJob(where, work, { ...options, supervisor });
await runPlan({ world, plan, journal, folder, doer, launch });
