import { describe, expect, test } from 'vitest';
import { blindPairs, type ItemVote, type PairLabel } from '../../../../src/evaluation/items/votes.ts';
import { calibrations } from '../../../../src/evaluation/judge/calibrate.ts';
import { calibrationLines } from '../../../../src/evaluation/judge/calibration-text.ts';
import type { EvaluationRun } from '../../../../src/evaluation/runs.ts';
import type { ItemResult } from '../../../../src/evaluation/types.ts';
import { type KeptComparison, keptComparisonSchema } from '../../../../src/rag/comparisons/types.ts';
import { result, runOf } from '../results.ts';

const METRIC = 'preference@judge';
const ITEMS = ['q1', 'q2', 'q3', 'q4', 'q5', 'q6'];
/** What the judge prefers, by item; null: it gave no readable judgement. */
const SAID: readonly (number | null)[] = [1, 1, 0, 0.5, null, 1];

const items = ITEMS.flatMap((item, i): ItemResult[] => [
  result({ item, output: `base ${item}` }),
  result({ item, column: 'tuned', output: `tuned ${item}`, scores: { [METRIC]: SAID[i] ?? null } }),
]);
const run: EvaluationRun = runOf(items);

const voteFor = (item: string, label: PairLabel): ItemVote => {
  const pair = blindPairs(run, null, []).find((one) => one.item === item);
  if (!pair) throw new Error(`no pair for ${item}`);
  const { base, column, of, baseFirst } = pair;
  return { item, base, column, of, label, baseFirst, at: '2026-11-29T08:00:00.000Z' };
};

/** A voted comparison as Compare keeps it, of columns called `x` and `y`. */
function compared(
  question: string,
  answers: readonly [string, string],
  choice: 'x' | 'y' | 'tie',
  blind = true,
): KeptComparison {
  const timing = { embeddingMs: 0, retrievalMs: 0, firstTokenMs: 1, totalMs: 2, tokensPerSecond: null };
  const columns = (['x', 'y'] as const).map((name, i) => ({
    column: { name, llm: 'm', context: 'gold' },
    state: 'ok',
    answer: {
      ...{ question, answer: ` ${answers[i]} `, finish: 'stop', hits: [], relevant: true, messages: [], timing },
      ...{ pipeline: { kb: 'k', llm: 'm' }, usage: { promptTokens: 1, completionTokens: 1 } },
      models: { llm: 'm', embedder: null },
    },
  }));
  return keptComparisonSchema.parse({
    ...{ format: 1, id: 1, at: 'now', question, kb: 'k', order: { mode: 'together', sequence: ['x', 'y'] } },
    ...{ columns, state: 'ended', programVersion: '0' },
    votes: [
      {
        ...{ comparison: 1, at: 'now', blind, seed: 1, shown: ['y', 'x'] },
        choice: choice === 'tie' ? { kind: 'tie' } : { kind: 'column', column: choice },
      },
    ],
  });
}

describe('a judge against votes', () => {
  test('is counted pair by pair; what it could not say is left out and told', () => {
    const votes = [
      voteFor('q1', 'other'),
      voteFor('q2', 'base'),
      voteFor('q3', 'base'),
      voteFor('q4', 'tie'),
      voteFor('q5', 'other'),
    ];
    const [found] = calibrations(run, ['judge'], votes, []);
    expect(found).toMatchObject({
      n: 4,
      missing: 1,
      votes: { run: 5, compare: 0 },
      share: { mean: 0.75 },
      table: {
        base: { base: 1, other: 0, tie: 0 },
        other: { base: 1, other: 1, tie: 0 },
        tie: { base: 0, other: 0, tie: 1 },
      },
    });
    // By hand: agreement 3/4, by chance 2/4·1/4 + 1/4·2/4 + 1/4·1/4 = 5/16, so (12 − 5)/(16 − 5).
    expect(found?.kappa?.value).toBeCloseTo(7 / 11, 12);
    expect(found?.sentence).toMatch(
      /agrees with you on 75\.0 % of 4 pairs .* κ 0\.64 .* So few votes .* Votes without a readable judgement: 1\./,
    );
    expect(calibrationLines(found ? [found] : []).join('\n')).toContain('5 votes (5 on this run, 0 of Compare)');
  });

  test('votes of Compare count where question and both answers are the same, whatever the columns are called', () => {
    const same = (i: number, choice: 'x' | 'y' | 'tie', blind = true) =>
      compared(`question q${i}`, [`tuned q${i}`, `base q${i}`], choice, blind);
    const compare = [
      same(1, 'x'),
      same(3, 'y'),
      same(4, 'tie'),
      // Names were seen; another answer; another question: none of them is a vote on these pairs.
      same(2, 'x', false),
      compared('question q6', ['tuned q6, or so', 'base q6'], 'x'),
      compared('another question', ['tuned q6', 'base q6'], 'x'),
    ];
    const [found] = calibrations(run, ['judge'], [], compare);
    expect(found).toMatchObject({ n: 3, votes: { run: 0, compare: 3 }, share: { mean: 1 }, kappa: { value: 1 } });
  });

  test('a vote on answers that are others by now counts for nothing', () => {
    const votes = [voteFor('q1', 'other')];
    const changed = runOf(items.map((one) => (one.item === 'q1' ? { ...one, output: `${one.output}!` } : one)));
    expect(calibrations(changed, ['judge'], votes, [])).toEqual([]);
  });
});

describe('blind pairs', () => {
  test('hide which is which: over many, the base stands first as often as last', () => {
    const many = Array.from({ length: 400 }, (_, i) => `m${i}`).flatMap((item) => [
      result({ item, output: `base ${item}` }),
      result({ item, column: 'tuned', output: `tuned ${item}` }),
    ]);
    const pairs = blindPairs(runOf(many), null, []);
    expect(pairs).toHaveLength(400);
    const first = pairs.filter(({ baseFirst }) => baseFirst).length;
    // Five standard deviations of a fair coin.
    expect(Math.abs(first - 200)).toBeLessThan(50);
    for (const { answers, baseFirst } of pairs) expect(answers[0].startsWith('base')).toBe(baseFirst);
  });

  test('leave out what is the same, what failed and what was voted on', () => {
    const some = [
      ...items,
      ...['same', 'failed'].flatMap((item) => [
        result({ item, output: 'same' }),
        result({
          item,
          column: 'tuned',
          ...(item === 'same' ? { output: ' same ' } : { state: 'error', output: null }),
        }),
      ]),
    ];
    const left = blindPairs(runOf(some), 'tuned', [voteFor('q2', 'tie')]).map(({ item }) => item);
    expect(left.sort()).toEqual(['q1', 'q3', 'q4', 'q5', 'q6']);
  });

  test('need two columns', () => {
    expect(() => blindPairs(run, 'nobody', [])).toThrow(/no column "nobody"/);
  });
});
