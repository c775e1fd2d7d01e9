import { Random } from '../../evaluation/statistics/random.ts';
import { RagtuiError } from '../../platform/errors.ts';
import type { Choice, ComparedColumn, Vote } from './types.ts';

/** A vote before it is kept: `comparisons.vote` takes it. */
export type NewVote = Omit<Vote, 'comparison' | 'at'>;

/** In which order columns are shown when names are hidden: places → indices. The same seed shuffles alike. Pure. */
export function blindOrder(count: number, seed: number): number[] {
  return new Random(seed).shuffled(Array.from({ length: count }, (_, at) => at));
}

export interface Ballot {
  /** Names of the columns that answered (`judged`), in the order of the comparison. */
  readonly names: readonly string[];
  /** Seed of `blindOrder` when names were hidden, else null: they stood as they were asked. */
  readonly seed: number | null;
  /** The place on screen that was chosen (from 0), or neither of them. */
  readonly choice: number | 'tie' | 'neither';
}

/** The vote of a person who chose a place on screen. Errors: `usage` for a place that is not there, or one column. Pure. */
export function voteOf({ names, seed, choice }: Ballot): NewVote {
  if (names.length < 2) {
    throw new RagtuiError('usage', 'There is nothing to choose between: fewer than two columns have answered.');
  }
  const order = seed === null ? names.map((_, at) => at) : blindOrder(names.length, seed);
  const shown = order.map((at) => names[at] ?? '');
  return { blind: seed !== null, seed, shown, choice: choiceOf(shown, choice) };
}

function choiceOf(shown: readonly string[], choice: Ballot['choice']): Choice {
  if (choice === 'tie' || choice === 'neither') return { kind: choice };
  const column = shown[choice];
  if (column !== undefined) return { kind: 'column', column };
  throw new RagtuiError('usage', `There is no place ${choice + 1} to vote for.`, `There are ${shown.length} columns.`);
}

/** Whether there is something to judge: at least two columns have answered. Pure. */
export function canVote(columns: readonly Pick<ComparedColumn, 'state' | 'column'>[]): boolean {
  return columns.filter(judged).length >= 2;
}

/** A column that failed or was cancelled says nothing about how good it is. */
export const judged = ({ state }: Pick<ComparedColumn, 'state'>): boolean => state === 'ok' || state === 'empty';
