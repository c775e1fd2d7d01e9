import type { DatasetRow } from '../../types.ts';
import type { Field } from '../row-view.ts';
import { ALL_KINDS, type Found, rowRule } from '../rule.ts';

/** Texts that are empty, or white space alone. An empty system text is meant: it says "none". */
export const emptyText = rowRule(
  {
    id: 'empty-text',
    version: 1,
    title: 'Empty texts',
    why: 'A row without a question, context or answer is never exported; an empty turn in a conversation teaches the model to say nothing.',
    severity: 'error',
    kinds: ALL_KINDS,
  },
  function* ({ number, row, view }) {
    const empty = view.fields.filter(
      (field) => field.role !== 'system' && field.text.trim() === '' && needed(row, field),
    );
    if (empty.length === 0) return;
    yield found(number, row, empty);
  },
);

/** Alpaca may leave its instruction empty when there is an input. */
const needed = (row: DatasetRow, field: Field): boolean =>
  !('form' in row && row.form === 'alpaca' && field.path === 'instruction' && row.input.trim() !== '');

function found(number: number, row: DatasetRow, empty: readonly Field[]): Found {
  const names = empty.map((field) => field.name).join(', ');
  const blank = empty.some((field) => field.text !== '');
  const message = `The ${names} ${empty.length === 1 ? 'is' : 'are'} empty${blank ? ' but for white space' : ''}.`;
  const spare = spareList(row, empty);
  if (spare) {
    const advice = `Drop the empty ${spare.path === 'answers' ? 'answer' : 'passage'}; the others stay.`;
    return { row: number, severity: 'warning', message, advice, fix: { kind: 'set', ...spare } };
  }
  return { row: number, message, advice: 'Drop the row, or complete it.', fix: { kind: 'drop-row' } };
}

/** When all that is empty stands in one list, and the row can do without: that list before and after. */
function spareList(
  row: DatasetRow,
  empty: readonly Field[],
): { path: string; from: readonly string[]; to: readonly string[] } | undefined {
  const lists: Readonly<Record<string, readonly string[]>> =
    'question' in row ? { answers: row.answers } : 'query' in row ? { pos: row.pos, neg: row.neg } : {};
  const [name = ''] = (empty[0]?.path ?? '').split('.');
  const from = lists[name];
  if (!from || empty.some((field) => !field.path.startsWith(`${name}.`))) return undefined;
  const to = from.filter((text) => text.trim() !== '');
  return to.length > 0 ? { path: name, from, to } : undefined;
}
