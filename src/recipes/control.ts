import path from 'node:path';
import { z } from 'zod';
import { readJsonFile, writeJsonFile } from '../jobs/folder.ts';
import { launchJob } from '../jobs/launcher.ts';
import { listJobs, readJob } from '../jobs/registry.ts';
import { isOver, type JobView } from '../jobs/types.ts';
import { RagtuiError } from '../platform/errors.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { type RecipeStatus, type RecipeWork, recipeStatusSchema } from './types.ts';

/** `control.json` of a recipe's job: what a person wants of it. Its worker only reads it. */
const controlSchema = z.object({
  /** `after`: the step that runs ends first; `now`: its job is stopped where it can be gone on with. */
  pause: z.enum(['after', 'now']).nullable(),
});
export type RecipeControl = z.infer<typeof controlSchema>;

const controlFile = (folder: string): string => path.join(folder, 'control.json');
const statusFile = (folder: string): string => path.join(folder, 'steps.json');

/** What is wanted of a recipe now. */
export const readRecipeControl = (folder: string): RecipeControl =>
  readJsonFile(controlFile(folder), controlSchema) ?? { pause: null };

/** How far it is; undefined before its worker has said so. */
export const readRecipeStatus = (folder: string): RecipeStatus | undefined =>
  readJsonFile(statusFile(folder), recipeStatusSchema);
export const writeRecipeStatus = (folder: string, status: RecipeStatus, durable: boolean): void =>
  writeJsonFile(statusFile(folder), status, { durable });

/** A recipe that was run. */
export interface RecipeRun {
  readonly view: JobView;
  readonly work: RecipeWork;
  readonly status: RecipeStatus | undefined;
}

function runOf(view: JobView): RecipeRun | undefined {
  const { work } = view.spec;
  return work.kind === 'recipe' ? { view, work, status: readRecipeStatus(view.folder) } : undefined;
}

/** All runs of recipes, newest first. */
export const listRecipeRuns = (paths: WorkspacePaths): RecipeRun[] =>
  listJobs(paths).flatMap((view) => runOf(view) ?? []);

/** One by its job's id or `latest`. Errors: `not-found`, `usage` for a job of another kind. */
export function readRecipeRun(paths: WorkspacePaths, id: string): RecipeRun {
  const found = id === 'latest' ? listRecipeRuns(paths)[0] : runOf(readJob(paths, id));
  if (found) return found;
  if (id === 'latest') throw new RagtuiError('not-found', 'No recipe was run yet.', 'Run one: ragtui recipe run FILE');
  throw new RagtuiError('usage', `${id} is no recipe.`, 'See: ragtui recipe list');
}

/** Nothing new begins until `continueRecipe`. Errors: `not-found`, `usage` when it is over. */
export const pauseRecipe = (paths: WorkspacePaths, id: string, pause: 'after' | 'now' = 'after'): JobView =>
  control(paths, id, pause);

/** Goes on after `pauseRecipe`. Errors: `not-found`, `usage` when it is over. */
export const continueRecipe = (paths: WorkspacePaths, id: string): JobView => control(paths, id, null);

function control(paths: WorkspacePaths, id: string, pause: RecipeControl['pause']): JobView {
  const { view } = readRecipeRun(paths, id);
  if (isOver(view.state)) {
    throw new RagtuiError(
      'usage',
      `${view.spec.id} is over: ${view.state}.`,
      `Go on: ragtui recipe resume ${view.spec.id}`,
    );
  }
  writeJsonFile(controlFile(view.folder), { pause } satisfies RecipeControl);
  return view;
}

/** Goes on with a recipe that ended early, as a new job: steps that are done stay. Errors: `usage` while it runs. */
export function resumeRecipe(paths: WorkspacePaths, id: string): Promise<JobView> {
  const { view, work } = readRecipeRun(paths, id);
  if (isOver(view.state)) return launchJob(paths, { kind: 'recipe', ...work }, { name: view.spec.name });
  throw new RagtuiError(
    'usage',
    `${view.spec.id} is ${view.state}.`,
    `Stop it first: ragtui recipe stop ${view.spec.id}`,
  );
}
