import { type Found, rowRule } from '../rule.ts';
import { fold } from '../text/fold.ts';

/** Negatives that are missing, repeated, or positives. */
export const retrievalNegatives = rowRule(
  {
    id: 'retrieval-negatives',
    version: 1,
    title: 'Negatives that harm or are missing',
    why: 'FlagEmbedding divides by the number of negatives and stops at a row without one; a negative that is the positive teaches the opposite of what is wanted.',
    severity: 'error',
    kinds: ['retrieval'],
  },
  function* ({ number, row }): Generator<Found> {
    if (!('query' in row)) return;
    if (row.neg.length === 0) {
      const advice = 'Make negatives: ragtui dataset negatives, or drop the row.';
      yield {
        row: number,
        message: 'It has no negative: training stops at this row.',
        advice,
        fix: { kind: 'drop-row' },
      };
      return;
    }
    const positives = new Set(row.pos.map(fold));
    const seen = new Set<string>();
    const wrong: string[] = [];
    const repeated: string[] = [];
    const kept = row.neg.filter((text) => {
      const key = fold(text);
      if (positives.has(key)) wrong.push(text);
      else if (seen.has(key)) repeated.push(text);
      else {
        seen.add(key);
        return true;
      }
      return false;
    });
    if (wrong.length + repeated.length === 0) return;
    const message =
      wrong.length > 0
        ? `${wrong.length} of its negatives ${wrong.length === 1 ? 'is' : 'are'} its positive: “${(wrong[0] ?? '').slice(0, 60)}”.`
        : `${repeated.length} of its negatives ${repeated.length === 1 ? 'is' : 'are'} there twice.`;
    yield {
      row: number,
      severity: wrong.length > 0 ? 'error' : 'warning',
      message,
      ...(kept.length > 0
        ? { advice: 'Take them out.', fix: { kind: 'set', path: 'neg', from: row.neg, to: kept } }
        : { advice: 'No other negative is left: drop the row.', fix: { kind: 'drop-row' } }),
    };
  },
);
