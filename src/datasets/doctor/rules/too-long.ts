import type { RuleNote } from '../registry.ts';
import { ALL_KINDS } from '../rule.ts';

/** Rows longer than the cutoff in the model's own tokens; found by `lengths.ts`, which needs a model. */
export const tooLong: RuleNote = {
  id: 'too-long',
  version: 1,
  title: 'Longer than the cutoff',
  why: 'LLaMA-Factory keeps such a row but cuts it: first the end of the prompt goes (with the question), then the end of the answer.',
  severity: 'warning',
  kinds: ALL_KINDS,
};
