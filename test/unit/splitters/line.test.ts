import { expect, test } from 'vitest';
import { MAX_LINE_CHARS, splitLines } from '../../../src/kb/splitters/line.ts';

test('every line that is not blank is a chunk, exactly as it stands', () => {
  const text = '一行。\n\n  two lines \n \t\nlast';
  expect(splitLines(text)).toEqual([
    { ordinal: 0, start: 0, end: 3, title: '', text: '一行。' },
    { ordinal: 1, start: 5, end: 17, title: '', text: '  two lines ' },
    { ordinal: 2, start: 21, end: 25, title: '', text: 'last' },
  ]);
});

test('no chunk for nothing', () => {
  expect(splitLines('')).toEqual([]);
  expect(splitLines('\n \n\t\n')).toEqual([]);
});

test('a line longer than the limit is cut after a sentence', () => {
  const sentence = `${'a'.repeat(998)}. `;
  const chunks = splitLines(sentence.repeat(25));
  expect(chunks.map(({ text }) => text.length)).toEqual([MAX_LINE_CHARS, MAX_LINE_CHARS, 5000]);
  expect(chunks.every(({ text }) => text.endsWith('. '))).toBe(true);
});

test('an emoji at the limit stays whole', () => {
  const text = `a${'🍵'.repeat(MAX_LINE_CHARS)}`;
  const chunks = splitLines(text);
  expect(chunks[0]?.text.length).toBe(MAX_LINE_CHARS - 1);
  expect(chunks.map((chunk) => chunk.text).join('')).toBe(text);
  expect(chunks.every((chunk) => !/\p{Cs}/u.test(chunk.text))).toBe(true);
});
