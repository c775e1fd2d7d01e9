import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { csvRecords } from '../../../src/datasets/records/csv.ts';
import { openFile } from '../../../src/datasets/records/open-file.ts';
import { all, DatasetWorkspace } from './workspace.ts';

async function* pieces(text: string, size: number): AsyncGenerator<string> {
  for (let at = 0; at < text.length; at += size) yield text.slice(at, at + size);
}
const read = async (text: string, size: number, delimiter = ',') =>
  (await all(csvRecords(pieces(text, size), delimiter, () => false))).flat();

const cell = fc
  .array(fc.constantFrom('"', ',', '\n', '\r\n', ' ', 'a', '中', ';', '👩‍👩‍👧', ''), { maxLength: 4 })
  .map((parts) => parts.join(''));
const quoted = (text: string) => (/[",;\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

test('rows are those that csv-parse finds, with the line on which each begins, wherever the pieces are cut', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(cell, cell, cell), { minLength: 1, maxLength: 6 }),
      fc.constantFrom('\n', '\r\n'),
      fc.constantFrom(',', ';'),
      fc.boolean(),
      fc.integer({ min: 1, max: 7 }),
      async (rows, end, delimiter, ended, size) => {
        // A first cell that is never empty: an empty line is no row.
        const lines = [['a', 'b', 'c'], ...rows.map(([one, ...more]) => [`x${one}`, ...more])].map((row) =>
          row.map(quoted).join(delimiter),
        );
        const text = lines.join(end) + (ended ? end : '');
        const expected: string[][] = parse(text, { delimiter, record_delimiter: end });
        const found = await read(text, size, delimiter);
        expect(found.map(({ value }) => value)).toEqual(
          expected.slice(1).map(([a = '', b = '', c = '']) => ({ a, b, c })),
        );
        let line = 1;
        const begins = lines.map((one) => {
          const at = line;
          line += one.split('\n').length;
          return at;
        });
        expect(found.map((record) => record.line)).toEqual(begins.slice(1));
      },
    ),
    { numRuns: 300 },
  );
});

test('a text of any encoding is the same, wherever its bytes are cut', async () => {
  const workspace = new DatasetWorkspace();
  try {
    // Two- to four-byte characters across every border of the pieces of 256 KiB in which files are read.
    for (const [shift, label] of [
      [0, 'utf-8'],
      [1, 'utf-8'],
      [2, 'utf-8'],
      [3, 'utf-8'],
      [1, 'utf-16le'],
    ] as const) {
      const text = `${'x'.repeat(shift)}${'é中👩a'.repeat(60_000)}`;
      const bytes = label === 'utf-8' ? Buffer.from(text) : Buffer.from(`\ufeff${text}`, 'utf16le');
      const file = openFile(workspace.file('cut.txt', bytes));
      expect((await all(file.text())).join('')).toBe(text);
      expect(file.damaged()).toBe(false);
      expect(file.encoding.label).toBe(label);
    }
  } finally {
    workspace.remove();
  }
});

test('a cell of ten million characters is read; a row past the limit costs itself alone, and once', async () => {
  const long = 'x'.repeat(10_000_000);
  const [first, second] = await read(`a,b\n1,"${long}"\n2,c\n`, 1 << 20);
  expect(first?.value).toEqual({ a: '1', b: long });
  expect(second).toEqual({ line: 3, value: { a: '2', b: 'c' } });
  const lost = await read(`a,b\n1,"${long}${long}"\n2,c\n`, 1 << 20);
  expect(lost).toEqual([
    { line: 2, value: expect.stringMatching(/more than 16,000,000 characters/) },
    { line: 3, value: { a: '2', b: 'c' } },
  ]);
});
