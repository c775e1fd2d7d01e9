import type { DatasetRow } from '../../types.ts';
import { ALL_KINDS, type Found, type Item, type Rule } from '../rule.ts';
import { hashAll, hashFolded, hashText } from '../text/hash.ts';
import { KeyTable } from '../text/key-table.ts';

const DROP = { advice: 'Drop this one; the first stays.', fix: { kind: 'drop-row' } } as const;

/** Rows that say the same to the character, whatever their id. */
export const duplicateExact: Rule = {
  id: 'duplicate-exact',
  version: 1,
  title: 'Duplicate rows',
  why: 'A repeated row counts double in training and in every score, and one of the two may land in the test part.',
  severity: 'warning',
  kinds: ALL_KINDS,
  start({ dataset }) {
    const table = new KeyTable(dataset.manifest.rows);
    return {
      *row({ number, row }) {
        const first = table.firstOrKeep(exactKey(row), number);
        if (first >= 0)
          yield { row: number, other: { row: first }, message: `It says the same as row ${first}.`, ...DROP };
      },
    };
  },
};

/** Rows that say the same to a reader: but for width, case, spaces and punctuation. */
export const duplicateNormalised: Rule = {
  id: 'duplicate-normalised',
  version: 1,
  title: 'Duplicates but for form',
  why: 'Full-width letters, spaces and punctuation hide a repeated row from a plain comparison, not from the model.',
  severity: 'warning',
  kinds: ALL_KINDS,
  start({ dataset }) {
    const exact = new KeyTable(dataset.manifest.rows);
    const folded = new KeyTable(dataset.manifest.rows);
    return {
      *row(item): Generator<Found> {
        const { number } = item;
        const known = exact.firstOrKeep(exactKey(item.row), number) >= 0;
        const key = foldedKey(item);
        if (key === 0) return;
        const first = folded.firstOrKeep(key, number);
        if (first < 0 || known) return;
        const message = `It says the same as row ${first}, but for width, case, spaces or punctuation.`;
        yield { row: number, other: { row: first }, message, ...DROP };
      },
    };
  },
};

/** All texts of a row in their order; its id and metadata do not count. */
function exactKey(row: DatasetRow): number {
  if ('question' in row) return hashAll([row.context, row.question, ...row.answers].map((text) => hashText(text)));
  if ('query' in row) return hashAll([row.query, '', ...row.pos, '', ...row.neg].map((text) => hashText(text)));
  if ('chosen' in row) return hashText(JSON.stringify([row.messages, row.chosen, row.rejected]));
  if (row.form === 'messages') return hashText(JSON.stringify(row.messages));
  return hashText(JSON.stringify([row.system, row.history, row.instruction, row.input, row.output]));
}

/** 0 when nothing of the row counts. */
function foldedKey({ view }: Item): number {
  const hashes = view.fields.map(({ text }) => hashFolded(text));
  return hashes.every((hash) => hash === 0) ? 0 : hashAll(hashes);
}
