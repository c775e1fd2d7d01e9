import { describe, expect, it } from 'vitest';
import { partsOf } from '../../../../src/evaluation/items/parts.ts';

const seen = (output: string | null, answers: readonly string[], over = {}) => ({
  output,
  answers,
  goldContext: 'Green tea wants 80 degrees. 绿茶用八十度的水。',
  contextId: 'c1',
  retrieved: null,
  ...over,
});

describe('the parts of a score', () => {
  // Counted by hand: "the" and signs do not count; "tea" counts once, as the gold has it once.
  it.each([
    ['token-f1', 'The tea, tea wants 80', ['tea 80 degrees'], { kind: 'overlap', common: 2, given: 4, gold: 3 }],
    // Each Chinese character is a token.
    ['token-f1', '八十度', ['八十度的水', '水'], { kind: 'overlap', common: 3, given: 3, gold: 5 }],
    // 十度 is the longest run in a row; 水 stands apart.
    ['cmrc-f1', '十度水', ['八十度的水'], { kind: 'run', common: 2, given: 3, gold: 5 }],
    ['verbatim', '80 degrees', [], { kind: 'found', at: 16 }],
    ['verbatim', '90 degrees', [], { kind: 'found', at: null }],
    ['verbatim', '', [], { kind: 'found', at: null }],
    ['exact', 'x', ['x'], undefined],
    ['token-f1', null, ['x'], undefined],
    ['hit@1', 'x', ['x'], undefined],
  ] as const)('%s of %s', (metric, output, answers, parts) =>
    expect(partsOf(metric, seen(output, answers))).toEqual(parts),
  );

  it('of a rank metric are the ranks of the right passage', () => {
    const retrieved = ['other', 'Green tea wants', 'more'].map((text, i) => ({ text, document: `d${i}`, score: 1 }));
    expect(partsOf('mrr@10', seen(null, [], { retrieved }))).toEqual({ kind: 'ranks', ranks: [2], of: 3 });
  });
});
