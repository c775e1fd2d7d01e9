import { mkdtempSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { loadFile } from '../../../src/kb/loaders/load.ts';
import type { ExtractedDocument } from '../../../src/kb/types.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'ragtui-txt-'));
});

async function load(name: string, bytes: Uint8Array | string): Promise<ExtractedDocument[]> {
  const file = path.join(folder, name);
  writeFileSync(file, bytes);
  const documents: ExtractedDocument[] = [];
  for await (const batch of loadFile(file)) documents.push(...batch);
  return documents;
}

test('a text file is one document titled by its name, with "\\r\\n" made "\\n"', async () => {
  expect(await load('note.txt', '\ufeffone\r\ntwo\rthree\n')).toEqual([
    { key: '', title: 'note.txt', text: 'one\ntwo\rthree\n', metadata: { format: 'txt', encoding: 'utf-8' } },
  ]);
});

test('markdown is titled by its heading', async () => {
  const [document] = await load('a.md', 'preface\n\n## Second\n\n# The Title #\n\ntext');
  expect(document?.title).toBe('The Title');
});

test('a long text becomes parts that join to the same text', async () => {
  const text = `${'x'.repeat(99)}\n`.repeat(45_000);
  const documents = await load('long.log', text);
  expect(documents.map(({ key }) => key)).toEqual(['part 1', 'part 2', 'part 3']);
  expect(documents.map(({ text }) => text).join('')).toBe(text);
  expect(documents.every(({ text }) => text.endsWith('\n'))).toBe(true);
});

test('a "\\r\\n" across the border of two pieces is one newline', async () => {
  const text = `${'x'.repeat(4 * 1024 * 1024 - 1)}\r\nend`;
  const documents = await load('border.txt', text);
  expect(documents.map(({ text }) => text).join('')).toBe(text.replace('\r\n', '\n'));
});
