import { gateRun } from '../../evaluation/gate.ts';
import { hashOf } from '../plan.ts';
import { needed, type StepDoer } from './types.ts';

/** Whether the columns of an evaluation pass; "no" ends the recipe with exit code 3. */
export const gateStep: StepDoer<'gate'> = {
  version: 1,
  facts: () => null,
  there: (_, made) => made.digest,
  make: async ({ world: { paths }, spec, needs }) => {
    const { says, gates } = await gateRun(paths, needed(needs, 'run', 'run').job, spec);
    const sentences = gates.map(({ answer, sentence }) => ({ answer, sentence }));
    return { type: 'gate', digest: hashOf(sentences), says, sentences };
  },
};
