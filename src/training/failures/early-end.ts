import type { Failure } from './types.ts';

/** The last step that was done, and how many there were to do. */
export interface End {
  readonly step: number;
  readonly totalSteps: number;
}

/**
 * A run that ended well before its last step though we never told it to: an engine takes a TERM from anybody (a guard of
 * memory, a shutdown, a `kill`) as a request to save a checkpoint and end. Undefined for one that did all steps. Pure.
 */
export function readEarlyEnd(engine: string, job: string, { step, totalSteps }: End): Failure | undefined {
  if (step >= totalSteps) return undefined;
  return {
    kind: 'killed',
    code: 'unavailable',
    message: `${engine} ended at step ${step} of ${totalSteps}: something outside told it to stop.`,
    hint: `Go on from its checkpoint: ragtui jobs resume ${job}`,
    lines: [],
    rank: null,
    memory: null,
    rung: null,
  };
}
