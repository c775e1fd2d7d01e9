import { describe, expect, it } from 'vitest';
import type { BlameReport } from '../../../../src/evaluation/blame/run.ts';
import type { ColumnAnswer, QuestionRow } from '../../../../src/evaluation/figures.ts';
import { parseExpression } from '../../../../src/evaluation/items/expression.ts';
import { type ItemScope, metricNamed } from '../../../../src/evaluation/items/fields.ts';
import { changeOf, listItems, nextChange } from '../../../../src/evaluation/items/list.ts';

const answer = (output: string | null, em: number | null, over: Partial<ColumnAnswer> = {}): ColumnAnswer => ({
  state: output === null ? 'error' : 'ok',
  output,
  error: '',
  scores: { exact: em, 'token-f1': em },
  retrieved: null,
  found: null,
  totalMs: 900,
  firstTokenMs: null,
  retrievalMs: null,
  promptTokens: null,
  completionTokens: null,
  finish: 'stop',
  cut: '',
  reusedFrom: null,
  ...over,
});
const row = (item: string, base: ColumnAnswer, tuned: ColumnAnswer): QuestionRow => ({
  item,
  question: `How hot is ${item}?`,
  answers: ['80 degrees'],
  contextId: `c ${item}`,
  passage: null,
  seen: item === 'lost' ? true : item === 'failed' ? null : false,
  columns: { first: base, tuned },
});
const rows = [
  row('lost', answer('80 degrees', 1, { found: true }), answer('绿茶', 0, { found: false })),
  row('won', answer('Green Tea', 0), answer('80 degrees', 1)),
  row('failed', answer('80', 0.5), answer(null, null)),
  row('same', answer('x'.repeat(90), 0.25), answer('y', 0.25)),
];
const blame: BlameReport = {
  run: 'r',
  metric: 'exact',
  below: 1,
  columns: [{ column: 'tuned', items: 4, wrong: 1, labels: [], byItem: { lost: 'cut-apart' } }],
};
const scope: ItemScope = {
  columns: ['first', 'tuned'],
  column: 'tuned',
  base: 'first',
  metrics: ['token-f1', 'exact', 'hit@1', 'hit@5'],
  primary: 'exact',
  blame,
  notes: { same: { flag: true, comment: 'odd one' } },
};
const found = (filter: string, sort = ''): string[] => listItems(rows, scope, { filter, sort }).map(({ item }) => item);

