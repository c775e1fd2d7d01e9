import type { Tables } from '../../db/tables.ts';
import { type Token, tokenize } from './segment.ts';
import type { Vocabulary } from './vocabulary.ts';

export interface Bm25Hit {
  readonly chunkId: number;
  readonly score: number;
}
export interface Term {
  readonly text: string;
  /** Rows that have it. */
  readonly documents: number;
}
export interface Bm25Terms {
  /** FTS5 expression; '' when nothing of the query can be searched. */
  readonly expression: string;
  /** What is looked up. */
  readonly terms: readonly Term[];
  /** Every token of the query, also those that are too common or in no row. */
  readonly all: readonly Term[];
}

const TITLE_WEIGHT = 2;
const BODY_WEIGHT = 1;
const MAX_TERMS = 16;
const COMMON_SHARE = 0.02;
/** Below so many rows nothing is slow, and a share says little. */
const COMMON_FLOOR = 200;

/** The tokens of a query that are worth looking up: rare ones first, at most 16; common ones only if nothing else is there. */
export function queryTerms(query: string, vocabulary: Vocabulary): Bm25Terms {
  const seen = new Map<string, { token: Token; documents: number }>();
  for (const token of tokenize(query, 'query')) {
    if (!seen.has(token.text)) seen.set(token.text, { token, documents: vocabulary.frequency(token.text) });
  }
  const known = [...seen.values()].sort((a, b) => a.documents - b.documents);
  // A single character is matched as a prefix, so its own frequency says nothing.
  const usable = known.filter((entry) => entry.documents > 0 || entry.token.kind === 'char');
  const limit = Math.max(COMMON_FLOOR, vocabulary.rows * COMMON_SHARE);
  const rare = usable.filter((entry) => entry.documents <= limit);
  const chosen = (rare.length > 0 ? rare : usable).slice(0, MAX_TERMS);
  return {
    expression: chosen.map(({ token }) => `"${token.text}"${token.kind === 'char' ? '*' : ''}`).join(' OR '),
    terms: chosen.map(toTerm),
    all: known.map(toTerm),
  };
}

const toTerm = ({ token, documents }: { token: Token; documents: number }): Term => ({ text: token.text, documents });

/** The best chunks for the terms; among `ids` only, if given. */
export function searchBm25(
  tables: Tables,
  groupId: number,
  terms: Bm25Terms,
  limit: number,
  ids?: readonly number[],
): Bm25Hit[] {
  if (terms.expression === '') return [];
  const fts = tables.fts(groupId);
  const rows = ids
    ? fts.searchAmong(terms.expression, TITLE_WEIGHT, BODY_WEIGHT, ids, limit)
    : fts.search(terms.expression, TITLE_WEIGHT, BODY_WEIGHT, limit);
  return rows.map(({ id, score }) => ({ chunkId: id, score }));
}
