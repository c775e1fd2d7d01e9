import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { matrixColumns, matrixOf } from '../../../src/evaluation/matrix/design.ts';
import type { EffectKind } from '../../../src/evaluation/matrix/effects.ts';
import { buildReport } from '../../../src/evaluation/report.ts';
import { htmlReport } from '../../../src/evaluation/reports/html.ts';
import { markdownReport } from '../../../src/evaluation/reports/markdown.ts';
import type { JobView } from '../../../src/jobs/types.ts';
import { fixturesDir } from '../../../src/platform/entry.ts';
import { parseColumns } from '../../../src/rag/columns.ts';
import { result, runOf } from './results.ts';

type JobState = JobView['state'];

const ALL = { llms: ['a', 'b'], embedders: ['x', 'y'], contexts: ['retrieved', 'gold'], settings: '' };
const columns = parseColumns(matrixColumns(ALL));

/** A run of the matrix, finished unless said otherwise: by column the score of each item. */
function reportOf(
  scores: Readonly<Record<string, readonly number[]>>,
  clusters: readonly string[],
  metric = 'token-f1',
  state: JobState = 'succeeded',
) {
  const items = Object.entries(scores).flatMap(([column, values]) =>
    values.map((value, at) =>
      result({ column, item: `q${at}`, place: at, contextId: clusters[at] ?? '', scores: { [metric]: value } }),
    ),
  );
  const run = runOf(items, { columns, metrics: [metric], primary: metric, baselines: false, seed: 1314 });
  return buildReport({ ...run, view: { ...run.view, state } });
}

describe('the columns of a matrix', () => {
  it('has one column for all embedders where nothing is retrieved', () => {
    expect(
      columns.map(({ name, llm, embedder, context, mode }) => [name, llm, embedder ?? null, context, mode]),
    ).toEqual([
      ['a+x', 'a', 'x', 'retrieved', 'vector'],
      ['a+y', 'a', 'y', 'retrieved', 'vector'],
      ['a+gold', 'a', null, 'gold', 'hybrid'],
      ['b+x', 'b', 'x', 'retrieved', 'vector'],
      ['b+y', 'b', 'y', 'retrieved', 'vector'],
      ['b+gold', 'b', null, 'gold', 'hybrid'],
    ]);
    expect(matrixColumns({ ...ALL, contexts: ['gold', 'none'], embedders: [] })).toHaveLength(4);
  });

  it('takes labels and settings of all columns', () => {
    expect(
      matrixColumns({
        llms: ['base=smol', 'tuned=smol+sft'],
        embedders: ['x'],
        contexts: ['retrieved', 'none'],
        settings: 'mode=hybrid,top-k=5',
      }),
    ).toEqual([
      'name=base+x,llm=smol,context=retrieved,embedder=x,mode=hybrid,top-k=5',
      'name=base+none,llm=smol,context=none,mode=hybrid,top-k=5',
      'name=tuned+x,llm=smol+sft,context=retrieved,embedder=x,mode=hybrid,top-k=5',
      'name=tuned+none,llm=smol+sft,context=none,mode=hybrid,top-k=5',
    ]);
  });

  it.each([
    [{ contexts: ['golden'] }, /no context "golden"/],
    [{ embedders: [] }, /needs an embedder/],
    [{ settings: 'top-k=5,llm=c' }, /--set says llm=/],
    [{ llms: ['a'], contexts: ['retrieved'] }, /at least two/],
    [{ llms: ['a', 'b='] }, /names no model/],
  ])('refuses %j', (change, why) => {
    expect(() => matrixColumns({ ...ALL, ...change })).toThrow(why);
  });

  it('is found again in the columns of any run, and only where they cross', () => {
    expect(matrixOf(columns)).toMatchObject({
      llms: ['a', 'b'],
      embedders: ['x', 'y'],
      contexts: ['retrieved', 'gold'],
    });
    expect(matrixOf(columns.slice(1))).toBeNull();
    expect(matrixOf(columns.map((column) => (column.name === 'b+y' ? { ...column, topK: 7 } : column)))).toBeNull();
    expect(
      matrixOf(columns.map((column) => (column.name === 'b+y' ? { ...column, prompt: 'sft' } : column))),
    ).toBeNull();
    expect(
      matrixOf(
        columns.map((column) => (column.name === 'b+y' ? { ...column, format: { type: 'json' as const } } : column)),
      ),
    ).toBeNull();
    expect(matrixOf(parseColumns(['name=a,llm=a,context=gold', 'name=b,llm=b,context=gold']))).toBeNull();
  });
});

