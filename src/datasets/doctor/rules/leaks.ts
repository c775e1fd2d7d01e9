import type { RuleNote } from '../registry.ts';
import { ALL_KINDS } from '../rule.ts';

const leak = (id: string, title: string, severity: RuleNote['severity'], why: string): RuleNote => ({
  id: `leak-${id}`,
  version: 1,
  title,
  why,
  severity,
  kinds: ALL_KINDS,
});

/** From training to test; found by `leaks.ts`, gravest first. */
export const LEAK_RULES = [
  leak(
    'id',
    'Leak: the same row by its id',
    'error',
    'The question was trained on: its score says what was remembered.',
  ),
  leak(
    'context',
    'Leak: the same context',
    'error',
    'The text of the question was trained on: the score of the tuned model is too high, that of its base is not.',
  ),
  leak('question', 'Leak: the same question', 'warning', 'The question was trained on, with this answer or another.'),
  leak(
    'near-context',
    'Leak: nearly the same context',
    'warning',
    'A text that hardly differs was trained on: a comparison of texts to the character does not see it.',
  ),
  leak(
    'run',
    'Leak: a long run of words is shared',
    'info',
    'A passage of the text was trained on, perhaps the one that is asked about.',
  ),
] as const;
