import { describe, expect, test } from 'vitest';
import { type JudgeLayer, judgedOf } from '../../../../src/evaluation/judge/layer.ts';
import { withJudgements } from '../../../../src/evaluation/judge/merge.ts';
import { judgeNotes } from '../../../../src/evaluation/judge/notes.ts';
import type { JudgeCapsule, JudgeMetric, Judgement } from '../../../../src/evaluation/judge/types.ts';
import { buildReport } from '../../../../src/evaluation/report.ts';
import { meanCell } from '../../../../src/evaluation/report-text.ts';
import type { EvaluationRun } from '../../../../src/evaluation/runs.ts';
import type { ItemResult } from '../../../../src/evaluation/types.ts';
import { evaluation, result, runOf } from '../results.ts';

const capsule: JudgeCapsule = {
  llm: 'judge',
  model: 'm',
  digest: 'd',
  embedder: null,
  prompts: { en: 'aaaaaaaaaa', zh: 'bbbbbbbbbb' },
  version: 1,
  sampling: { temperature: 0, seed: 1314, maxTokens: 1024 },
  base: 'base',
  related: [],
  basis: 'basis',
};
const items = ['q1', 'q2', 'q3', 'q4'].flatMap((item): ItemResult[] => [
  result({ item, output: `base ${item}`, answerKey: 'k', scores: { 'token-f1': 0.5 } }),
  result({ item, column: 'tuned', output: `tuned ${item}`, answerKey: 'k', scores: { 'token-f1': 0.6 } }),
]);
const of = (metric: JudgeMetric, item: string, column: string, all: readonly ItemResult[]): string => {
  const find = (name: string) => all.find((one) => one.item === item && one.column === name) ?? result();
  return metric === 'preference' ? judgedOf(find('base'), find(column)) : judgedOf(find(column));
};
function said(
  metric: JudgeMetric,
  item: string,
  over: Partial<Judgement>,
  column = 'tuned',
  all: readonly ItemResult[] = items,
): Judgement {
  const rest = { v: 1 as const, basis: 'basis', language: 'en' as const, parts: {}, why: '' };
  const found = of(metric, item, column, all);
  return { ...rest, metric, column, item, of: found, state: 'scored', score: 1, ...over };
}

function merged(judgements: readonly Judgement[], all: readonly ItemResult[] = items): EvaluationRun {
  const layers: JudgeLayer[] = [{ capsule, judgements }];
  const run = runOf(all);
  const { items: withScores, metrics, counts } = withJudgements(evaluation, all, layers);
  const whole = { ...evaluation, metrics: [...evaluation.metrics, ...metrics] };
  return { ...run, evaluation: whole, items: withScores, judges: [capsule], judged: counts };
}

describe('missing judgements', () => {
  const run = merged([
    said('faithfulness', 'q1', { score: 1 }),
    said('faithfulness', 'q2', { score: 0.5 }),
    said('faithfulness', 'q3', { state: 'unparseable', score: null, why: 'x' }),
    said('faithfulness', 'q4', { state: 'failed', score: null, why: 'x' }),
    said('faithfulness', 'q1', { state: 'unparseable', score: null, why: 'x' }, 'base'),
  ]);
  const report = buildReport(run);
  const tuned = report.columns.find(({ name }) => name === 'tuned');

  test('are in no mean, and are counted', () => {
    expect(tuned?.metrics['faithfulness@judge']).toMatchObject({ mean: 0.75, n: 2 });
    expect(tuned?.missing).toEqual({ 'faithfulness@judge': 2 });
    expect(tuned && meanCell(tuned, 'faithfulness@judge')).toMatch(/^75\.0 \[.*\], 2 missing$/);
  });
  test('of all answers are shown as such, never as 0', () => {
    const [base] = report.columns;
    expect(base?.metrics).not.toHaveProperty('faithfulness@judge');
    expect(base && meanCell(base, 'faithfulness@judge')).toBe('1 missing');
  });
  test('and what nobody judged are told in words', () => {
    const texts = judgeNotes(run).map(({ text }) => text);
    expect(texts).toContain(
      'faithfulness@judge: 2 of 4 judgements of tuned are missing (1 replies could not be read, 1 did not come): left out, not counted as 0.',
    );
    expect(texts).toContain('faithfulness@judge: 3 answers of base are not judged.');
  });
});

describe('a preference', () => {
  const run = merged([
    said('preference', 'q1', { score: 1, parts: { orders: ['second', 'first'] } }),
    said('preference', 'q2', { score: 1, parts: { orders: ['second', 'first'] } }),
    said('preference', 'q3', { score: 0.5, parts: { orders: ['first', 'first'] } }),
    said('preference', 'q4', { state: 'unparseable', score: null, why: 'x' }),
  ]);

  test('has the base at a half by definition, on the questions that were judged', () => {
    const { columns, differences } = buildReport(run);
    expect(columns.map(({ metrics }) => metrics['preference@judge'])).toMatchObject([
      { mean: 0.5, n: 3 },
      { n: 3, sum: 2.5 },
    ]);
    const found = differences.find(({ column }) => column === 'tuned')?.metrics['preference@judge'];
    expect(found?.difference).toBeCloseTo(2.5 / 3 - 0.5, 12);
  });
  test('that goes with a place is told', () => {
    expect(judgeNotes(run).map(({ text }) => text)).toContain(
      'preference@judge: in 1 of 3 pairs of tuned the judge chose a place, not an answer (1 × the first, 0 × the second): ties.',
    );
  });
});

test('a judgement of another answer than the item has now is void', () => {
  const before = said('faithfulness', 'q1', { score: 1 });
  const again = items.map((one) => (one.item === 'q1' ? { ...one, output: 'another' } : one));
  const { judged, items: all } = merged([before], again);
  expect(all.some(({ scores }) => 'faithfulness@judge' in scores)).toBe(false);
  expect(judged.find(({ column }) => column === 'tuned')).toMatchObject({ scored: 0, open: 4 });
});

test('scores go to the last line of a question that was tried again', () => {
  const first = result({ item: 'q1', column: 'tuned', state: 'error', output: null });
  const { items: all } = merged([said('faithfulness', 'q1', { score: 1 })], [first, ...items]);
  expect(all.filter((one) => 'faithfulness@judge' in one.scores).map(({ output }) => output)).toEqual(['tuned q1']);
});

test('a judge that is related to a column is named', () => {
  const run = { ...merged([said('faithfulness', 'q1', {})]), judges: [{ ...capsule, related: ['tuned'] }] };
  expect(judgeNotes(run).map(({ id }) => id)).toContain('judge-related');
});

test('that answer relevance falls on short answers is said where answers are short', () => {
  const ids = (answers: string[]) =>
    judgeNotes(
      merged(
        [said('answer-relevance', 'q1', {})],
        items.map((one) => ({ ...one, answers })),
      ),
    ).map(({ id }) => id);
  expect(ids(['12 metres'])).toContain('judge-short');
  expect(ids(['It is as deep as twelve metres, measured from the rim that was laid in 1874.'])).not.toContain(
    'judge-short',
  );
});
