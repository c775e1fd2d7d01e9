import type { ChildWish } from './child.ts';
import type { RecipeJournal } from './journal.ts';
import type { PlannedStep, RecipePlan } from './plan.ts';
import type { ensureServed } from './steps/deploy.ts';
import type { BoundStep } from './steps/registry.ts';
import type { Needs, World } from './steps/types.ts';
import type { Made, StepResult } from './types.ts';

/** A recipe that is being done. */
export interface RecipeRunning {
  readonly world: World;
  readonly plan: RecipePlan;
  readonly journal: RecipeJournal;
  /** Folder of the recipe's job, where what a person wants of it lies. */
  readonly folder: string;
  /** So many trainings of a sweep run at once under Slurm; absent: as many as there is room for. */
  readonly atOnce?: number | undefined;
  /** Replaced in tests. */
  readonly doer?: (step: PlannedStep) => BoundStep | undefined;
  /** Replaced in tests. */
  readonly launch?: ChildWish['launch'];
  /** Replaced in tests. */
  readonly serve?: typeof ensureServed;
}

/** What each step that is done made, by its id. */
export type Results = Map<string, { readonly made: Made; readonly result: StepResult | null }>;

/** What a step takes from those before it, as far as they are done. Pure. */
export const needsOf = (results: Results, { needs }: PlannedStep): Needs =>
  Object.fromEntries(
    Object.entries(needs).flatMap(([slot, id]) => {
      const made = results.get(id)?.made;
      return made ? [[slot, made]] : [];
    }),
  );
