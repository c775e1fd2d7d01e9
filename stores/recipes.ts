import path from 'node:path';
import { createStore, type StoreApi } from 'zustand/vanilla';
import { isOver, type JobId, type JobView } from '../src/jobs/types.ts';
import type { RecipeFile } from '../src/recipes/files.ts';
import type { RecipeProblem } from '../src/recipes/source.ts';
import type { RecipeStatus, RecipeWork, Scalar } from '../src/recipes/types.ts';
import type { JobsStore } from './jobs.ts';

/** What is wrong with a recipe, with the lines it is about. */
export interface CheckedRecipe {
  readonly problems: readonly (RecipeProblem & { readonly source: string })[];
  /** Variables that have no value yet. */
  readonly missing: readonly { readonly name: string; readonly about: string }[];
  readonly steps: number;
  readonly variants: number;
  /** Engines and models that are fetched first. */
  readonly fetches: readonly string[];
}

export interface RecipesPort {
  files(): Promise<readonly RecipeFile[]>;
  check(file: string, vars: Readonly<Record<string, Scalar>>): Promise<CheckedRecipe>;
  run(file: string, vars: Readonly<Record<string, Scalar>>): Promise<JobId>;
  /** How far a run is, from the folder of its job; undefined before it has said so. */
  status(folder: string): RecipeStatus | undefined;
  pause(id: JobId): Promise<void>;
  continue(id: JobId): Promise<void>;
  resume(id: JobId): Promise<JobId>;
  report(file: string): Promise<string>;
}

/** A recipe with its newest run; one that was run from a file elsewhere has no file here. */
export interface RecipeRow {
  readonly name: string;
  readonly file: RecipeFile | null;
  readonly run: { readonly view: JobView; readonly work: RecipeWork; readonly status: RecipeStatus | undefined } | null;
}

export interface RecipesState {
  readonly rows: readonly RecipeRow[] | null;
  /** By file, what was found wrong when it was last looked at. */
  readonly checked: Readonly<Record<string, CheckedRecipe>>;
  /** The report of the run that is looked at, by its file. */
  readonly report: { readonly file: string; readonly text: string } | null;
  refresh(): Promise<void>;
  /** How far the runs are now. */
  look(): void;
  check(file: string, vars: Readonly<Record<string, Scalar>>): Promise<CheckedRecipe>;
  /** What was found wrong is not shown any more. */
  forget(file: string): void;
  run(file: string, vars: Readonly<Record<string, Scalar>>): Promise<void>;
  pause(id: JobId): Promise<void>;
  continue(id: JobId): Promise<void>;
  resume(id: JobId): Promise<void>;
  readReport(file: string): Promise<void>;
}
export type RecipesStore = StoreApi<RecipesState>;

/**
 * What tells one recipe from another: its file, since two may bear one name; of one that came with the program its name,
 * since each installation has its own copy.
 */
const keyOf = ({ file, shipped }: { readonly file: string; readonly shipped?: boolean | undefined }): string =>
  shipped ? `shipped ${path.basename(file)}` : file;

/** Recipes there are, and how far those that were run are. Progress comes with the jobs store. */
export function createRecipesStore({
  recipes,
  jobs,
}: {
  readonly recipes: RecipesPort;
  readonly jobs: JobsStore;
}): RecipesStore {
  let files: readonly RecipeFile[] = [];
  return createStore<RecipesState>()((set, get) => {
    const rows = (): readonly RecipeRow[] => {
      const known = new Map(files.map((one) => [one.file, keyOf({ ...one, shipped: one.from === 'shipped' })]));
      // Of older runs nothing is read: this is done with every progress.
      const newest = new Map<string, NonNullable<RecipeRow['run']>>();
      for (const view of jobs.getState().list ?? []) {
        const { work } = view.spec;
        if (work.kind !== 'recipe') continue;
        const key = known.get(work.file) ?? keyOf(work);
        if (!newest.has(key)) newest.set(key, { view, work, status: recipes.status(view.folder) });
      }
      const here = files.map((file) => ({
        name: file.name,
        file,
        run: newest.get(known.get(file.file) ?? '') ?? null,
      }));
      const keys = new Set(known.values());
      const elsewhere = [...newest].filter(([key]) => !keys.has(key));
      return [...here, ...elsewhere.map(([, run]) => ({ name: run.work.name, file: null, run }))];
    };
    const afterwards = async (): Promise<void> => {
      await jobs.getState().refresh();
      get().look();
    };
    return {
      rows: null,
      checked: {},
      report: null,
      refresh: async () => {
        files = await recipes.files();
        await afterwards();
      },
      look: () => set({ rows: rows() }),
      check: async (file, vars) => {
        const found = await recipes.check(file, vars);
        set({ checked: { ...get().checked, [file]: found } });
        return found;
      },
      forget: (file) => {
        const { [file]: _, ...checked } = get().checked;
        set({ checked });
      },
      run: async (file, vars) => {
        await recipes.run(file, vars);
        get().forget(file);
        await afterwards();
      },
      pause: async (id) => {
        await recipes.pause(id);
        get().look();
      },
      continue: async (id) => {
        await recipes.continue(id);
        get().look();
      },
      resume: async (id) => {
        await recipes.resume(id);
        await afterwards();
      },
      readReport: async (file) => {
        if (get().report?.file !== file) set({ report: { file, text: await recipes.report(file) } });
      },
    };
  });
}

/** Whether the newest run of a recipe goes on. */
export const isRunning = ({ run }: RecipeRow): boolean => run !== null && !isOver(run.view.state);
