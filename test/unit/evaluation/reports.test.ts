import { parseHTML } from 'linkedom';
import { describe, expect, it } from 'vitest';
import { buildReport } from '../../../src/evaluation/report.ts';
import { FORMAT_NAMES } from '../../../src/evaluation/reports/names.ts';
import { REPORT_FORMATS } from '../../../src/evaluation/reports/registry.ts';
import type { ItemResult } from '../../../src/evaluation/types.ts';
import { chanceRun, result, runOf } from './results.ts';

const NASTY = '<script>alert("1 & 2")</script>\u001b[31m';
const items: readonly ItemResult[] = [
  result({ item: 'q1', question: NASTY, output: NASTY, scores: { exact: 0, 'token-f1': 0.5, 'origin-tutorial': 1 } }),
  result({ item: 'q2', state: 'timeout', output: null, error: { code: 'timeout', message: 'too <late>' }, scores: {} }),
  result({ item: 'q3', state: 'empty', output: '', scores: { exact: 0, 'token-f1': 0, 'origin-tutorial': 1 } }),
  ...['q1', 'q2', 'q3'].map((item) =>
    result({ item, column: 'tuned', output: 'gold', scores: { exact: 1, 'token-f1': 1, 'origin-tutorial': 0 } }),
  ),
];
const run = runOf(items, { primary: 'exact' });
const report = buildReport(run);
const write = (format: (typeof FORMAT_NAMES)[number]) => REPORT_FORMATS[format].write(report, items);

describe('HTML', () => {
  const { document } = parseHTML(write('html'));
  it('has every column, a chart, and nothing that runs', () => {
    expect(document.querySelector('script')).toBeNull();
    expect(document.querySelectorAll('svg').length).toBeGreaterThan(0);
    const [table] = document.querySelectorAll('table');
    expect([...(table?.querySelectorAll('tr') ?? [])].map((row) => row.firstElementChild?.textContent)).toEqual([
      'column',
      'base',
      'tuned',
    ]);
  });
  it('shows texts as they are, without control characters', () => {
    const cells = [...document.querySelectorAll('td.text')].map((cell) => cell.textContent);
    expect(cells).toContain('<script>alert("1 & 2")</script>');
  });
});

describe('the ceiling of retrieval', () => {
  const high = buildReport(chanceRun());
  it.each(['md', 'html'] as const)('is said in %s, last and without a verdict', (format) => {
    const text = REPORT_FORMATS[format].write(high, []);
    expect(text).toContain('Most that retrieval could give over these chunks: hit@1 100.0.');
    expect(text.indexOf('gold-chunks (ceiling)')).toBeGreaterThan(text.indexOf('bm25'));
    const from = text.indexOf('gold-chunks (ceiling) against base');
    const section = text.slice(from, text.indexOf('hit@1 on parts', from));
    expect(section).toMatch(/primary[^\n]*–/);
    expect(section).not.toMatch(/better/);
  });
});

describe('JUnit', () => {
  const { document } = parseHTML(write('junit').replace(/^<\?xml.*\n/, ''));
  const suites = [...document.querySelectorAll('testsuite')];
  it('has a suite of verdicts and one for each column', () => {
    expect(suites.map((suite) => [suite.getAttribute('name'), suite.getAttribute('tests')])).toEqual([
      ['verdicts', '3'],
      ['base', '3'],
      ['tuned', '3'],
    ]);
  });
  it('tells wrong, late and empty apart', () => {
    const base = suites[1];
    expect([base?.getAttribute('failures'), base?.getAttribute('errors')]).toEqual(['2', '1']);
    expect(base?.querySelector('error')?.getAttribute('message')).toBe('too <late>');
    expect([...(base?.querySelectorAll('failure') ?? [])].map((one) => one.getAttribute('message'))).toEqual([
      'exact 0',
      'empty answer',
    ]);
    expect(suites[2]?.getAttribute('failures')).toBe('0');
  });
});

it("the tutorial's items and its lines, sum/N and percent", () => {
  const text = write('tutorial');
  const [rows] = text.split('\nbase exact');
  expect(JSON.parse(rows ?? '')).toMatchObject([{ infer: NASTY, exact_score: 0, origin_score: 1 }, {}, { infer: '' }]);
  expect(text).toContain('tuned exact (exact): 3/3, 100.00%');
  expect(text).toContain('base origin (origin-tutorial): 2/3, 66.67%');
});

it.each(FORMAT_NAMES)('%s is written', (format) => {
  expect(write(format).endsWith('\n')).toBe(true);
});
