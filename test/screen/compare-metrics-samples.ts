import { type Answer, answerSchema, columnSchema } from '../../src/rag/types.ts';
import type { ColumnRun } from '../../stores/compare.ts';
import type { ColumnSlot } from '../../stores/compare-columns.ts';
import { createStreamBuffer } from '../../stores/stream-buffer.ts';

/** An answer with every number. */
export const answerOf = (over: Partial<Answer>): Answer => ({
  ...answerSchema.parse({
    question: 'How hot?',
    answer: 'Hot.',
    finish: 'stop',
    pipeline: { kb: 'k', llm: 'm' },
    hits: [],
    relevant: true,
    messages: [{ role: 'user', content: 'How hot?' }],
    usage: { promptTokens: 812, completionTokens: 134 },
    timing: {
      embeddingMs: 23,
      retrievalMs: 1.2,
      firstTokenMs: 120,
      totalMs: 5210,
      tokensPerSecond: 31.2,
      gapP50Ms: 31,
      gapP95Ms: 45,
    },
    stream: { atMs: [120, 200, 700, 1320], chars: [1, 1, 1, 1] },
    models: { llm: 'm', embedder: 'e' },
  }),
  ...over,
});

/** A column that was not asked yet. */
export const columnOf = (name: string): ColumnRun => ({
  column: columnSchema.parse({ name, llm: 'm' }),
  phase: 'waiting',
  status: '',
  startedAt: 0,
  endedAt: null,
  search: null,
  messages: [],
  promptTokens: null,
  cut: '',
  buffer: createStreamBuffer(),
  result: null,
});

/** A column that has answered. */
export const endedColumn = (name: string, answer: Answer): ColumnRun => ({
  ...columnOf(name),
  phase: 'ended',
  startedAt: 1,
  endedAt: 2,
  result: { ...resultOf(name), answer },
});

const resultOf = (name: string): NonNullable<ColumnRun['result']> => ({
  column: columnOf(name).column,
  state: 'ok',
  answer: null,
  partial: '',
  error: null,
});

/** A comparison that is over, its columns by slots 0, 1, …. */
export const runOf = (columns: readonly ColumnRun[], order: 'rotate' | 'together') => ({
  order,
  columns: new Map(columns.entries()),
  underWay: false,
});

export function slotOf(id: number, named: string): ColumnSlot {
  const { name: _, ...settings } = columnOf(named).column;
  return { id, named, settings };
}
