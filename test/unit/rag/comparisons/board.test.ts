import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { fixturesDir } from '../../../../src/platform/entry.ts';
import { boardOf } from '../../../../src/rag/comparisons/board.ts';
import { type Ballot, fitStrengths } from '../../../../src/rag/comparisons/bradley-terry.ts';
import { columnKey } from '../../../../src/rag/comparisons/column-key.ts';
import type { Choice, VotedComparison } from '../../../../src/rag/comparisons/types.ts';
import { blindOrder, canVote, voteOf } from '../../../../src/rag/comparisons/votes.ts';
import { type Column, columnSchema } from '../../../../src/rag/types.ts';

const numbers = z.array(z.number());
const casesSchema = z.array(
  z.object({
    name: z.string(),
    players: z.number(),
    ballots: z.array(z.object({ among: numbers, best: numbers })),
    strength: numbers,
    margin: numbers,
    differenceError: z.number(),
  }),
);
const cases = casesSchema.parse(
  JSON.parse(readFileSync(path.join(fixturesDir(), 'reference', 'comparisons', 'bradley-terry.json'), 'utf8')),
);

describe('strengths', () => {
  test.each(cases)('$name: as scipy has them', ({ players, ballots, strength, margin, differenceError }) => {
    const fitted = fitStrengths(players, ballots);
    for (let at = 0; at < players; at += 1) {
      expect(fitted.strength[at]).toBeCloseTo(strength[at] ?? Number.NaN, 6);
      expect(fitted.margin[at]).toBeCloseTo(margin[at] ?? Number.NaN, 5);
    }
    expect(fitted.differenceError(0, 1)).toBeCloseTo(differenceError, 5);
  });

  test('of the American League 1987 are those in the books when the prior is next to nothing', () => {
    // Agresti, Categorical Data Analysis, 2nd ed., table 10.10: row beat column so often; estimates as R's BradleyTerry2.
    const teams = ['Milwaukee', 'Detroit', 'Toronto', 'New York', 'Boston', 'Cleveland', 'Baltimore'];
    const won = [
      [0, 7, 9, 7, 7, 9, 11],
      [6, 0, 7, 5, 11, 9, 9],
      [4, 6, 0, 7, 7, 8, 12],
      [6, 8, 6, 0, 6, 7, 10],
      [6, 2, 6, 7, 0, 7, 12],
      [4, 4, 5, 6, 6, 0, 6],
      [2, 4, 1, 3, 1, 7, 0],
    ];
    const ballots = won.flatMap((row, a) =>
      row.flatMap((times, b) => Array.from({ length: times }, (): Ballot => ({ among: [a, b], best: [a] }))),
    );
    const { strength } = fitStrengths(teams.length, ballots, 1000);
    const toBaltimore = strength.map((one) => one - (strength[6] ?? 0));
    for (const [at, known] of [1.5814, 1.4364, 1.2945, 1.2476, 1.1077, 0.6839, 0].entries()) {
      expect(toBaltimore[at]).toBeCloseTo(known, 4);
    }
  });

  test('of nobody are none', () => {
    expect(fitStrengths(0, []).strength).toEqual([]);
  });
});

const column = (name: string, change: Record<string, unknown> = {}): Column =>
  columnSchema.parse({ name, llm: 'm', ...change });
let id = 0;
const voted = (
  columns: readonly Column[],
  choice: Choice,
  change: { blind?: boolean; digests?: readonly string[]; kb?: string; failed?: string } = {},
): VotedComparison => {
  id += 1;
  return {
    vote: {
      comparison: id,
      at: new Date(id * 1000).toISOString(),
      blind: change.blind ?? true,
      seed: 1,
      shown: columns.map(({ name }) => name),
      choice,
    },
    question: 'q',
    kb: change.kb ?? 'notes',
    columns: columns.map((one, at) => ({
      column: one,
      state: one.name === change.failed ? ('failed' as const) : ('ok' as const),
      embedder: 'bge',
      digest: change.digests?.[at] ?? null,
    })),
  };
};
const best = (name: string): Choice => ({ kind: 'column', column: name });

