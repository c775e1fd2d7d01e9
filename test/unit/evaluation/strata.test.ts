import { describe, expect, it } from 'vitest';
import { buildReport } from '../../../src/evaluation/report.ts';
import { markdownReport } from '../../../src/evaluation/reports/markdown.ts';
import { parseColumns } from '../../../src/rag/columns.ts';
import { chanceRun, result, runOf } from './results.ts';

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

  it('by its type; of parts with few questions nothing is told', () => {
    expect(find('with a number')).toMatchObject({ items: 12, columns: { tuned: { mean: 1 } } });
    expect(find('without a number')).toMatchObject({ items: 12, columns: { tuned: { mean: 0 } } });
    expect(find('yes or no')).toEqual({
      partition: 'answer type',
      stratum: 'yes or no',
      items: 4,
      filter: 'gold.type=yes-no',
      by: null,
      told: false,
      columns: {},
      differences: {},
      selected: [],
    });
    expect(markdownReport(report)).toContain('| answer type: yes or no | 4 | too few to tell | – | – |');
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

  it('by what was retrieved, and by what a tune was trained on', () => {
    const columns = parseColumns(['name=base,llm=a,embedder=e,top-k=2', 'name=tuned,llm=b,embedder=e,top-k=2']);
    // Twelve of twenty-four gold passages are found, one of them below the two that are handed on.
    const parts = Array.from({ length: 24 }, (_, i) => i).flatMap((i) => {
      const gold = { document: `d.jsonl#c${i}`, text: 'gold', score: 1 };
      const other = { document: 'd.jsonl#x', text: 'other', score: 1 };
      const retrieved = i === 0 ? [other, other, gold] : i < 12 ? [other, gold] : [other, other];
      const asked = { item: `q${i}`, contextId: `c${i}`, retrieved };
      return [
        result({ ...asked, scores: { exact: i < 12 ? 1 : 0 } }),
        result({ ...asked, column: 'tuned', scores: { exact: 1 } }),
      ];
    });
    const seen = new Map(Array.from({ length: 24 }, (_, i) => [`q${i}`, i % 8 === 0] as const));
    const told = buildReport(runOf(parts, { columns, metrics: ['exact'], primary: 'exact' }), [], {
      asked: new Map(),
      seen,
    });
    const about = told.strata.map(({ partition, stratum, by, items, filter, told: said }) => ({
      part: `${partition}: ${stratum}`,
      by,
      items,
      filter,
      said,
    }));
    expect(about).toEqual([
      { part: 'gold passage: retrieved', by: 'base', items: 11, filter: 'base.retrieved=yes', said: true },
      { part: 'gold passage: not retrieved', by: 'base', items: 13, filter: 'base.retrieved=no', said: true },
      { part: 'training rows: seen in training', by: null, items: 3, filter: 'seen=yes', said: false },
      { part: 'training rows: clean', by: null, items: 21, filter: 'seen=no', said: true },
    ]);
    expect(told.strata[0]?.columns['base']?.mean).toBe(1);
    expect(told.strata[1]?.columns['base']?.mean).toBeCloseTo(1 / 13, 12);
    // Both search alike: what base found, tuned found too.
    expect(told.strata[1]).toMatchObject({ selected: [], differences: { tuned: { verdict: 'better' } } });
    expect(markdownReport(told)).not.toContain('†');
  });

  it('that one column chose by its own finds call neither better', () => {
    const told = buildReport(chanceRun());
    expect(told.differences[0]?.metrics['hit@1']?.difference).toBe(0);
    const parts = told.strata.filter(({ partition }) => partition === 'gold passage');
    expect(
      parts.map(({ stratum, selected, differences: { tuned } }) => ({
        stratum,
        selected,
        difference: tuned?.difference,
        surely: tuned !== undefined && (tuned.low > 0 || tuned.high < 0),
        verdict: tuned?.verdict,
      })),
    ).toEqual([
      { stratum: 'retrieved', selected: ['tuned'], difference: -0.5, surely: true, verdict: 'cannot tell' },
      { stratum: 'not retrieved', selected: ['tuned'], difference: 0.5, surely: true, verdict: 'cannot tell' },
    ]);
    const markdown = markdownReport(told);
    expect(markdown).toMatch(/\| gold passage: not retrieved \(base\) \| 24 \| .* \| \+50\.0 \[.*\] † \|/);
    expect(markdown).toContain('regression to the mean');
  });
});
