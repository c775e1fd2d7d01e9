import { expect, test } from 'vitest';
import type { Params } from '../../../../src/kb/protocol.ts';
import { RagtuiError } from '../../../../src/platform/errors.ts';
import type { ColumnResult, CompareRequest } from '../../../../src/rag/compare.ts';
import { recordComparison } from '../../../../src/rag/comparisons/record.ts';
import { fakeKb } from '../../../store/fakes.ts';
import { sampleAnswer, sampleColumn, sampleHit } from '../../../support/comparisons.ts';

const columns = [sampleColumn('base'), sampleColumn('tuned')];
const request: CompareRequest = { question: 'Who?', kb: 'notes', columns, order: 'together', references: ['Edda'] };
const NEVER = 60 * 60 * 1000;

function service(faults: Partial<Record<'begin' | 'said' | 'column', Error>> = {}) {
  const refuse = (error: Error | undefined) => {
    if (error) throw error;
  };
  return fakeKb({
    'comparisons.begin': () => {
      refuse(faults.begin);
      return { id: 5 };
    },
    'comparisons.said': () => {
      refuse(faults.said);
      return {};
    },
    'comparisons.column': () => {
      refuse(faults.column);
      return {};
    },
    'comparisons.end': () => ({}),
  });
}
const sent = (kb: ReturnType<typeof service>) => kb.calls.map(({ method, params }) => [method, params] as const);
const delta = (text: string, reasoning = '') => ({ type: 'delta' as const, text, reasoning });
const search = {
  hits: [sampleHit(1, 'found')],
  embedder: 'bge',
  group: 'line',
  mode: 'vector' as const,
  search: 'exact' as const,
  timing: { embeddingMs: 1, retrievalMs: 1, rerankMs: 0 },
  relevant: true,
};
const messages = [{ role: 'user' as const, content: 'Who?' }];
const result = (at: 0 | 1, change: Partial<ColumnResult>): ColumnResult => ({
  column: columns[at] ?? sampleColumn('x'),
  state: 'ok',
  answer: null,
  partial: '',
  error: null,
  ...change,
});

test('what columns say goes out in pieces, each piece once, what they read with the first', async () => {
  const kb = service();
  const recording = recordComparison(kb.client, request, { everyMs: NEVER });
  recording.onEvent(0, { type: 'began' });
  recording.onEvent(0, { type: 'retrieved', search });
  recording.onEvent(0, { type: 'prompt', messages, promptTokens: 3, cut: '' });
  recording.onEvent(0, delta('Ed'));
  recording.onEvent(1, delta('', 'hm'));
  await recording.flush();
  await recording.flush();
  recording.onEvent(0, delta('da'));
  await recording.flush();
  expect(sent(kb)).toEqual([
    ['comparisons.begin', { head: expect.objectContaining({ question: 'Who?', references: ['Edda'], passage: null }) }],
    [
      'comparisons.said',
      {
        id: 5,
        pieces: [
          { column: 0, text: 'Ed', gathered: { hits: search.hits, messages, reasoning: '' } },
          { column: 1, text: '', gathered: { hits: [], messages: [], reasoning: 'hm' } },
        ],
      },
    ],
    ['comparisons.said', { id: 5, pieces: [{ column: 0, text: 'da' }] }],
  ]);
});

test('by itself, after a while', async () => {
  const kb = service();
  const recording = recordComparison(kb.client, request, { everyMs: 1 });
  recording.onEvent(0, delta('text'));
  await expect.poll(() => kb.calls.at(-1)?.method).toBe('comparisons.said');
  await recording.end();
});

test('a column that ended is sent whole, without what it said before, and faults without keys', async () => {
  const kb = service();
  const recording = recordComparison(kb.client, request, { everyMs: NEVER });
  const answer = sampleAnswer(columns[0] ?? sampleColumn('x'), 'Edda');
  recording.onEvent(0, delta('Edda'));
  recording.onEvent(0, { type: 'ended', result: result(0, { answer, partial: 'Edda', metrics: { exact: 1 } }) });
  recording.onEvent(1, { type: 'retrieved', search });
  recording.onEvent(1, delta('half'));
  const error = new RagtuiError('network', 'GET http://x/?api_key=sk-secret-123 failed.');
  recording.onEvent(1, { type: 'ended', result: result(1, { state: 'failed', partial: 'half', error }) });
  expect(await recording.end()).toEqual({ id: 5, fault: null });
  const [, first, second, end] = sent(kb);
  expect(first).toEqual([
    'comparisons.column',
    {
      id: 5,
      column: 0,
      result: {
        column: columns[0],
        state: 'ok',
        answer,
        partial: '',
        gathered: null,
        error: null,
        metrics: { exact: 1 },
        server: {},
      },
    },
  ]);
  const failed: Partial<Params<'comparisons.column'>> = {
    column: 1,
    result: expect.objectContaining({
      state: 'failed',
      partial: 'half',
      gathered: { hits: search.hits, messages: [], reasoning: '' },
    }),
  };
  expect(second).toEqual(['comparisons.column', expect.objectContaining(failed)]);
  expect(JSON.stringify(second)).not.toContain('sk-secret-123');
  expect(end).toEqual(['comparisons.end', { id: 5, state: 'ended' }]);
});

test('a history that cannot be written is a fault at the end, and nothing before', async () => {
  const full = new RagtuiError('disk-full', 'The disk is full.');
  const none = service({ begin: full });
  const recording = recordComparison(none.client, request, { everyMs: NEVER });
  recording.onEvent(0, delta('x'));
  await recording.flush();
  expect(await recording.end()).toEqual({ id: null, fault: full });
  expect(none.calls).toHaveLength(1);
  // A piece that got lost comes again with its column.
  const some = service({ said: full });
  const other = recordComparison(some.client, request, { everyMs: NEVER });
  other.onEvent(0, delta('x'));
  await other.flush();
  expect(await other.end()).toEqual({ id: 5, fault: null });
  const last = service({ column: full });
  const third = recordComparison(last.client, request, { everyMs: NEVER });
  third.onEvent(0, { type: 'ended', result: result(0, {}) });
  expect(await third.end('cut')).toEqual({ id: null, fault: full });
});