describe('a filter', () => {
  it.each([
    ['', ['lost', 'won', 'failed', 'same']],
    ['em=0 & base.em=1', ['lost']],
    ['em = 0 base.em = 1', ['lost']],
    ['first.em>=50', ['lost', 'failed']],
    ['first.em>=50%', ['lost', 'failed']],
    ['seen=yes', ['lost']],
    ['seen=no', ['won', 'same']],
    ['seen=none', ['failed']],
    ['retrieved=no', ['lost']],
    ['base.retrieved=yes', ['lost']],
    ['gold.type=number', ['lost', 'won', 'failed', 'same']],
    ['gold.type=yes-no', []],
    ['state=error', ['failed']],
    ['state=failed', ['failed']],
    ['state!=ok', ['failed']],
    ['blame=cut-apart', ['lost']],
    ['~绿茶 or ~"green tea"', ['lost', 'won']],
    ['绿茶', ['lost']],
    ['base.length>80', ['same']],
    ['not (em=0 | em=1)', ['same']],
    ['!em=1 & !state=failed', ['lost', 'same']],
    // "or" binds less than "and".
    ['em=1 or em=0 & state=error', ['won', 'failed']],
    ['diff<0', ['lost', 'failed']],
    ['diff.f1>0', ['won']],
    ['diff=0', ['same']],
    // The failed one has no output: nothing can be said of its length, whatever is asked.
    ['length>=0', ['lost', 'won', 'same']],
    ['length=none', ['failed']],
    ['hit@1=none', ['lost', 'won', 'failed', 'same']],
    ['flag=yes', ['same']],
    ['comment~odd', ['same']],
    ['question~WON', ['won']],
    ['answer!~80', ['lost', 'same']],
    // As a Chinese keyboard types it.
    ['（em＝0）＆ base.em＝1', ['lost']],
  ])('%s', (filter, items) => expect(found(filter)).toEqual(items));

  it.each([
    ['em=', 4, '"=" has nothing on its right'],
    ['em=0 & & f1=1', 8, '"&" has nothing to join'],
    ['(em=0', 1, 'this bracket is not closed'],
    ['em=0)', 5, 'this bracket closes nothing'],
    ['em=0 & wrong.em=1', 8, 'there is no "wrong.em"'],
    ['em=much', 4, '"much" is no number'],
    ['state=late', 7, 'there is no "late"'],
    ['blame=cutt', 7, 'There are: failed, not-in-kb'],
    ['hit=1', 1, '"hit" may be hit@1 or hit@5'],
    ['answer>3', 1, 'is a text, not a number'],
    ['em~3', 1, 'is a number, not a text'],
    ['~"green', 2, 'the quotation has no end'],
    ['not', 4, 'something is missing at the end'],
    ['=1', 1, '"=" has nothing on its left'],
  ])('%s is wrong at %i', (filter, at, why) => {
    expect(() => found(filter)).toThrow(`At character ${at}: `);
    expect(() => found(filter)).toThrow(why);
  });

  it('never throws anything but its own error, and reads what it wrote of brackets', () => {
    const pieces = ['em', '=', '0', '(', ')', '&', '|', '!', '~', '"', 'not', 'or', 'base.em', ' ', '茶'];
    let seed = 7;
    const draw = (below: number): number => {
      seed = (seed * 1103515245 + 12345) % 2147483648;
      return seed % below;
    };
    for (let i = 0; i < 3000; i++) {
      const text = Array.from({ length: draw(9) }, () => pieces[draw(pieces.length)] ?? '').join('');
      let plain: string[] | undefined;
      try {
        plain = found(text);
      } catch (error) {
        expect(String(error)).toContain('At character ');
      }
      if (plain !== undefined && text.trim() !== '') expect(found(`(${text})`)).toEqual(plain);
    }
  });
});

describe('short names', () => {
  const names = ['cmrc-em', 'cmrc-f1', 'cosine@bge-small-zh-v1.5', 'hit@1'];
  it.each([
    ['em', ['cmrc-em']],
    ['F1', ['cmrc-f1']],
    ['cos', ['cosine@bge-small-zh-v1.5']],
    ['hit@1', ['hit@1']],
    ['cmrc', ['cmrc-em', 'cmrc-f1']],
    ['verbatim', []],
  ])('%s', (name, metrics) => expect(metricNamed(name, { metrics: names, primary: 'cmrc-f1' })).toEqual(metrics));
});

describe('the order', () => {
  it.each([
    ['diff', ['lost', 'failed', 'same', 'won']],
    ['-diff', ['won', 'same', 'failed', 'lost']],
    ['length', ['same', 'lost', 'won', 'failed']],
    // What is missing comes last both ways.
    ['-length', ['won', 'lost', 'same', 'failed']],
    ['item', ['failed', 'lost', 'same', 'won']],
  ])('%s', (sort, items) => expect(found('', sort)).toEqual(items));

  it('says what it cannot be sorted by', () => expect(() => found('', 'colour')).toThrow('there is no "colour"'));
});

describe('regressions and improvements', () => {
  it('are told by the primary metric, a failure as the 0 it counts for', () => {
    expect(rows.map((one) => changeOf(one, scope))).toEqual(['regression', 'improvement', 'regression', undefined]);
  });
  it('are gone to one after the other, round the end', () => {
    expect(nextChange(rows, 0, 'regression', scope)).toBe(2);
    expect(nextChange(rows, 2, 'regression', scope)).toBe(0);
    expect(nextChange(rows, 1, 'improvement', scope)).toBe(1);
    expect(nextChange([], 0, 'improvement', scope)).toBeUndefined();
  });
  it('a metric that is better when lower turns them round', () => {
    const lower = { ...scope, primary: 'no-answer', metrics: ['no-answer'] };
    const one = row(
      'r',
      answer('a', 0, { scores: { 'no-answer': 0 } }),
      answer('b', 0, { scores: { 'no-answer': 1 } }),
    );
    expect(changeOf(one, lower)).toBe('regression');
  });
});

it('quotes hold a name that looks like a condition', () =>
  expect(parseExpression('"em=0"')).toEqual({ kind: 'text', text: 'em=0' }));
