import { expect, test } from 'vitest';
import { splitTokens } from '../../../src/kb/splitters/token.ts';

const words = (text: string): number => text.split(/\s+/).filter(Boolean).length;
const numbers = (from: number, to: number): string =>
  Array.from({ length: to - from + 1 }, (_, i) => `w${from + i}`).join(' ');

test('windows of `size` tokens that share `overlap` tokens', () => {
  const chunks = splitTokens(numbers(1, 25), 10, 3, words);
  expect(chunks.map(({ text }) => text)).toEqual([numbers(1, 10), numbers(8, 17), numbers(15, 24), numbers(22, 25)]);
});

test('without overlap nothing is shared', () => {
  expect(splitTokens(numbers(1, 20), 10, 0, words).map(({ text }) => text)).toEqual([numbers(1, 10), numbers(11, 20)]);
});

test('a sentence that ends in the last quarter ends the chunk', () => {
  const text = 'one two three four five six seven eight. Nine ten eleven twelve.';
  expect(splitTokens(text, 10, 0, words).map((chunk) => chunk.text)).toEqual([
    'one two three four five six seven eight.',
    'Nine ten eleven twelve.',
  ]);
});

test('Chinese is cut between characters', () => {
  const characters = (text: string): number => [...text].filter((c) => c.trim() !== '').length;
  expect(splitTokens('春眠不觉晓处处闻啼鸟', 4, 1, characters).map(({ text }) => text)).toEqual([
    '春眠不觉',
    '觉晓处处',
    '处闻啼鸟',
  ]);
});

test('a tokenizer that merges neighbours still gives chunks near the size, never above', () => {
  // Two words make one token: the sum over words is twice the truth.
  const merging = (text: string): number => Math.ceil(words(text) / 2);
  const chunks = splitTokens(numbers(1, 500), 20, 0, merging);
  const sizes = chunks.map(({ text }) => merging(text));
  expect(Math.max(...sizes)).toBeLessThanOrEqual(20);
  expect(chunks.length).toBeLessThanOrEqual(15);
});

test('a tokenizer that counts more for the whole than for its parts never exceeds the size', () => {
  const growing = (text: string): number => words(text) + Math.floor(words(text) / 5);
  const chunks = splitTokens(numbers(1, 300), 24, 4, growing);
  expect(chunks.every(({ text }) => growing(text) <= 24)).toBe(true);
  expect(chunks.at(-1)?.text.endsWith('w300')).toBe(true);
});

test('the work is linear: characters counted stay within a few times the text', () => {
  let counted = 0;
  const counter = (text: string): number => {
    counted += text.length;
    return words(text);
  };
  const text = numbers(1, 20_000);
  splitTokens(text, 256, 32, counter);
  expect(counted).toBeLessThan(text.length * 4);
});

test('what a tokenizer does not see makes neither endless chunks nor endless work', () => {
  let counted = 0;
  const blind = (text: string): number => {
    counted += text.length;
    return text.length < 1000 ? 0 : Math.ceil(text.length / 10);
  };
  const text = '#'.repeat(100_000);
  const chunks = splitTokens(text, 64, 8, blind);
  expect(chunks.every((chunk) => chunk.text.length <= 64 * 8 * 4)).toBe(true);
  expect(chunks.at(-1)?.end).toBe(text.length);
  expect(counted).toBeLessThan(text.length * 10);
});

test('one unknown word without end is cut', () => {
  const unknown = (text: string): number => text.split(/\s+/).filter(Boolean).length;
  const chunks = splitTokens('x'.repeat(50_000), 32, 4, unknown);
  expect(Math.max(...chunks.map((chunk) => chunk.text.length))).toBeLessThanOrEqual(32 * 32 * 4);
});
