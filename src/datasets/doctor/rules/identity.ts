import type { Rule } from '../rule.ts';
import { hashText } from '../text/hash.ts';
import { KeyTable } from '../text/key-table.ts';

/** One id, two rows. */
export const repeatedId: Rule = {
  id: 'repeated-id',
  version: 1,
  title: 'Repeated ids',
  why: 'Scores of two runs are paired by the id of the question: a repeated one pairs the wrong rows.',
  severity: 'warning',
  kinds: ['qa', 'sft', 'preference'],
  start({ dataset }) {
    const table = new KeyTable(dataset.manifest.rows);
    return {
      *row({ number, row }) {
        if (!('id' in row)) return;
        const first = table.firstOrKeep(hashText(row.id), number);
        if (first < 0) return;
        yield {
          row: number,
          other: { row: first },
          message: `Its id “${row.id.slice(0, 60)}” is also that of row ${first}.`,
          advice: 'Give it an id of its own.',
          fix: { kind: 'set', path: 'id', from: row.id, to: `${row.id}~${number}` },
        };
      },
    };
  },
};

/** One context id, two texts. */
export const contextIdReused: Rule = {
  id: 'context-id-reused',
  version: 1,
  title: 'One context id for different texts',
  why: 'Splits and scores group rows by their context: two texts under one id are taken for one.',
  severity: 'warning',
  kinds: ['qa'],
  start({ dataset }) {
    const ids = new KeyTable();
    const texts = new KeyTable();
    return {
      *row({ number, row }) {
        if (!('question' in row) || row.context.trim() === '') return;
        const first = ids.firstOrKeep(hashText(row.contextId), number);
        const text = hashText(row.context);
        // Each further text of an id is told once, at its first row.
        const pair = texts.firstOrKeep(hashText(row.contextId, text % 0x7fffffff), number);
        if (first < 0 || pair >= 0) return;
        const earlier = dataset.row(first);
        if (!('question' in earlier) || earlier.context === row.context) return;
        yield {
          row: number,
          other: { row: first },
          message: `The context id “${row.contextId.slice(0, 60)}” stands for another text in row ${first}.`,
          advice: 'Give the text an id of its own.',
          fix: { kind: 'set', path: 'contextId', from: row.contextId, to: `${row.contextId}~${number}` },
        };
      },
    };
  },
};
