import type { Term } from './bm25.ts';
import { tokenize } from './segment.ts';

/** What a search saw that tells a match from the best of nothing. */
export interface Evidence {
  /** Cosine of the nearest vector; null without a vector arm. */
  readonly best: number | null;
  /** Cosines of the same query with a sample of all vectors. */
  readonly usual: readonly number[];
  /** Every token of the query. */
  readonly terms: readonly Term[];
  readonly rows: number;
  /** Texts of the hits. */
  readonly texts: readonly string[];
}

/** How far the nearest vector stands out: standard deviations above what the query scores with any text. */
export function standout(best: number, usual: readonly number[]): number {
  const mean = usual.reduce((sum, score) => sum + score, 0) / usual.length;
  const variance = usual.reduce((sum, score) => sum + (score - mean) ** 2, 0) / usual.length;
  return (best - mean) / Math.max(Math.sqrt(variance), 0.01);
}

/** Share of the query's information (Σ log rows/documents of its tokens, absent ones counted as in half a row) that the best of the texts holds. */
export function coverage({ terms, rows, texts }: Evidence): number {
  const weight = (documents: number) => Math.log(1 + rows / Math.max(0.5, documents));
  const total = terms.reduce((sum, term) => sum + weight(term.documents), 0);
  if (total === 0) return 0;
  const shares = texts.map((text) => {
    const tokens = new Set(tokenize(text, 'document').map((token) => token.text));
    const held = terms.filter((term) => tokens.has(term.text));
    return held.reduce((sum, term) => sum + weight(term.documents), 0) / total;
  });
  return Math.max(0, ...shares);
}

export function isRelevant(_evidence: Evidence): boolean {
  return true;
}
