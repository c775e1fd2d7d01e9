import { expect, test } from 'vitest';
import { scoreAnswer } from '../../../../src/rag/comparisons/score.ts';
import { sampleAnswer, sampleColumn, sampleHit } from '../../../support/comparisons.ts';

const PASSAGE = 'The observatory was founded in 1908 by Edda Brandt.';
const scores = (
  text: string,
  change: Record<string, unknown>,
  known: { references?: string[]; passage?: string },
  hits = [sampleHit(1, 'Something else.'), sampleHit(2, 'founded in 1908')],
) => {
  const column = sampleColumn('x', change);
  return scoreAnswer(sampleAnswer(column, text, { hits }), column, known);
};

test('an answer is scored against its reference and against what the LLM read', () => {
  const copied = scores('founded in 1908', {}, { references: ['founded in 1908'] });
  expect(copied).toMatchObject({ exact: 1, 'token-f1': 1, verbatim: 1, 'origin-tutorial': 1 });
  const free = scores('in the year 1908', {}, { references: ['1908'] });
  // SQuAD: "in year 1908" (3 tokens, the article goes) against "1908": precision 1/3, recall 1, F1 1/2.
  expect(free).toMatchObject({ exact: 0, 'token-f1': 0.5, verbatim: 0 });
  expect(Object.keys(free).filter((name) => name.startsWith('hit') || name.startsWith('cosine'))).toEqual([]);
});

test('the gold passage is what a column with context=gold read; one with context=none read nothing', () => {
  const known = { references: ['Edda Brandt'], passage: PASSAGE };
  expect(scores('Edda Brandt', { context: 'gold' }, known, [])).toMatchObject({ exact: 1, verbatim: 1 });
  expect(scores('Edda Brandt', { context: 'none' }, known, [])).toMatchObject({ exact: 1, verbatim: null });
});

test('with the gold passage a search is scored, also without an LLM, no deeper than it went', () => {
  const searched = scores('', { llm: 'none', topK: 2 }, { passage: PASSAGE });
  // The second chunk is the gold one.
  expect(searched).toMatchObject({ 'hit@1': 0 });
  expect(searched).not.toHaveProperty('hit@5');
  expect(searched).not.toHaveProperty('exact');
  expect(scores('', { llm: 'none', topK: 5 }, { passage: PASSAGE })).toMatchObject({ 'hit@1': 0, 'hit@5': 1 });
});

test('a Chinese reference is scored as CMRC does too, an English one is not', () => {
  const chinese = scores('1908年。', {}, { references: ['1908年'] });
  expect(chinese).toMatchObject({ 'cmrc-em': 1, 'cmrc-f1': 1, exact: 0 });
  expect(scores('1908', {}, { references: ['1908'] })).not.toHaveProperty('cmrc-em');
});

test('with vectors at hand the cosine is named after their embedder', () => {
  const column = sampleColumn('x', {});
  const answer = sampleAnswer(column, 'said', {});
  // 3·4 + 4·3 = 24, lengths 5 and 5.
  const vectors = { bge: { output: Float32Array.of(3, 4), answer: Float32Array.of(4, 3) } };
  expect(scoreAnswer(answer, column, { references: ['right'], vectors })['cosine@bge']).toBeCloseTo(0.96, 6);
  expect(scoreAnswer(answer, column, { vectors })).toEqual({});
});

test('where nothing is known nothing is scored', () => {
  expect(scores('x', {}, {})).toEqual({});
  expect(scores('x', {}, { references: [] })).toEqual({});
});
