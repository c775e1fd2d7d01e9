import type { Hit } from '../../src/kb/types.ts';
import type { ComparedColumn, ComparisonRecord, KeptComparison } from '../../src/rag/comparisons/types.ts';
import { type Answer, answerSchema, type Column, columnSchema, pipelineSchema } from '../../src/rag/types.ts';

/** A passage as a search finds it. */
export const sampleHit = (rank: number, text: string): Hit => ({
  rank,
  text,
  document: 'notes/a.md',
  title: '',
  start: rank * 100,
  end: rank * 100 + text.length,
  score: 1 / rank,
  scoreKind: 'cosine',
  documentId: 1,
  chunkId: rank,
  arms: {},
});

export const sampleColumn = (name: string, change: Record<string, unknown> = {}): Column =>
  columnSchema.parse({ name, llm: `model-${name}`, ...change });

/** An answer as the pipeline makes it. */
export function sampleAnswer(column: Column, text: string, change: Partial<Answer> = {}): Answer {
  const { name: _, ...settings } = column;
  return answerSchema.parse({
    question: 'Who founded it?',
    answer: text,
    finish: 'stop',
    pipeline: pipelineSchema.parse({ kb: 'notes', ...settings }),
    hits: [sampleHit(1, 'Edda Brandt founded it in 1908.')],
    relevant: true,
    messages: [
      { role: 'system', content: 'Edda Brandt founded it in 1908.' },
      { role: 'user', content: 'Who founded it?' },
    ],
    usage: { promptTokens: 20, completionTokens: 2 },
    timing: { embeddingMs: 3, retrievalMs: 1, firstTokenMs: 12, totalMs: 40, tokensPerSecond: 80 },
    stream: { atMs: [12, 25], chars: [4, 7] },
    models: { llm: column.llm, embedder: 'bge' },
    ...change,
  });
}

export const sampleCompared = (
  name: string,
  text: string,
  change: Partial<ComparedColumn> = {},
  answer: Partial<Answer> = {},
): ComparedColumn => {
  const column = change.column ?? sampleColumn(name);
  return {
    column,
    state: 'ok',
    answer: sampleAnswer(column, text, answer),
    partial: '',
    gathered: null,
    error: null,
    metrics: {},
    server: { engine: 'llama', model: column.llm, digest: `digest-${name}` },
    ...change,
  };
};

export const sampleRecord = (change: Partial<ComparisonRecord> = {}): ComparisonRecord => {
  const columns = change.columns ?? [sampleCompared('base', 'Nobody knows.'), sampleCompared('tuned', 'Edda Brandt.')];
  return {
    format: 1,
    question: 'Who founded it?',
    kb: 'notes',
    order: { mode: 'rotate', sequence: columns.map(({ column }) => column.name) },
    passage: null,
    references: [],
    source: '',
    columns,
    kbState: { revision: 'r1', documents: 2, embedders: { bge: 'f1', other: 'f2' } },
    state: 'ended',
    programVersion: '0.1.0',
    ...change,
  };
};

export const sampleKept = (change: Partial<KeptComparison> = {}): KeptComparison => ({
  ...sampleRecord(change),
  id: 12,
  at: '2026-11-23T09:00:00.000Z',
  votes: [],
  ...change,
});
