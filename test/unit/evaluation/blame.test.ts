import { describe, expect, it } from 'vitest';
import { kbFacts } from '../../../src/evaluation/blame/kb-facts.ts';
import { type BlamedItem, blameLabel } from '../../../src/evaluation/blame/label.ts';

const passage = 'Alder was founded in 1237 where the road meets the Holm Water. Its people live by salt.';
const chunk = (text: string, document = 'towns.jsonl#alder') => ({ text, document });
const other = chunk('Birk has a market.', 'towns.jsonl#birk');
const item = (over: Partial<BlamedItem>): BlamedItem => ({
  goldContext: passage,
  contextId: 'alder',
  answers: ['1237'],
  output: 'In 1300.',
  retrieved: [other, other, other],
  topK: 2,
  failed: false,
  context: 'retrieved',
  hasLlm: true,
  ...over,
});
const unknown = { inKb: null, whole: null };

describe('the first stage that failed', () => {
  it.each([
    ['failed', item({ failed: true, output: null }), unknown],
    ['not-in-kb', item({}), { inKb: false, whole: null }],
    ['cut-apart', item({}), { inKb: true, whole: false }],
    ['not-retrieved', item({}), { inKb: true, whole: true }],
    ['not-retrieved', item({}), unknown],
    // The chunk with the answer came third, and two were handed on.
    ['ranked-out', item({ retrieved: [other, other, chunk('Alder was founded in 1237')] }), unknown],
    ['ignored', item({ retrieved: [other, chunk('Alder was founded in 1237')] }), unknown],
    ['no-answer', item({ output: "I don't know.", retrieved: [chunk(passage)] }), unknown],
    // The year of another town is no evidence.
    ['not-retrieved', item({ retrieved: [chunk('Birk was founded in 1237.', 'towns.jsonl#birk')] }), unknown],
    // A chunk that holds the passage and more.
    ['ignored', item({ contextId: '', retrieved: [chunk(`Towns. ${passage} More.`, 'all.txt')] }), unknown],
    ['format', item({ output: 'It was founded in 1237, I think.' }), { inKb: false, whole: null }],
    ['format', item({ answers: ['The Holm Water'], output: 'holm water.' }), unknown],
    ['ignored', item({ context: 'gold', retrieved: null }), unknown],
    // Nowhere in the passage: nothing could have been copied.
    ['other', item({ context: 'gold', retrieved: null, answers: ['thirteenth century'] }), unknown],
    ['other', item({ context: 'none', retrieved: null }), unknown],
    ['no-answer', item({ context: 'none', retrieved: null, output: '' }), unknown],
    ['ranked-out', item({ hasLlm: false, output: null, retrieved: [other, chunk(passage)], topK: 1 }), unknown],
    ['not-retrieved', item({ hasLlm: false, output: null }), { inKb: true, whole: true }],
  ] as const)('%s', (label, blamed, facts) => expect(blameLabel(blamed, facts)).toBe(label));
});

describe('what the knowledge base has', () => {
  const kbOf = (
    documents: readonly string[],
    chunks: readonly string[],
    hits: readonly ReturnType<typeof chunk>[],
  ) => ({
    call: async (method: string) => {
      if (method === 'kb.documents') return { total: 1, documents: documents.map((name, id) => ({ id, name })) };
      if (method === 'kb.chunks') return { total: chunks.length, chunks: chunks.map((text) => ({ text })) };
      return { hits };
    },
  });
  const ask = (kb: ReturnType<typeof kbOf>, over: Partial<BlamedItem> = {}) =>
    kbFacts(kb as never, 'b', item(over), { group: undefined, signal: new AbortController().signal });

  it('by the key of the document: whole, cut apart, or not to be told', async () => {
    const names = ['towns.jsonl#alder'];
    expect(await ask(kbOf(names, ['founded in 1237 where'], []))).toEqual({ inKb: true, whole: true });
    expect(await ask(kbOf(names, ['founded in 12', '37 where'], []))).toEqual({ inKb: true, whole: false });
    expect(await ask(kbOf(names, ['x'], []), { answers: ['thirteenth century'] })).toEqual({ inKb: true, whole: null });
  });

  it('by its words when no document has the key', async () => {
    expect(await ask(kbOf([], [], [other]))).toEqual({ inKb: false, whole: null });
    const hits = [other, chunk('Alder was founded in 1237', 'book.txt')];
    expect(await ask(kbOf([], [], hits))).toEqual({ inKb: true, whole: true });
  });
});