describe('effects', () => {
  // Two questions. By hand, of the means: a+x 20, a+y 30, a+gold 60, b+x 40, b+y 70, b+gold 80.
  const byHand = reportOf(
    {
      'a+x': [0.1, 0.3],
      'a+y': [0.2, 0.4],
      'a+gold': [0.6, 0.6],
      'b+x': [0.4, 0.4],
      'b+y': [0.6, 0.8],
      'b+gold': [0.9, 0.7],
    },
    ['c0', 'c1'],
  );

  it.each<[EffectKind, number]>([
    // ((55 − 25) + (80 − 60)) / 2
    ['llm', 0.25],
    // ((30 − 20) + (70 − 40)) / 2
    ['embedder', 0.2],
    // ((60 − 25) + (80 − 55)) / 2
    ['context', 0.3],
    // (70 − 30) − (40 − 20)
    ['llm×embedder', 0.2],
    // (80 − 60) − (55 − 25)
    ['llm×context', -0.1],
  ])('%s by hand', (kind, expected) => {
    const found = byHand.matrix?.effects.find((effect) => effect.kind === kind)?.metrics['token-f1'];
    expect(found?.difference).toBeCloseTo(expected, 12);
    expect(found).toMatchObject({ n: 2, contexts: 2 });
  });

  it('are sure only if they stay so among the others', () => {
    // Six of twenty questions differ, all one way: the sign-flip p of each of the three effects is 2/2⁶.
    const some = Array.from({ length: 20 }, (_, at) => (at < 6 ? 1 : 0));
    const none = some.map(() => 0);
    const crossed = parseColumns(
      matrixColumns({ llms: ['a', 'b'], embedders: [], contexts: ['none', 'gold'], settings: '' }),
    );
    const scores = { 'a+none': none, 'a+gold': some, 'b+none': none, 'b+gold': none };
    const items = Object.entries(scores).flatMap(([column, values]) =>
      values.map((value, at) => result({ column, item: `q${at}`, scores: { exact: value } })),
    );
    const report = buildReport(runOf(items, { columns: crossed, metrics: ['exact'], primary: 'exact' }));
    const found = report.matrix?.effects.map(({ kind, metrics: { exact } }) => [
      kind,
      exact?.p,
      exact?.pHolm,
      exact?.verdict,
    ]);
    expect(found).toEqual([
      ['llm', 0.03125, 0.09375, 'cannot tell'],
      ['context', 0.03125, 0.09375, 'cannot tell'],
      ['llm×context', 0.03125, 0.09375, 'cannot tell'],
    ]);
  });

  it('of retrieval metrics: only the embedder has a part in them', () => {
    const report = reportOf(
      { 'a+x': [0, 1], 'a+y': [1, 1], 'a+gold': [], 'b+x': [0, 1], 'b+y': [1, 1], 'b+gold': [] },
      ['c0', 'c1'],
      'hit@1',
    );
    expect(report.matrix?.effects.map(({ kind }) => kind)).toEqual(['embedder']);
    expect(report.matrix?.effects[0]?.metrics['hit@1']?.difference).toBe(0.5);
  });

  it('stand in the documents', () => {
    const markdown = markdownReport(byHand);
    expect(markdown).toContain('## What LLM, embedder and context do');
    expect(markdown).toContain('| token-f1 | retrieved, x | retrieved, y | gold |');
    expect(markdown).toContain('| b | 40.0 | 70.0 | 80.0 |');
    expect(markdown).toMatch(/\| LLM × embedder: what b gains more with y than with x \| \+20\.0 \[/);
    expect(htmlReport(byHand, [])).toContain('<h3>Effects on token-f1</h3>');
  });
});

const effect = z.object({
  difference: z.number(),
  low: z.number(),
  high: z.number(),
  error: z.number(),
  p: z.number(),
});
/** Made by scripts/reference/matrix.py with numpy and scipy: means over the axes of a full 2 × 2 × 2 array. */
const reference = z
  .object({
    clusters: z.array(z.string()),
    scores: z.record(z.string(), z.array(z.number())),
    effects: z.record(z.string(), effect),
  })
  .parse(JSON.parse(readFileSync(path.join(fixturesDir(), 'reference', 'metrics', 'matrix.json'), 'utf8')));

describe('effects agree with numpy and scipy', () => {
  const report = reportOf(reference.scores, reference.clusters);
  it.each(Object.entries(reference.effects))('%s', (kind, expected) => {
    const found = report.matrix?.effects.find((one) => one.kind === kind)?.metrics['token-f1'];
    expect(found?.difference).toBeCloseTo(expected.difference, 12);
    // As in statistics.test.ts: four standard deviations of a 2.5 % quantile of 10,000 draws.
    const slack = 4 * 0.027 * expected.error;
    expect(Math.abs((found?.low ?? Number.NaN) - expected.low)).toBeLessThanOrEqual(slack);
    expect(Math.abs((found?.high ?? Number.NaN) - expected.high)).toBeLessThanOrEqual(slack);
    const chance = 4 * Math.sqrt((expected.p * (1 - expected.p)) / 10_000) + 3e-4;
    expect(Math.abs((found?.p ?? Number.NaN) - expected.p)).toBeLessThanOrEqual(chance);
  });
});

describe('a run that is not whole', () => {
  // b answers all right and a none, by every way: nothing could be surer.
  const ids = Array.from({ length: 20 }, (_, at) => `c${at}`);
  const scores = Object.fromEntries(columns.map(({ name, llm }) => [name, ids.map(() => (llm === 'b' ? 1 : 0))]));
  const verdictsOf = (state: JobState) => {
    const { matrix, strata, differences } = reportOf(scores, ids, 'token-f1', state);
    return {
      effects: matrix?.effects.map(({ metrics }) => metrics['token-f1']?.verdict),
      strata: strata.flatMap((one) => Object.values(one.differences).map(({ verdict }) => verdict)),
      differences: differences.map(({ metrics }) => metrics['token-f1']?.verdict),
    };
  };

  it('has no verdict on effects and parts either', () => {
    expect(verdictsOf('succeeded').effects).toContain('better');
    const { effects, strata, differences } = verdictsOf('running');
    expect(new Set([...(effects ?? []), ...strata, ...differences])).toEqual(new Set(['cannot tell']));
  });
});
