import { ALL_KINDS, rowRule } from '../rule.ts';

const CHECKED = new Set(['question', 'answer', 'rejected']);

/** Questions and answers that begin or end with white space. */
export const outerSpace = rowRule(
  {
    id: 'outer-space',
    version: 1,
    title: 'White space around a text',
    why: 'The exact-match metric compares the stripped output with the answer as it stands: an answer with a space at its end is never matched, and the model learns the space.',
    severity: 'warning',
    kinds: ALL_KINDS,
  },
  function* ({ number, view }) {
    for (const { path, name, role, text } of view.fields) {
      const trimmed = text.trim();
      if (!CHECKED.has(role) || trimmed === '' || trimmed === text) continue;
      const where = text.startsWith(trimmed) ? 'ends' : text.endsWith(trimmed) ? 'begins' : 'begins and ends';
      yield {
        row: number,
        message: `The ${name} ${where} with white space: ${JSON.stringify(text.length > 60 ? `…${text.slice(-20)}` : text)}.`,
        advice: 'Cut it off.',
        fix: { kind: 'set', path, from: text, to: trimmed },
      };
    }
  },
);
