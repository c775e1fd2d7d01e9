import { expect, test } from 'vitest';
import { assertOwnMetric, judgeSettings, metricWish } from '../../../../src/evaluation/judge/wish.ts';
import { parseColumns } from '../../../../src/rag/columns.ts';

test.each([
  [null, { named: null, added: [], judged: null }],
  [['exact', 'token-f1'], { named: ['exact', 'token-f1'], added: [], judged: null }],
  [['+faithfulness', 'preference'], { named: null, added: [], judged: ['faithfulness', 'preference'] }],
  [['exact', 'faithfulness@j'], { named: ['exact'], added: [], judged: ['faithfulness'] }],
  [['+exact', '+faithfulness', '+faithfulness'], { named: null, added: ['exact'], judged: ['faithfulness'] }],
])('%j', (names, wish) => expect(metricWish(names, 'j')).toEqual(wish));

test.each([
  [['+faithfulness'], null, /needs a judge/],
  [['faithfulness@other'], 'j', /needs a judge/],
])('%j with %j is refused', (names, judge, message) => expect(() => metricWish(names, judge)).toThrow(message));

test('a run is not measured by a judge alone', () => {
  const alone = metricWish(['faithfulness'], 'j');
  expect(() => assertOwnMetric(alone)).toThrow(/needs no judge/);
  for (const names of [null, ['exact', 'faithfulness'], ['+faithfulness']]) {
    expect(() => assertOwnMetric(metricWish(names, 'j'))).not.toThrow();
  }
});

const settings = (columns: string[], judged: Parameters<typeof judgeSettings>[1]['judged'] = null) =>
  judgeSettings('j', { judged, columns: parseColumns(columns), embedder: 'e' });

test.each([
  [
    ['name=a,llm=x,context=gold', 'name=b,llm=y,context=gold'],
    ['faithfulness', 'answer-relevance', 'judge-context-recall', 'preference'],
  ],
  [['name=a,llm=x,context=gold'], ['faithfulness', 'answer-relevance', 'judge-context-recall']],
  [['name=a,llm=x,context=none'], ['answer-relevance']],
  [['name=a,llm=none'], ['judge-context-recall']],
])('of %j it is asked for %j', (columns, metrics) => expect(settings(columns).metrics).toEqual(metrics));

test('what says nothing about the columns is refused when it is named', () => {
  expect(() => settings(['name=a,llm=none'], ['faithfulness'])).toThrow(/says nothing about these columns/);
  expect(() => settings(['name=a,llm=x,context=gold'], ['preference'])).toThrow(/needs two columns/);
});
