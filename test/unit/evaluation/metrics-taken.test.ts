import { describe, expect, it } from 'vitest';
import { diffLines, reportLines } from '../../../src/cli/eval-text.ts';
import { boundGate } from '../../../src/evaluation/gate.ts';
import { findField } from '../../../src/evaluation/items/fields.ts';
import { findMetric } from '../../../src/evaluation/metrics/registry.ts';
import { buildReport } from '../../../src/evaluation/report.ts';
import { htmlReport } from '../../../src/evaluation/reports/html.ts';
import { markdownReport } from '../../../src/evaluation/reports/markdown.ts';
import { metricTitle, typedScore } from '../../../src/evaluation/score-text.ts';
import { holm } from '../../../src/evaluation/statistics/closed-forms.ts';
import { formatScore, POINTS, signedScore } from '../../../src/evaluation/units.ts';
import { result, runOf } from './results.ts';
import { item } from './scored-item.ts';

const score = (metric: string, over: Parameters<typeof item>[0]) => findMetric(metric).score(item(over));
const took = { timing: { firstTokenMs: 250, totalMs: 2250 }, usage: { promptTokens: 120, completionTokens: 41 } };

describe('what answers take', () => {
  it('time to the first token, tokens after it by the time they took, tokens as the server counted', () => {
    expect(score('first-token', took)).toBe(250);
    // 40 tokens after the first one in 2 s.
    expect(score('tokens-per-second', took)).toBe(20);
    expect(score('prompt-tokens', took)).toBe(120);
    expect(score('answer-tokens', took)).toBe(41);
  });

  it('a price is of a thousand answers, in one currency', () => {
    expect(score('price@USD', { cost: { amount: 0.00031, currency: 'USD' } })).toBeCloseTo(0.31, 12);
    expect(score('price@USD', { cost: { amount: 0.00031, currency: 'CNY' } })).toBeNull();
    expect(score('price@USD', {})).toBeNull();
    expect(() => findMetric('price@dollars')).toThrow(/no metric/);
  });

  it('what is not known is missing', () => {
    for (const name of ['first-token', 'tokens-per-second', 'prompt-tokens', 'answer-tokens']) {
      expect(score(name, {}), name).toBeNull();
      expect(score(name, { timing: { firstTokenMs: null, totalMs: null }, usage: null }), name).toBeNull();
    }
    const one = { ...took, usage: { promptTokens: 1, completionTokens: 1 } };
    expect(score('tokens-per-second', one)).toBeNull();
    const atOnce = { ...took, timing: { firstTokenMs: 250, totalMs: 251 } };
    expect(score('tokens-per-second', atOnce)).toBeNull();
  });
});

describe('units', () => {
  it('points of 100, tenths, whole numbers above a thousand, three digits of a price', () => {
    expect(formatScore(0.397, POINTS)).toBe('39.7');
    expect(formatScore(41.26, 'ms')).toBe('41.3');
    expect(formatScore(1234.5, 'ms')).toBe('1235');
    expect(formatScore(0.00031, 'USD per 1000')).toBe('0.000310');
    expect(formatScore(12.5, 'USD')).toBe('12.5');
    expect(formatScore(0, 'USD')).toBe('0');
    expect(formatScore(Number.NaN, 'ms')).toBe('–');
    expect(formatScore(null, POINTS)).toBe('–');
    expect(signedScore(-12.34, 'ms')).toBe('−12.3');
    expect(signedScore(0.02, POINTS)).toBe('+2.0');
    const titles = ['first-token', 'exact', 'answer-tokens', 'tokens-per-second', 'price@USD'].map(metricTitle);
    expect(titles).toEqual([
      'first-token (ms)',
      'exact',
      'answer-tokens',
      'tokens-per-second',
      'price@USD (USD per 1000)',
    ]);
    expect([typedScore('first-token', 300), typedScore('exact', 80)]).toEqual([300, 0.8]);
  });
});

