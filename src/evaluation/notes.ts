import { GOLD_RULE } from './metrics/gold.ts';
import type { Metric } from './metrics/types.ts';
import type { ColumnReport } from './report.ts';
import type { ColumnTable } from './table.ts';

const LONG_ANSWER = 60;
const FEW_CONTEXTS = 10;
const HAN = /\p{Script=Han}/u;

/** Where the figures of this very run would mislead, in sentences. Pure. */
export function notesOn(
  tables: readonly ColumnTable[],
  columns: readonly ColumnReport[],
  metrics: readonly Metric[],
): string[] {
  const has = (name: string) => metrics.some((metric) => metric.name === name);
  const items = [...(tables[0]?.items.values() ?? [])];
  const contexts = new Set(items.map(({ contextId }) => contextId)).size;
  const asked = columns.filter(({ baseline }) => !baseline);
  const meanAnswer = items.reduce((sum, { answers }) => sum + (answers[0] ?? '').length, 0) / items.length;
  const percent = (value: number) => `${(100 * value).toFixed(1)} %`;

  const notes: string[] = [];
  if (items.length > 0 && contexts < FEW_CONTEXTS) {
    notes.push(`Only ${contexts} contexts: intervals from so few clusters are too narrow to lean on.`);
  }
  for (const { name, errors, timeouts, items: all } of asked) {
    if (errors + timeouts > 0) {
      notes.push(`${name}: ${errors} errors and ${timeouts} timeouts of ${all} count as 0 in every answer metric.`);
    }
  }
  for (const { name, cutShort, items: all } of asked) {
    if (cutShort * 20 > all) notes.push(`${name}: ${cutShort} of ${all} answers were cut at their longest length.`);
  }
  if (has('origin-tutorial')) {
    for (const { name, empty } of asked) {
      if (empty > 0)
        notes.push(`origin-tutorial counts the ${empty} empty answers of ${name} as perfect; verbatim does not.`);
    }
  }
  if (has('exact') && items.length > 0 && meanAnswer > LONG_ANSWER) {
    notes.push(
      `The gold answers have ${Math.round(meanAnswer)} characters on average: exact stays near 0 whatever the model knows.`,
    );
  }
  for (const { name } of metrics.filter(({ embedder }) => embedder !== undefined)) {
    const floor = columns.find((column) => column.name === 'shuffled-answer')?.metrics[name];
    if (floor)
      notes.push(`${name}: the answer to another question already scores ${percent(floor.mean)}; that is its zero.`);
  }
  if (has('context-relevance') && items.length > 0 && !items.some(({ question }) => HAN.test(question))) {
    notes.push('context-relevance splits at "。" only: on this text a chunk counts if it equals the whole passage.');
  }
  if (has('hit@1') && asked.some(({ metrics: own }) => own['hit@1'])) notes.push(`Retrieval: ${GOLD_RULE}`);
  notes.push('The intervals cover the choice of questions only: one training run and one seed are one draw each.');
  return notes;
}
