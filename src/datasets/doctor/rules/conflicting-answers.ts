import { viewOf } from '../row-view.ts';
import type { Rule } from '../rule.ts';
import { fold } from '../text/fold.ts';
import { hashAll, hashFolded } from '../text/hash.ts';
import { KeyTable } from '../text/key-table.ts';

/** The same question about the same context, answered otherwise. */
export const conflictingAnswers: Rule = {
  id: 'conflicting-answers',
  version: 1,
  title: 'One question, different answers',
  why: 'The model cannot learn both, and an output that is right by one row is wrong by the other.',
  severity: 'warning',
  kinds: ['qa', 'sft', 'preference'],
  start({ dataset }) {
    const table = new KeyTable(dataset.manifest.rows);
    return {
      *row({ number, row, view }) {
        const question = hashFolded(view.question);
        const answers = new Set(view.answers.map(({ text }) => fold(text)).filter(Boolean));
        if (question === 0 || answers.size === 0) return;
        // Earlier turns are part of what is asked.
        const before =
          'form' in row || 'chosen' in row ? view.fields.filter(({ role }) => role !== 'rejected').slice(0, -1) : [];
        const key = hashAll([
          question,
          ...view.contexts.map((text) => hashFolded(text)),
          ...before.map(({ text }) => hashFolded(text)),
        ]);
        const first = table.firstOrKeep(key, number);
        if (first < 0) return;
        const earlier = viewOf(dataset.row(first)).answers;
        if (earlier.some(({ text }) => answers.has(fold(text)))) return;
        yield {
          row: number,
          other: { row: first },
          message: `Row ${first} asks the same and answers “${short(earlier[0]?.text)}”, here it is “${short(view.answers[0]?.text)}”.`,
          advice: 'Keep the right one, or put both answers into one row.',
          fix: { kind: 'drop-row' },
        };
      },
    };
  },
};

const short = (text = ''): string => (text.length > 60 ? `${text.slice(0, 59)}…` : text);
