import type { ItemResult } from '../../../src/evaluation/types.ts';

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
