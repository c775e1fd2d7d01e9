import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { prepareRows } from '../../../src/training/training-rows.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'ragtui-rows-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const write = (...rows: object[]): string => {
  const file = path.join(folder, 'rows.jsonl');
  writeFileSync(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  return file;
};
const read = (file: string) =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
const alpaca = (instruction: string, system = 'S') => ({
  instruction,
  input: '',
  output: `re: ${instruction}`,
  system,
});

it('keeps the first rows and says which system texts there are, the most frequent first', () => {
  const file = write(alpaca('1', 'A'), alpaca('2', 'B'), alpaca('3', 'B'), alpaca('4', 'C'));
  const { conversations, systems } = prepareRows(file, { limit: 3 });
  expect(systems).toEqual(['B', 'A']);
  expect(read(file)).toHaveLength(3);
  expect(conversations[1]).toEqual([
    { role: 'system', content: 'B' },
    { role: 'user', content: '2' },
    { role: 'assistant', content: 're: 2' },
  ]);
});

it('puts one system text into every row, whatever its form', () => {
  const messages = [
    { role: 'system', content: 'A' },
    { role: 'user', content: 'q' },
  ];
  const file = write(alpaca('1', 'A'), {
    messages,
    chosen: { role: 'assistant', content: 'yes' },
    rejected: { role: 'assistant', content: 'no' },
  });
  const { conversations, systems } = prepareRows(file, { system: 'Mine.' });
  expect(systems).toEqual(['Mine.']);
  // Of a ranking it is the preferred answer that is compared with what is served.
  expect(conversations[1]?.at(-1)).toEqual({ role: 'assistant', content: 'yes' });
  expect(read(file)[1].rejected.content).toBe('no');
});

it('takes blanks off the texts where the model does so too, but not between instruction and input', () => {
  const file = write(
    { instruction: ' do \n', input: '', output: ' done ', system: 'S' },
    { instruction: ' do \n', input: ' it\n', output: 'x', system: 'S', history: [[' a ', ' b ']] },
  );
  prepareRows(file, { trim: true });
  expect(read(file)).toEqual([
    { instruction: 'do', input: '', output: 'done', system: 'S' },
    { instruction: 'do \n', input: ' it', output: 'x', system: 'S', history: [['a', 'b']] },
  ]);
});
