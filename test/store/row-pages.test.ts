import { expect, test } from 'vitest';
import { createRowPages } from '../../stores/row-pages.ts';
import { settle } from './fakes.ts';

const rowOf = (number: number) => ({ number, question: `q${number}`, answer: `a${number}` });

test('rows are read when they are drawn, as many as a moment allows, the others with the next turns; once each', async () => {
  const asked: (readonly number[])[] = [];
  let more = 0;
  const pages = createRowPages({
    read: (numbers) => {
      asked.push(numbers);
      return numbers.slice(0, 2).map(rowOf);
    },
    onMore: () => {
      more++;
    },
  });
  expect(pages.window([5, 6, 7, 8, 9]).map(({ question }) => question)).toEqual(['q5', 'q6', '', '', '']);
  for (let turn = 0; turn < 5; turn++) await settle();
  expect(asked).toEqual([[5, 6, 7, 8, 9], [7, 8, 9], [9]]);
  expect(more).toBe(2);
  expect(pages.window([5, 9]).map(({ question }) => question)).toEqual(['q5', 'q9']);
  expect(asked).toHaveLength(3);
  pages.clear();
  pages.window([5]);
  expect(asked.at(-1)).toEqual([5]);
});

test('a file that cannot be read is tried once, and again when the rows are others', async () => {
  let tries = 0;
  const pages = createRowPages({
    read: () => {
      tries++;
      throw new Error('gone');
    },
    onMore: () => undefined,
  });
  expect(pages.window([1])).toEqual([{ number: 1, question: '', answer: '' }]);
  for (let turn = 0; turn < 3; turn++) await settle();
  pages.window([1]);
  expect(tries).toBe(1);
  pages.clear();
  pages.window([1]);
  expect(tries).toBe(2);
});
