import { describe, expect, test } from 'vitest';
import {
  readGuesses,
  readPreferred,
  readStatements,
  readVerdicts,
} from '../../../../src/evaluation/judge/read-reply.ts';

const GARBAGE = [
  '',
  '   ',
  'Sure! I will help you with that.',
  '{',
  '{}',
  '[]',
  'null',
  '<think>never ends',
  '…',
  '{"x": 1}',
];

describe('statements', () => {
  test.each([
    ['{"statements": "The well is deep. ||| It was dug in 1874."}', ['The well is deep.', 'It was dug in 1874.']],
    ['{"statements": "The well is 12 metres deep."}', ['The well is 12 metres deep.']],
    ['{"statements": ["One.", "Two."]}', ['One.', 'Two.']],
    ['```json\n{"statements": "One. ||| Two."}\n```', ['One.', 'Two.']],
    ['One. ||| Two. |||', ['One.', 'Two.']],
    ['<think>It says {"statements": "no"} ||| hm</think>{"statements": "One."}', ['One.']],
    // Some servers take the opening tag away.
    ['I must split this.</think>\n{"statements": "One."}', ['One.']],
    ['{"陈述": "井深十二米。|||井是一八七四年挖的。"}', ['井深十二米。', '井是一八七四年挖的。']],
  ])('%j', (reply, statements) => expect(readStatements(reply)).toEqual(statements));

  test.each([
    ...GARBAGE,
    '{"statements": ""}',
    '{"statements": " ||| "}',
    '{"statements": [1, 2]}',
    '{"statements": "a", ||| {',
    // What SmolLM2 135M replies to every answer (2026-11-29): the example of the prompt.
    '{"statements": "first statement ||| second statement"}',
    '{"statements": "The well is deep. ||| Second statement."}',
    '{"statements": "第一条陈述 ||| 第二条陈述"}',
  ])('cannot be read: %j', (reply) => expect(readStatements(reply)).toBeUndefined());

  test('of a model that does not end are none', () => {
    expect(readStatements(`{"statements": "${'again ||| '.repeat(200)}"}`)).toBeUndefined();
  });
});

describe('verdicts', () => {
  test.each([
    ['{"verdicts": [1, 0, 1]}', [1, 0, 1]],
    ['[1, 0, 1]', [1, 0, 1]],
    ['{"verdicts": [true, false, "yes"]}', [1, 0, 1]],
    ['{"verdicts": [{"score": 1}, {"score": 0}, {"verdict": 1}]}', [1, 0, 1]],
    ['{"verdicts": ["是", "否", "是"]}', [1, 0, 1]],
    ['<think>0 0 0</think>{"verdicts": [1, 0, 1,]}', [1, 0, 1]],
  ])('%j', (reply, verdicts) => expect(readVerdicts(reply, 3)).toEqual(verdicts));

  test.each([
    ...GARBAGE,
    '{"verdicts": [1, 0]}',
    '{"verdicts": [1, 0, 1, 1]}',
    '{"verdicts": [1, 2, 0]}',
    '{"verdicts": [1, 0, 0.5]}',
    '{"verdicts": [1, 0, null]}',
  ])('cannot be read: %j', (reply) => expect(readVerdicts(reply, 3)).toBeUndefined());

  test('one alone needs no list', () => expect(readVerdicts('{"verdict": 0}', 1)).toEqual([0]));
});

describe('questions', () => {
  test('are as many as were asked for, further ones are dropped', () => {
    expect(readGuesses('{"questions": ["a?", "b?", "c?", "d?"]}', 3)).toEqual(['a?', 'b?', 'c?']);
    expect(readGuesses('["井有多深？", "深几米？", "多深？"]', 3)).toEqual(['井有多深？', '深几米？', '多深？']);
  });
  test.each([
    ...GARBAGE,
    '{"questions": ["a?", "b?"]}',
    '{"questions": ["a?", "", "c?"]}',
    '{"questions": "a?"}',
    '{"questions": ["first question", "second question", "third question"]}',
    '{"questions": ["第一个问题？", "第二个问题？", "第三个问题？"]}',
  ])('cannot be read: %j', (reply) => expect(readGuesses(reply, 3)).toBeUndefined());
});

describe('a preference', () => {
  test.each([
    ['{"better": "A"}', 'first'],
    ['{"better": "b"}', 'second'],
    ['{"better": "tie"}', 'tie'],
    ['{"winner": "Answer B"}', 'second'],
    ['A', 'first'],
    ['**B**.', 'second'],
    ['[[A]]', 'first'],
    ['回答 B', 'second'],
    ['平局。', 'tie'],
    ['<think>B is nice</think>\n{"better": "A"}', 'first'],
  ])('%j is %s', (reply, preferred) => expect(readPreferred(reply)).toBe(preferred));

  test.each([...GARBAGE, 'A is good but B is better', '{"better": "C"}', '{"better": ["A"]}', 'Answer'])(
    'cannot be read: %j',
    (reply) => expect(readPreferred(reply)).toBeUndefined(),
  );
});
