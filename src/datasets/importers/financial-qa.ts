import { contextIdOf, emptyFields, isText } from './fields.ts';
import { type Importer, warning } from './types.ts';

const NEEDED = ['question', 'answer', 'context'] as const;

/** virattt/financial-qa-10K and any table with the columns question, answer, context; other columns become metadata. */
export const financialQa: Importer<'qa'> = {
  format: 'financial-qa',
  kind: 'qa',
  description: 'a table with the columns question, answer, context (others are kept as metadata)',
  columns: NEEDED,
  matches: (record) => NEEDED.every((name) => isText(record[name])),
  *rows(record, { line, index }) {
    const { question: q, answer: a, context: c, id: _, ...others } = record;
    const [question, answer, context] = [q, a, c].map((value) => (isText(value) ? value : ''));
    if (question === undefined || answer === undefined || context === undefined) return;
    const empty = emptyFields({ question, answer, context });
    if (empty) yield warning(line, `${empty}.`);
    const metadata = scalars(others);
    yield {
      row: { id: `row-${index}`, contextId: contextIdOf(context), context, question, answers: [answer], metadata },
    };
  },
};

/** The fields that are a text, a number, or yes or no. */
export function scalars(record: Readonly<Record<string, unknown>>): Record<string, string | number | boolean> {
  const kept: Record<string, string | number | boolean> = {};
  for (const [name, value] of Object.entries(record)) {
    if (isText(value) || typeof value === 'number' || typeof value === 'boolean') kept[name] = value;
  }
  return kept;
}
