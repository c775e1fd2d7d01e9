import { describe, expect, it } from 'vitest';
import { reportLines } from '../../../src/cli/eval-text.ts';
import { knowMetrics } from '../../../src/evaluation/metrics/registry.ts';
import { describedMetric, type OwnMetric } from '../../../src/evaluation/own-metrics/types.ts';
import { publishedResults } from '../../../src/evaluation/published.ts';
import { buildReport, differenceReport } from '../../../src/evaluation/report.ts';
import { csvReport } from '../../../src/evaluation/reports/csv.ts';
import { markdownReport } from '../../../src/evaluation/reports/markdown.ts';
import { columnsOf } from '../../../src/evaluation/table.ts';
import { evaluation, result, runOf } from './results.ts';

const ids = Array.from({ length: 40 }, (_, i) => `q${i}`);
/** Base wrong everywhere, tuned right on 30 of 40; f1 half as high. */
const items = ids.flatMap((item, i) => [
  result({ item, scores: { exact: 0, 'token-f1': 0, 'origin-tutorial': 1 }, state: i < 3 ? 'empty' : 'ok' }),
  result({
    item,
    column: 'tuned',
    scores: { exact: i < 30 ? 1 : 0, 'token-f1': i < 30 ? 0.5 : 0, 'origin-tutorial': 1 },
  }),
]);

describe('the figures of a run', () => {
  it('means, the primary metric first, differences against the first column', () => {
    const report = buildReport(runOf(items));
    expect(Object.keys(report.columns[1]?.metrics ?? {})).toEqual(['token-f1', 'exact', 'origin-tutorial']);
    expect(report.columns[1]?.metrics['token-f1']).toMatchObject({
      mean: 0.375,
      sum: 15,
      n: 40,
      interval: 'bootstrap',
    });
    expect(report.metrics['exact']).toMatchObject({ mean: 0, n: 40, interval: 'wilson' });
    expect(report.differences).toHaveLength(1);
    expect(report.differences[0]).toMatchObject({
      column: 'tuned',
      against: 'base',
      metrics: {
        'token-f1': { difference: 0.375, verdict: 'better', pHolm: null },
        exact: { difference: 0.75, verdict: 'better', mcnemar: { gained: 30, lost: 0 } },
        'origin-tutorial': { difference: 0, verdict: 'cannot tell', pHolm: 1 },
      },
    });
    expect(report.run).toMatchObject({ items: 40, errors: 0, interim: false });
  });

  it('a secondary metric is only called better if it holds among the others', () => {
    const pairs = Array.from({ length: 40 }, (_, i) => [
      result({ item: `q${i}`, scores: { 'token-f1': 1, exact: 0, 'origin-tutorial': 1 } }),
      result({ item: `q${i}`, column: 'tuned', scores: { 'token-f1': 1, exact: i < 6 ? 1 : 0, 'origin-tutorial': 1 } }),
    ]);
    // Six gained, none lost: p = 2/2⁶ = 0.03125, twice that after Holm over two metrics.
    const exact = buildReport(runOf(pairs.flat())).differences[0]?.metrics['exact'];
    expect(exact?.p).toBeCloseTo(0.03125, 6);
    expect(exact).toMatchObject({ pHolm: 0.0625, verdict: 'cannot tell' });
    expect(exact?.sentence).toMatch(/^Cannot tell tuned from base in exact.* p = 0\.063 after Holm\.$/);
  });

  it('failures count as 0 in the mean over all items, where the metric applies', () => {
    const failed = result({ item: 'q1', state: 'timeout', output: null, scores: { 'token-f1': null, 'hit@1': null } });
    const report = buildReport(runOf([result({ item: 'q0', scores: { 'token-f1': 1 } }), failed]));
    expect(report.columns[0]).toMatchObject({ items: 2, errors: 0, timeouts: 1 });
    expect(report.columns[0]?.metrics['token-f1']).toMatchObject({ mean: 0.5, n: 2 });
    expect(report.columns[0]?.metrics['hit@1']).toBeUndefined();
    expect(report.run.errors).toBe(1);
    expect(report.notes.map(({ text }) => text).join('\n')).toMatch(/base: 0 errors and 1 timeouts of 2 count as 0/);
  });

  it('a failure counts as the worst score of an own metric; without a bound on that side it has none', () => {
    const about = { kind: 'answer' as const, version: '1', binary: false, blindTo: 'all', file: '/m.mjs' };
    const own: OwnMetric[] = [
      { ...about, name: 'edits', range: [0, null], direction: 'lower' },
      { ...about, name: 'likert', range: [1, 5], direction: 'higher' },
    ];
    knowMetrics(own.map(describedMetric));
    const scores = { edits: 4, likert: 3 };
    const failed = result({ item: 'q1', state: 'error', output: null, scores: { edits: null, likert: null } });
    const over = { metrics: ['edits', 'likert'], primary: 'edits', own };
    const report = buildReport(runOf([result({ item: 'q0', scores }), failed], over));
    expect(report.columns[0]?.metrics).toMatchObject({ edits: { mean: 4, n: 1 }, likert: { mean: 2, n: 2 } });
  });

  it('an item tried again counts once, as it ended', () => {
    const report = buildReport(
      runOf([result({ state: 'error', output: null, scores: { exact: null } }), result({ scores: { exact: 1 } })]),
    );
    expect(report.columns[0]).toMatchObject({ items: 1, errors: 0 });
    expect(report.columns[0]?.metrics['exact']).toMatchObject({ mean: 1, n: 1 });
  });

  it('only questions that both columns have are compared, the same question twice in order', () => {
    const same = { content: 'same', scores: { exact: 1 } };
    const tables = columnsOf(
      runOf([
        result({ item: 'x', ...same }),
        result({ item: 'y', ...same, scores: { exact: 0 } }),
        result({ item: 'only base', scores: { exact: 1 } }),
        result({ item: 'x', ...same, column: 'tuned' }),
        result({ item: 'y', ...same, column: 'tuned' }),
      ]),
    );
    const [a, b] = tables;
    if (!a || !b) throw new Error('two columns');
    expect(differenceReport(a, b, evaluation).metrics['exact']).toMatchObject({ n: 2, difference: 0.5 });
  });

  it('an unfinished run says so', () => {
    const run = runOf(items.slice(0, 10));
    const report = buildReport({ ...run, view: { ...run.view, state: 'running' } });
    expect(report.run).toMatchObject({ interim: true, items: 5 });
    expect(markdownReport(report)).toContain('*Interim: the run is running');
  });
});