describe('the board', () => {
  const [base, tuned] = [column('base', { llm: 'b' }), column('tuned', { llm: 't' })];

  test('counts wins, losses, ties and neither, and orders by rating', () => {
    const votes = [
      ...Array.from({ length: 6 }, () => voted([base, tuned], best('tuned'))),
      voted([base, tuned], best('base')),
      voted([base, tuned], { kind: 'tie' }),
      voted([base, tuned], { kind: 'neither' }),
    ];
    const board = boardOf(votes);
    expect(board).toMatchObject({ votes: 9, blind: 9, uncounted: 1 });
    expect(board.rows).toMatchObject([
      { name: 'tuned', place: 1, votes: 9, wins: 6, losses: 1, ties: 1, neither: 1 },
      { name: 'base', place: 2, votes: 9, wins: 1, losses: 6, ties: 1, neither: 1, ahead: null },
    ]);
    const [first, second] = board.rows;
    expect((first?.rating ?? 0) + (second?.rating ?? 0)).toBeCloseTo(2000, 6);
    expect((first?.share ?? 0) + (second?.share ?? 0)).toBeCloseTo(1, 9);
    expect(first?.low).toBeLessThan(first?.rating ?? 0);
    expect(first?.ahead).toBeGreaterThan(0.9);
  });

  test('knows a column by what it does: a new name is the same one, other weights are another', () => {
    const renamed = column('mine', { llm: 't' });
    const board = boardOf([voted([base, tuned], best('tuned')), voted([base, renamed], best('mine'))]);
    expect(board.rows.map(({ name, votes, wins }) => [name, votes, wins])).toEqual([
      ['mine', 2, 2],
      ['base', 2, 0],
    ]);
    const trained = [voted([base, tuned], best('tuned'), { digests: ['0', '1'] })];
    const again = [voted([base, tuned], best('base'), { digests: ['0', '2'] })];
    expect(boardOf([...trained, ...again]).rows.map(({ name }) => name.split('#')[0])).toEqual([
      'tuned',
      'base',
      'tuned',
    ]);
  });

  test('leaves out columns that failed, columns that are the same, and votes nobody wants', () => {
    const twin = column('twin', { llm: 'b' });
    const board = boardOf([
      voted([base, twin], best('twin')),
      voted([base, tuned], best('base'), { failed: 'tuned' }),
      voted([base, tuned], best('tuned'), { blind: false }),
      voted([base, tuned], best('tuned'), { kb: 'other' }),
    ]);
    expect(board).toMatchObject({ votes: 4, uncounted: 2 });
    expect(board.notes.join()).toContain('1 of 4');
    expect(boardOf([voted([base, tuned], best('tuned'), { blind: false })], { blindOnly: true }).rows).toEqual([]);
    expect(boardOf([voted([base, tuned], best('tuned'), { kb: 'x' })], { kb: 'y' }).votes).toBe(0);
  });

  test('a column that only retrieves does not compete with answers, but with its like', () => {
    const [one, two] = [column('one', { llm: 'none', mode: 'bm25' }), column('two', { llm: 'none' })];
    expect(boardOf([voted([base, tuned, one], best('base'))]).rows.map(({ name }) => name)).toEqual(['base', 'tuned']);
    expect(boardOf([voted([one, two], best('two'))]).rows.map(({ name }) => name)).toEqual(['two', 'one']);
  });
});

describe('what a column is known by', () => {
  const key = (change: Record<string, unknown>, behind = {}) => columnKey(column('n', change), behind);
  test.each([
    ['retrieval of one that reads the gold passage', { context: 'gold', topK: 1 }, { context: 'gold', topK: 5 }],
    ['the embedder of bm25', { mode: 'bm25', embedder: 'a' }, { mode: 'bm25' }],
    ['the prompt of one without an LLM', { llm: 'none', prompt: 'x' }, { llm: 'none' }],
    ['the seed at temperature 0', { sampling: { seed: 1 } }, { sampling: { seed: 2 } }],
  ])('not %s', (_what, a, b) => {
    expect(key(a)).toBe(key(b));
  });
  test.each([
    ['LLM', { llm: 'other' }],
    ['prompt', { prompt: 'tutorial' }],
    ['top-k', { topK: 9 }],
    ['mode', { mode: 'vector' }],
    ['instruction', { instruction: false }],
    ['reranker', { reranker: 'r' }],
    ['length of the answer', { sampling: { maxTokens: 9 } }],
    ['temperature', { sampling: { temperature: 1 } }],
  ])('its %s', (_what, change) => {
    expect(key(change)).not.toBe(key({}));
  });
  test('the embedder that was really asked, and the weights', () => {
    expect(key({}, { embedder: 'a' })).toBe(key({ embedder: 'a' }));
    expect(key({}, { embedder: 'b' })).not.toBe(key({}, { embedder: 'a' }));
    expect(key({}, { digest: '1' })).not.toBe(key({}, { digest: '2' }));
  });
});

describe('a vote', () => {
  const names = ['a', 'b', 'c'];
  test('cast with hidden names is about what was shown there', () => {
    const order = blindOrder(3, 42);
    expect([...order].sort()).toEqual([0, 1, 2]);
    expect(blindOrder(3, 42)).toEqual(order);
    const vote = voteOf({ names, seed: 42, choice: 1 });
    expect(vote).toMatchObject({ blind: true, seed: 42, shown: order.map((at) => names[at]) });
    expect(vote.choice).toEqual({ kind: 'column', column: names[order[1] ?? 0] });
  });
  test('every order comes up equally often', () => {
    const seen = new Map<string, number>();
    for (let seed = 0; seed < 6000; seed += 1) {
      const order = blindOrder(3, seed).join('');
      seen.set(order, (seen.get(order) ?? 0) + 1);
    }
    // Binomial(6000, 1/6): mean 1000, standard deviation 29.
    expect(seen.size).toBe(6);
    for (const count of seen.values()) expect(Math.abs(count - 1000)).toBeLessThan(145);
  });
  test('cast in sight names the places as they stood; there must be a choice', () => {
    expect(voteOf({ names, seed: null, choice: 2 })).toMatchObject({ blind: false, choice: best('c') });
    expect(voteOf({ names, seed: null, choice: 'tie' }).choice).toEqual({ kind: 'tie' });
    expect(() => voteOf({ names, seed: null, choice: 3 })).toThrow('place 4');
    expect(() => voteOf({ names: ['a'], seed: null, choice: 0 })).toThrow('fewer than two');
    const states = (...all: ('ok' | 'failed')[]) => all.map((state) => ({ state, column: column('x') }));
    expect(canVote(states('ok', 'failed'))).toBe(false);
    expect(canVote(states('ok', 'failed', 'ok'))).toBe(true);
  });
});
