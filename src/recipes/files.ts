import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { shippedRecipesDir } from '../platform/entry.ts';
import { RagtuiError, toRagtuiError } from '../platform/errors.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { didYouMean } from './nearest.ts';
import { problemLine } from './problem-line.ts';
import { readRecipe } from './read.ts';
import { recipesFolder } from './results.ts';

const MOST_BYTES = 500_000;

/** A recipe that can be run by its name. */
export interface RecipeFile {
  /** Its file's name without the ending. */
  readonly name: string;
  readonly file: string;
  readonly from: 'workspace' | 'shipped';
  readonly about: string;
  /** The first thing that is wrong with it, whatever its variables are; null: nothing. */
  readonly problem: string | null;
}

type FoundFile = Pick<RecipeFile, 'name' | 'file' | 'from'>;

/** Recipes of the workspace, then those that are shipped and are not there under the same name. */
export const listRecipes = (paths: WorkspacePaths): RecipeFile[] => foundFiles(paths).map(recipeFile);

/** The same without a look into them. */
function foundFiles(paths: WorkspacePaths): FoundFile[] {
  const own = filesIn(recipesFolder(paths), 'workspace');
  const names = new Set(own.map(({ name }) => name));
  return [...own, ...filesIn(shippedRecipesDir(), 'shipped').filter(({ name }) => !names.has(name))];
}

function filesIn(folder: string, from: RecipeFile['from']): FoundFile[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => /\.ya?ml$/.test(name) && !name.startsWith('.'))
    .sort()
    .map((name) => ({ name: nameOf(name), file: path.join(folder, name), from }));
}

export const isShipped = (file: string): boolean => path.dirname(file) === shippedRecipesDir();

const nameOf = (file: string): string => path.basename(file).replace(/\.ya?ml$/, '');

function recipeFile(found: FoundFile): RecipeFile {
  const { file } = found;
  try {
    const { about, problems } = readRecipe(readText(file));
    // What a variable lacks is given at the start.
    const problem = problems.find(({ at }) => !at.startsWith('vars.'));
    return { ...found, about, problem: problem ? problemLine(path.basename(file), problem) : null };
  } catch (error) {
    return { ...found, about: '', problem: toRagtuiError(error).message };
  }
}

/** The file that a person means: a path, or the name of a recipe. Errors: `not-found`, `usage`. */
export function findRecipe(paths: WorkspacePaths, wanted: string, cwd: string): string {
  const file = path.resolve(cwd, wanted);
  if (statSync(file, { throwIfNoEntry: false })?.isFile()) return file;
  const known = foundFiles(paths);
  const found = known.find(({ name }) => name === nameOf(wanted));
  // A path that is not there is no name.
  if (found && !wanted.includes('/')) return found.file;
  const names = known.map(({ name }) => name);
  throw new RagtuiError('not-found', `There is no recipe ${wanted}.`, didYouMean(nameOf(wanted), names));
}

/** Errors: `invalid` when it is too long to be a recipe, `not-found`, `permission`. */
export function readText(file: string): string {
  try {
    if (statSync(file).size > MOST_BYTES) throw new RagtuiError('invalid', `${file} is too long to be a recipe.`);
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw toRagtuiError(error);
  }
}
