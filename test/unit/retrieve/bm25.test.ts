import { describe, expect, it } from 'vitest';
import { queryTerms } from '../../../src/kb/retrieve/bm25.ts';

const vocabulary = (rows: number, counts: Record<string, number>) => ({
  rows,
  frequency: (token: string) => counts[token] ?? 0,
});

describe('query terms', () => {
  it('drops what is in more than 2 % of many rows, and what is in none', () => {
    const found = queryTerms('the rare unknown', vocabulary(100_000, { the: 90_000, rare: 12 }));
    expect(found.expression).toBe('"rare"');
  });

  it('keeps common words when there is nothing else', () => {
    expect(queryTerms('the of', vocabulary(100_000, { the: 90_000, of: 80_000 })).expression).toBe('"of" OR "the"');
  });

  it('keeps common words of a small knowledge base', () => {
    expect(queryTerms('the rare', vocabulary(100, { the: 90, rare: 1 })).expression).toBe('"rare" OR "the"');
  });

  it('takes at most 16 terms, the rarest', () => {
    const words = Array.from({ length: 40 }, (_, at) => `w${at}`);
    const counts = Object.fromEntries(words.map((word, at) => [word, 40 - at]));
    const { terms } = queryTerms(words.join(' '), vocabulary(1000, counts));
    expect(terms.map((term) => term.text)).toEqual(words.slice(24).reverse());
  });

  it('finds one character by prefix', () => {
    expect(queryTerms('国', vocabulary(10, {})).expression).toBe('"国"*');
  });

  it('cannot be used to write FTS5 syntax', () => {
    const { expression } = queryTerms(
      'a" OR title:b NEAR(c) *',
      vocabulary(10, { a: 1, or: 1, title: 1, b: 1, near: 1, c: 1 }),
    );
    expect(expression.split(' OR ').every((term) => /^"[a-z]+"$/.test(term))).toBe(true);
  });
});