const METRICS = ['exact', 'token-f1', 'first-token', 'answer-tokens'];
/** The tuned column is right more often and always 100 ms slower; one of its answers did not come. */
const items = Array.from({ length: 20 }, (_, i) => {
  const id = `q${i}`;
  const failed = i === 0;
  const base = { exact: 0, 'token-f1': 0.1, 'first-token': 200 + i, 'answer-tokens': 8 };
  const tuned = { exact: 1, 'token-f1': 0.9, 'first-token': 300 + i, 'answer-tokens': 8 };
  const none = { exact: null, 'token-f1': null, 'first-token': null, 'answer-tokens': null };
  return [
    result({ item: id, scores: base }),
    result({
      item: id,
      column: 'tuned',
      scores: failed ? none : tuned,
      ...(failed ? { state: 'timeout' as const, output: null } : {}),
    }),
  ];
}).flat();

describe('in the figures of a run', () => {
  const run = runOf(items, { metrics: METRICS });
  const report = buildReport(run);
  const difference = report.differences[0]?.metrics ?? {};

  it('an answer that failed is 0 points, and no time at all', () => {
    const tuned = report.columns.find(({ name }) => name === 'tuned')?.metrics;
    expect(tuned?.['exact']).toMatchObject({ n: 20, mean: 0.95 });
    expect(tuned?.['first-token']).toMatchObject({ n: 19, mean: 310 });
  });

  it('differences are paired, in ms, and slower is worse', () => {
    expect(difference['first-token']).toMatchObject({ n: 19, difference: 100, verdict: 'worse' });
    expect(difference['first-token']?.sentence).toMatch(
      /^tuned is worse than base in first-token: \+100\.0 ms \[\+100\.0, \+100\.0\], p < 0\.001, on 19 items/,
    );
    expect(difference['answer-tokens']).toMatchObject({ difference: 0, verdict: 'cannot tell' });
    expect(difference['token-f1']?.sentence).toContain('points');
  });

  it('speed and cost are a family of their own for Holm', () => {
    const family = ['first-token', 'answer-tokens'].map((name) => difference[name]);
    expect(family.map((one) => one?.pHolm)).toEqual(holm(family.map((one) => one?.p ?? Number.NaN)));
    expect(difference['exact']?.pHolm).toBe(difference['exact']?.p);
  });

  it('tables and reports name the unit', () => {
    const text = reportLines(report).join('\n');
    expect(text).toMatch(/first-token \(ms\) +209\.5 \[/);
    const markdown = markdownReport(report);
    expect(markdown).toContain('| first-token (ms) | +100.0 [+100.0, +100.0] |');
    const html = htmlReport(report, run.items);
    expect(html).toContain('<h3>difference in ms</h3>');
    expect(html).toContain('<h3>first-token (ms)</h3>');
    const lines = diffLines({
      a: 'base',
      b: 'tuned',
      primary: 'first-token',
      interim: false,
      metrics: difference,
    }).join('\n');
    expect(lines).toMatch(/first-token \(ms\) +\+100\.0/);
  });

  it('gates and filters take them as they are', () => {
    const summary = report.columns.find(({ name }) => name === 'tuned')?.metrics['first-token'];
    if (!summary) throw new Error('no figures');
    expect(boundGate('first-token', 'tuned', summary, 250, 'at most')).toMatchObject({
      answer: 'no',
      sentence: expect.stringContaining('at most 250.0 in first-token (ms): 310.0 ['),
    });
    const scope = {
      columns: ['base', 'tuned'],
      column: 'tuned',
      base: 'base',
      metrics: METRICS,
      primary: 'token-f1',
      blame: null,
      notes: {},
    };
    expect(findField('first', scope)).toMatchObject({ kind: 'number', share: false });
    expect(findField('diff.first', scope)).toMatchObject({ kind: 'number', share: false });
    expect(findField('exact', scope)).toMatchObject({ share: true });
  });
});
