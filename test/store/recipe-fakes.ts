import type { JobId } from '../../src/jobs/types.ts';
import type { RecipeFile } from '../../src/recipes/files.ts';
import type { RecipeStatus, Scalar } from '../../src/recipes/types.ts';
import type { CheckedRecipe, RecipesPort } from '../../stores/recipes.ts';

export interface RecipeWorld {
  readonly files?: readonly RecipeFile[];
  readonly check?: (vars: Readonly<Record<string, Scalar>>) => CheckedRecipe;
  readonly status?: RecipeStatus;
  readonly report?: string;
}

const SOUND: CheckedRecipe = { problems: [], missing: [], steps: 3, variants: 0, fetches: [] };

/** Recipes that remember what was asked of them. */
export function fakeRecipes({ files = [], check = () => SOUND, status, report = '' }: RecipeWorld = {}) {
  const ran: { file: string; vars: Readonly<Record<string, Scalar>> }[] = [];
  const asked: string[] = [];
  const port: RecipesPort = {
    files: async () => files,
    check: async (_, vars) => check(vars),
    run: async (file, vars) => {
      ran.push({ file, vars });
      return '20261123-061530-recipe-00ff' as JobId;
    },
    status: () => status,
    pause: async (id) => {
      asked.push(`pause ${id}`);
    },
    continue: async (id) => {
      asked.push(`continue ${id}`);
    },
    resume: async (id) => {
      asked.push(`resume ${id}`);
      return id;
    },
    report: async () => report,
  };
  return { port, ran, asked };
}
