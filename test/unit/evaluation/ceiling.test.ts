import { expect, it } from 'vitest';
import { ceilingBaseline } from '../../../src/evaluation/ceiling.ts';
import { hitMetric } from '../../../src/evaluation/metrics/hit.ts';
import { ndcgMetric } from '../../../src/evaluation/metrics/ndcg.ts';
import type { KbClient } from '../../../src/kb/protocol.ts';
import { parseColumn } from '../../../src/rag/columns.ts';

const asked: string[] = [];
/** Holds `c1` in three chunks and nothing else. */
const call = async (method: string, params: { filter?: string }): Promise<unknown> => {
  asked.push(method);
  if (method === 'kb.documents') return { documents: params.filter === '#c1' ? [{ id: 7, name: 'd.jsonl#c1' }] : [] };
  return { total: 3, chunks: ['one', 'two', 'three'].map((text) => ({ text })) };
};
const kb = { call: call as KbClient['call'] };

it('finds the chunks of the gold passage and nothing else: what no search can beat', async () => {
  const like = parseColumn('name=a,embedder=e,top-k=2');
  const row = ceilingBaseline(kb, 'k', { like, depth: 10, signal: new AbortController().signal });
  const item = (id: string, contextId: string) => {
    return { id, contextId, context: 'one two three', question: 'q', answers: ['x'], content: id };
  };
  const there = await row.answer(item('i1', 'c1'));
  expect(there.retrieved?.map(({ document, text }) => [document, text])).toEqual([
    ['d.jsonl#c1', 'one'],
    ['d.jsonl#c1', 'two'],
    ['d.jsonl#c1', 'three'],
  ]);
  const scored = { ...there, cost: null, ...item('i1', 'c1'), goldContext: 'one two three' };
  expect(hitMetric(1).score(scored)).toBe(1);
  expect(ndcgMetric(10).score(scored)).toBe(1);
  await row.answer(item('i2', 'c1'));
  expect(asked).toEqual(['kb.documents', 'kb.chunks']);
  const gone = await row.answer(item('i3', 'c2'));
  expect(gone).toMatchObject({ retrieved: [], goldChunks: null });
  expect(hitMetric(1).score({ ...gone, cost: null, ...item('i3', 'c2'), goldContext: 'one two three' })).toBe(0);
});
