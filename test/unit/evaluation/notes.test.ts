import { expect, it } from 'vitest';
import { promptNotes } from '../../../src/evaluation/notes.ts';
import { buildReport } from '../../../src/evaluation/report.ts';
import type { ItemResult } from '../../../src/evaluation/types.ts';
import { parseColumn } from '../../../src/rag/columns.ts';
import { result, runOf } from './results.ts';

const passage = 'Bergen opened in 1900 and closed in 1950.';
const asked = (contexts: Readonly<Record<string, string>>) =>
  new Map(
    Object.entries(contexts).map(([id, context]) => {
      return [id, { id, contextId: id, context, question: 'q', answers: ['a'], content: id }] as const;
    }),
  );
const notes = (items: readonly ItemResult[], metrics: readonly string[]): string[] =>
  buildReport(runOf(items, { metrics: [...metrics], primary: metrics[0] ?? '' }), [], {
    asked: asked({ q0: passage, q1: passage, q2: passage, q3: passage }),
    seen: undefined,
  }).notes.map(({ text }) => text);

const long = 'an answer that goes on and on '.repeat(4);
const answers = ['in  1900', 'Bergen opened', long, 'it closed later'];
const items = (scores: ItemResult['scores']) =>
  answers.map((answer, at) => result({ item: `q${at}`, answers: [answer], scores }));

it('says what share of the gold answers are spans, white space aside', () => {
  expect(notes(items({ exact: 0 }), ['exact']).join('\n')).toMatch(/^50 % of the gold answers are spans/m);
  const spans = answers.slice(0, 2).map((answer, at) => {
    return result({ item: `q${at}`, answers: [answer], scores: { exact: 0 } });
  });
  expect(notes(spans, ['exact']).join('\n')).not.toContain('spans');
});

it('says where long answers mislead exact and contains', () => {
  const all = ['q0', 'q1'].map((item) => result({ item, answers: [long], scores: { exact: 0, contains: 0 } }));
  const said = notes(all, ['exact', 'contains']).join('\n');
  expect(said).toMatch(/120 characters on average: exact stays near 0/);
  expect(said).toMatch(/120 characters on average: contains asks for all of them/);
});

it('shows the floor of cosine, and how far above it columns are', () => {
  const cosine = 'cosine@bge-small-en-v1.5-int8';
  const both = ['q0', 'q1'].flatMap((item) => [
    result({ item, scores: { [cosine]: 0.8 } }),
    result({ item, column: 'tuned', scores: { [cosine]: 0.9 } }),
    result({ item, column: 'shuffled-answer', scores: { [cosine]: 0.6 } }),
  ]);
  expect(notes(both, [cosine]).join('\n')).toContain(
    'already scores 60.0 %; that is its zero. From there to 100 the columns come so many % of the way: base 50, tuned 75.',
  );
});

it('says that a base may do better with another prompt than the one of the tuning rows', () => {
  const said = (...specs: string[]) => promptNotes({ columns: specs.map(parseColumn) }).map(({ id }) => id);
  const base = 'name=base,llm=a,context=gold,prompt=sft';
  const tuned = 'name=tuned,llm=b,context=gold,prompt=sft';
  expect(said(base, tuned)).toEqual(['trained-prompt']);
  expect(said('name=base,llm=a,context=gold,prompt=sft@b', tuned)).toEqual(['trained-prompt']);
  expect(said(base, tuned, 'name=other,llm=a,context=gold,prompt=default')).toEqual([]);
  expect(said(base)).toEqual([]);
  expect(said('name=e,llm=none,embedder=x', 'name=f,llm=none,embedder=y')).toEqual([]);
});
