import type { KbClient } from '../../kb/protocol.ts';
import { documentOfContext } from '../gold-chunks.ts';
import { folded, foldedCase } from '../metrics/folded.ts';
import { goldRanks } from '../metrics/gold.ts';
import { type BlamedItem, type KbFacts, spansOf } from './label.ts';

const MOST_CHUNKS = 1000;
/** So much of a passage is searched for when its document is not known by its key. */
const QUERY_CHARACTERS = 400;
const SEARCHED = 50;

/** What a knowledge base holds of an item's passage: by the key of its document, else by searching for its words. */
export async function kbFacts(
  kb: Pick<KbClient, 'call'>,
  base: string,
  item: BlamedItem,
  { group, signal }: { readonly group: string | undefined; readonly signal: AbortSignal },
): Promise<KbFacts> {
  const spans = spansOf(item);
  const texts = await chunkTexts(kb, base, item, group, signal);
  if (texts.length === 0) return { inKb: false, whole: null };
  if (spans.length === 0) return { inKb: true, whole: null };
  return { inKb: true, whole: texts.some((text) => spans.some((span) => foldedCase(text).includes(span))) };
}

async function chunkTexts(
  kb: Pick<KbClient, 'call'>,
  base: string,
  item: BlamedItem,
  group: string | undefined,
  signal: AbortSignal,
): Promise<string[]> {
  const where = group === undefined ? {} : { group };
  if (item.contextId !== '') {
    const document = await documentOfContext(kb, base, item.contextId, signal);
    if (document) {
      const asked = { kb: base, documentId: document.id, limit: MOST_CHUNKS, ...where };
      return (await kb.call('kb.chunks', asked, { signal })).chunks.map(({ text }) => text);
    }
  }
  const query = folded(item.goldContext).slice(0, QUERY_CHARACTERS);
  if (query === '') return [];
  const params = { kb: base, query, mode: 'bm25' as const, topK: SEARCHED, ...where };
  const { hits } = await kb.call('search', params, { signal });
  const gold = new Set(goldRanks({ ...item, retrieved: hits }));
  return hits.filter((_, at) => gold.has(at + 1)).map(({ text }) => text);
}
