import { describe, expect, it } from 'vitest';
import { buildReport } from '../../../src/evaluation/report.ts';
import { markdownReport } from '../../../src/evaluation/reports/markdown.ts';
import { result, runOf } from './results.ts';

/** 12 short answers that tuned gets right and base wrong, 12 long ones the other way round, 4 of yes or no. */
const rows = [
  ...Array.from({ length: 12 }, (_, i) => ({ item: `s${i}`, answer: `salt ${i}`, base: 0, tuned: 1 })),
  ...Array.from({ length: 12 }, (_, i) => ({ item: `l${i}`, answer: 'a long answer '.repeat(7), base: 1, tuned: 0 })),
  ...Array.from({ length: 4 }, (_, i) => ({ item: `y${i}`, answer: 'Yes.', base: 1, tuned: 1 })),
];
const items = rows.flatMap(({ item, answer, base, tuned }) => [
  result({ item, answers: [answer], scores: { exact: base } }),
  result({ item, answers: [answer], column: 'tuned', scores: { exact: tuned } }),
]);

describe('parts of the questions', () => {
  const report = buildReport(runOf(items, { metrics: ['exact'], primary: 'exact' }));
  const find = (stratum: string) => report.strata.find((one) => one.stratum === stratum);

  it('by the length of the answer', () => {
    // The four short "Yes." are short answers too.
    expect(find('up to 20 characters')).toMatchObject({
      items: 16,
      columns: { base: { mean: 0.25 }, tuned: { mean: 1 } },
    });
    expect(find('over 80')?.differences['tuned']).toMatchObject({ difference: -1, n: 12 });
  });

  it('by its type; parts with few questions are left out', () => {
    expect(find('with a number')).toMatchObject({ items: 12, columns: { tuned: { mean: 1 } } });
    expect(find('without a number')).toMatchObject({ items: 12, columns: { tuned: { mean: 0 } } });
    expect(find('yes or no')).toBeUndefined();
  });

  it('stand in the report as exploratory', () => {
    const markdown = markdownReport(report);
    expect(markdown).toContain('## exact on parts of the questions\n\nExploratory');
    expect(markdown).toMatch(
      /\| answer length: over 80 \| 12 \| 100\.0 \[.*\] \| 0\.0 \[.*\] \| −100\.0 \[−100\.0, −100\.0\] \|/,
    );
  });

  it('are not shown where all questions are of one kind', () => {
    const short = items.filter(({ item }) => item.startsWith('s'));
    expect(buildReport(runOf(short, { metrics: ['exact'], primary: 'exact' })).strata).toEqual([]);
  });
});
