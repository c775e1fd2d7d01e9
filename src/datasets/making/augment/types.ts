import type { NumpyRng } from '../../numpy-rng.ts';

/** What a row gives a model to read, taken apart so that it can be damaged. */
export interface Input {
  readonly context: string;
  /** '' where the row has no question of its own. */
  readonly question: string;
}

export interface OperationContext {
  readonly rng: NumpyRng;
  /** Texts of the target that stand in the input: they must stand there afterwards, unharmed. */
  readonly kept: readonly string[];
  /** Whether passages may be added: only where a question asks about the context. */
  readonly asks: boolean;
  /** A passage of another row that holds none of the row's answers; undefined when there is none. */
  readonly otherPassage: () => string | undefined;
}

export interface Damaged {
  readonly input: Input;
  /** What was done, with numbers: `7 letters`. */
  readonly detail: string;
  /** The target changes only here: nothing in the input answers the question any more. */
  readonly unanswerable?: true;
}

/** Damages an input; undefined when there is nothing of its kind to damage. */
export type Damage = (input: Input, context: OperationContext) => Damaged | undefined;
