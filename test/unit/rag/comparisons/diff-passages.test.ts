import { describe, expect, test } from 'vitest';
import type { Hit } from '../../../../src/kb/types.ts';
import { diffPassages, identicalGroups } from '../../../../src/rag/comparisons/diff-passages.ts';

const hit = (rank: number, chunkId: number, change: Partial<Hit> = {}): Hit => ({
  rank,
  chunkId,
  text: `text ${chunkId}`,
  document: 'a.md',
  title: '',
  start: chunkId * 100,
  end: chunkId * 100 + 50,
  score: 1 / rank,
  scoreKind: 'cosine',
  documentId: 1,
  arms: {},
  ...change,
});
const lines = (base: Hit[], other: Hit[]) =>
  diffPassages(base, other).map(({ kind, hit: { chunkId }, base: b, other: o, change, overlaps }) =>
    [chunkId, kind, b?.rank ?? '-', o?.rank ?? '-', change ?? '-', overlaps ?? '-'].join(' '),
  );

describe('passages of two columns', () => {
  test('the same, moved, new and gone ones, in the order of the other column', () => {
    expect(lines([hit(1, 7), hit(2, 8), hit(3, 9)], [hit(1, 9), hit(2, 8), hit(3, 5)])).toEqual([
      '9 moved 3 1 2 -',
      '8 same 2 2 0 -',
      '5 new - 3 - -',
      '7 gone 1 - - -',
    ]);
  });

  test('carry both scores', () => {
    const [one] = diffPassages([hit(1, 7, { score: 0.5 })], [hit(1, 7, { score: 12, scoreKind: 'bm25' })]);
    expect(one).toMatchObject({
      base: { score: 0.5, scoreKind: 'cosine' },
      other: { score: 12, scoreKind: 'bm25' },
    });
  });

  test('a document ingested anew in between has other ids and the same passages', () => {
    expect(lines([hit(1, 7)], [hit(1, 70, { start: 700, text: 'text 7' })])).toEqual(['70 same 1 1 0 -']);
  });

  test('of another node group hold some of the same text', () => {
    const [base, other] = [[hit(2, 7, { start: 0, end: 100 })], [hit(1, 70, { start: 99, end: 120 })]];
    expect(lines(base, other)).toEqual(['70 new - 1 - 2', '7 gone 2 - - -']);
    expect(lines(base, [hit(1, 70, { start: 100, end: 120 })])[0]).toBe('70 new - 1 - -');
    expect(lines(base, [hit(1, 70, { start: 0, document: 'b.md' })])[0]).toBe('70 new - 1 - -');
  });
});

test('identical answers are grouped, whatever stands around them; missing and empty ones are in no group', () => {
  expect(identicalGroups(['a', 'b', ' a\n', null, '', '', 'b'])).toEqual([
    [0, 2],
    [1, 6],
  ]);
  expect(identicalGroups(['a', 'A'])).toEqual([]);
});
