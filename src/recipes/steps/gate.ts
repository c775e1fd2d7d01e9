import { gateRun } from '../../evaluation/gate.ts';
import { hashOf } from '../plan.ts';
import { needed, type StepDoer } from './types.ts';

/** Whether the columns of an evaluation pass; "no" ends the recipe with exit code 3. */
export const gateStep: StepDoer<'gate'> = {
  version: 1,
  facts: () => null,
  there: (_, made) => made.digest,
  make: async ({ world: { paths }, spec, needs }) => {
    const { metric, column, min, max, baseline, tolerance } = spec;
    const results = gateRun(paths, needed(needs, 'run', 'run').job, {
      metric: metric ?? null,
      column: column ?? null,
      min: min ?? null,
      max: max ?? null,
      baseline: baseline ?? null,
      tolerance,
    });
    const sentences = results.map(({ answer, sentence }) => ({ answer, sentence }));
    const says = results.some(({ answer }) => answer === 'no') ? 'no' : 'yes';
    return { type: 'gate', digest: hashOf(sentences), says, sentences };
  },
};