describe('what is written', () => {
  const report = buildReport(
    runOf([...items, ...ids.map((item) => result({ item, column: 'empty', scores: { exact: 0 } }))]),
  );

  it('Markdown: the verdict first, baselines marked, every metric with its blind spot', () => {
    const markdown = markdownReport(report);
    expect(markdown).toMatch(
      /^# Evaluation of base, tuned on d\n\n\*\*tuned is better than base in token-f1: \+37\.5 points/,
    );
    expect(markdown).toContain('| *empty* |');
    expect(markdown).toContain('- exact is blind to this: ');
    expect(markdown).toContain('origin-tutorial counts the 3 empty answers of base as perfect');
    expect(markdown).not.toContain('undefined');
  });

  it('for a terminal', () => {
    const lines = reportLines(report).join('\n');
    expect(lines).toMatch(/token-f1 \*\s+0\.0 \[0\.0, 0\.0\]\s+37\.5/);
    expect(lines).toContain('tuned is better than base');
  });

  it('CSV: quoted, and no cell is a formula', () => {
    const csv = csvReport([result({ output: '=1+1, "quoted"\nline', scores: { exact: 0.5 } })], ['exact', 'hit@1']);
    expect(csv).toBe(
      'item,context,column,state,exact,hit@1,question,answer,output\r\n' +
        'q1,context of q1,base,ok,0.5,,question q1,gold,"\'=1+1, ""quoted""\nline"\r\n',
    );
  });
});

it('published results stand beside their own data only', () => {
  const lineage = (format: string) => ({
    source: { name: 'f', sha256: '', bytes: 1, format },
    steps: [],
    programVersion: '0',
    createdAt: '',
  });
  const cmrc = { lineage: lineage('cmrc'), rows: 1002, contexts: 256 };
  expect(publishedResults(cmrc, 'all').map(({ metrics }) => metrics['exact'])).toEqual([0.021, 0.3972, 0.0529]);
  expect(publishedResults(cmrc, 'test')).toEqual([]);
  expect(publishedResults({ ...cmrc, rows: 3219 }, 'all')).toEqual([]);
  const dev = publishedResults({ ...cmrc, rows: 3219, contexts: 848 }, 'all');
  expect(dev.map(({ metrics }) => metrics)).toEqual([{ 'cmrc-em': 0.924, 'cmrc-f1': 0.97914 }]);
  expect(dev[0]?.system).toContain('hidden test set');
  const financial = { lineage: lineage('financial-qa'), rows: 7000, contexts: 6756 };
  expect(publishedResults(financial, 'tutorial/test').map(({ metrics }) => metrics['context-recall'])).toEqual([
    0.7828, 0.8857,
  ]);
  expect(publishedResults(financial, 'context/test')).toEqual([]);
});
