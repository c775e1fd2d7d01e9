import { splitWords } from './python.ts';
import type { RetrievedChunk, ScoredItem } from './types.ts';

/** The rule of all rank metrics, for the report. */
export const GOLD_RULE =
  "A chunk counts as found if it comes from the item's own document (its key is the context's id) or its text occurs in the gold passage, white space aside.";

/** Ranks (from 1) at which the item's own passage was retrieved. */
export function goldRanks(item: Pick<ScoredItem, 'goldContext' | 'contextId' | 'retrieved'>): number[] {
  const gold = fold(item.goldContext);
  return (item.retrieved ?? []).flatMap((chunk, index) => (isGold(chunk, item.contextId, gold) ? [index + 1] : []));
}

function isGold(chunk: RetrievedChunk, contextId: string, gold: string): boolean {
  const key = chunk.document.slice(chunk.document.lastIndexOf('#') + 1);
  if (contextId !== '' && key === contextId) return true;
  const text = fold(chunk.text);
  return text !== '' && gold.includes(text);
}

const fold = (text: string): string => splitWords(text).join(' ');
