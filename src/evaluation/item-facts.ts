import type { WorkspacePaths } from '../platform/paths.ts';
import { itemsOf } from './blame/run.ts';
import type { EvaluationItem } from './plan.ts';
import type { EvaluationRun } from './runs.ts';
import { seenInTraining } from './seen.ts';

/** What is known of a run's questions beside what was answered. */
export interface ItemFacts {
  /** As the dataset has them, by id; empty when it is gone. */
  readonly asked: ReadonlyMap<string, EvaluationItem>;
  /** Whether a tune of the run was trained on it, by id; undefined when nobody can tell. */
  readonly seen: ReadonlyMap<string, boolean> | undefined;
}

/** Reads the questions of a run again, and what its tunes were trained on. */
export async function itemFacts(paths: WorkspacePaths, run: Pick<EvaluationRun, 'evaluation'>): Promise<ItemFacts> {
  const asked = await itemsOf(paths, run).catch(() => new Map<string, EvaluationItem>());
  return { asked, seen: await seenInTraining(paths, run.evaluation.columns, [...asked.values()]) };
}
