import { expect, test } from 'vitest';
import { defaultNodeGroups, parseGroupSpec } from '../../../src/kb/splitters/groups.ts';
import { splitDocument } from '../../../src/kb/splitters/registry.ts';
import { RagtuiError } from '../../../src/platform/errors.ts';

test('the four defaults', () => {
  expect(defaultNodeGroups('bge')).toEqual([
    { name: 'line', splitter: 'line' },
    { name: 'sentence', splitter: 'sentence', maxChars: 400 },
    { name: 'token', splitter: 'token', size: 256, overlap: 32, tokenizer: 'bge' },
    { name: 'markdown', splitter: 'markdown', maxChars: 1200 },
  ]);
});

test('groups as written on the command line', () => {
  expect(parseGroupSpec('token:128:16', 'bge')).toEqual({
    name: 'token-128-16',
    splitter: 'token',
    size: 128,
    overlap: 16,
    tokenizer: 'bge',
  });
  expect(parseGroupSpec('token:64', 'bge')).toMatchObject({ name: 'token-64', size: 64, overlap: 8 });
  expect(parseGroupSpec('small=sentence:90', 'bge')).toEqual({ name: 'small', splitter: 'sentence', maxChars: 90 });
});

test.each([
  ['words', 'there is no splitter'],
  ['line:3', 'takes no size'],
  ['token:10:10', 'overlap must be below'],
  ['token:x', 'whole numbers'],
  ['sentence:0', 'maxChars'],
  ['token:4', 'size'],
  ['', 'there is no splitter'],
])('"%s" is refused', (spec, why) => {
  expect(() => parseGroupSpec(spec, 'bge')).toThrow(RagtuiError);
  expect(() => parseGroupSpec(spec, 'bge')).toThrow(why);
});

test('the token splitter says what it lacks', () => {
  expect(() => splitDocument('a', parseGroupSpec('token', 'bge'))).toThrow('tokenizer of bge');
});
