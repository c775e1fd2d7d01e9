import type { EvaluationRun } from '../../../src/evaluation/runs.ts';
import type { Evaluation, ItemResult } from '../../../src/evaluation/types.ts';
import { jobSpecSchema } from '../../../src/jobs/types.ts';
import { parseColumn } from '../../../src/rag/columns.ts';

/** A finished item of column `base`; `content` and `contextId` follow the item unless said otherwise. */
export function result(over: Partial<ItemResult> = {}): ItemResult {
  const item = over.item ?? 'q1';
  return {
    v: 1,
    column: 'base',
    item,
    content: `content of ${item}`,
    contextId: `context of ${item}`,
    answerKey: 'a',
    key: 'k',
    state: 'ok',
    question: `question ${item}`,
    answers: ['gold'],
    output: 'out',
    finish: 'stop',
    error: null,
    retrieved: null,
    cut: '',
    scores: {},
    usage: { promptTokens: 10, completionTokens: 8 },
    timing: { retrievalMs: null, firstTokenMs: 5, totalMs: 9 },
    ...over,
  };
}

/** Two columns, base and tuned, on gold passages. */
export const evaluation: Evaluation = {
  dataset: 'd',
  version: 'v-000000000000',
  split: 'test',
  limit: null,
  seed: 1,
  kb: null,
  columns: ['name=base,llm=a,context=gold', 'name=tuned,llm=b,context=gold'].map(parseColumn),
  metrics: ['exact', 'token-f1', 'origin-tutorial', 'hit@1'],
  primary: 'token-f1',
  baselines: true,
  concurrency: 1,
  reuse: true,
};

/** A run that has succeeded, with these items. */
export function runOf(items: readonly ItemResult[], over: Partial<Evaluation> = {}): EvaluationRun {
  const work = { kind: 'evaluate' as const, ...evaluation, ...over };
  const spec = jobSpecSchema.parse({
    version: 1,
    id: '20261123-070000-evaluate-0000',
    name: 'e',
    createdAt: '2026-11-23T07:00:00.000Z',
    work,
  });
  return {
    view: {
      spec,
      folder: '',
      state: 'succeeded',
      reason: '',
      progress: null,
      error: null,
      startedAt: null,
      endedAt: null,
      pid: null,
      gpus: [],
      startedUptime: null,
      seconds: null,
      heartbeat: null,
      orphans: [],
      note: '',
      tags: [],
      endpoint: null,
    },
    evaluation: work,
    items,
    judges: [],
    judged: [],
    capsule: undefined,
  };
}

/**
 * 48 questions to two embedders, of which each finds every other passage, whatever the other one finds: equally good.
 * With BM25, which finds none, and what perfect retrieval would find.
 */
export function chanceRun(): EvaluationRun {
  const columns = ['name=base,embedder=a,top-k=1', 'name=tuned,embedder=b,top-k=1'].map(parseColumn);
  const items = Array.from({ length: 48 }, (_, i) => i).flatMap((i) => {
    const found = { base: i % 2 === 0, tuned: i % 4 < 2, bm25: false, 'gold-chunks': true };
    return Object.entries(found).map(([column, isFound]) =>
      result({
        column,
        item: `q${i}`,
        contextId: `c${i}`,
        output: null,
        retrieved: [{ document: `d.jsonl#${isFound ? `c${i}` : 'x'}`, text: 'text', score: 1 }],
        scores: { 'hit@1': Number(isFound) },
      }),
    );
  });
  return runOf(items, { columns, metrics: ['hit@1'], primary: 'hit@1' });
}
