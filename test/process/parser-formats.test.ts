import { mkdtempSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createParserPool, type ParserPool } from '../../src/kb/loaders/parser-pool.ts';
import { splitDocument } from '../../src/kb/splitters/registry.ts';
import type { ExtractedDocument } from '../../src/kb/types.ts';
import { toRagtuiError } from '../../src/platform/errors.ts';
import { chinesePdf, docxOf, docxParagraph, encryptedPdf, pdfPages, pdfText } from '../support/hostile-files.ts';

// The built parser, with the libraries of every format, as an ingest runs it.

let folder: string;
let pool: ParserPool;
beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'ragtui formats '));
  pool = createParserPool({ size: 1, timeoutMs: 20_000 });
});
afterAll(() => pool.close());

async function parse(name: string, content: Uint8Array | string): Promise<ExtractedDocument[]> {
  const file = path.join(folder, name);
  writeFileSync(file, content);
  const documents: ExtractedDocument[] = [];
  for await (const batch of pool.parse(file)) documents.push(...batch);
  return documents;
}

async function refusal(name: string, content: Uint8Array | string): Promise<string> {
  return parse(name, content).then(
    (documents) => `${documents.length} documents`,
    (error) => toRagtuiError(error).message,
  );
}

test('every format is read by the built parser', async () => {
  const read = async (name: string, content: Uint8Array | string): Promise<string> =>
    (await parse(name, content)).map(({ text }) => text).join(' | ');
  expect(await read('a.txt', '茶')).toBe('茶');
  expect(await read('a.md', '# T')).toBe('# T');
  expect(await read('a.html', '<p>one</p><p>two</p>')).toBe('one\n\ntwo');
  expect(await read('a.pdf', pdfPages([pdfText([[72, 700, 'A page.']])]))).toBe('A page.');
  expect(await read('zh.pdf', chinesePdf(['c1fabeaeb2e8']))).toBe('龙井茶');
  expect(await read('a.docx', docxOf(docxParagraph('letter')))).toBe('letter');
  expect(await read('a.csv', 'id,text\n1,x\n2,y\n')).toBe('x | y');
  expect(await read('a.jsonl', '{"text":"x"}\n{"text":"y"}\n')).toBe('x | y');
  expect(await read('a.json', '[{"text":"x"}]')).toBe('x');
});

test('hostile files end with one line, each, and the parser goes on', async () => {
  const nested = `<html><body>${'<div>'.repeat(200_000)}deep</body></html>`;
  expect(await refusal('bomb.docx', docxOf(Buffer.alloc(48 * 1024 * 1024, ' ')))).toMatch(/looks like a zip bomb\.$/);
  expect(await refusal('lies.docx', docxOf(Buffer.alloc(48 * 1024 * 1024, ' '), 1000))).toMatch(
    /^It is not a readable zip/,
  );
  expect(await refusal('secret.pdf', encryptedPdf())).toBe('It is encrypted: a password is needed to read it.');
  expect(await refusal('broken.pdf', '%PDF-1.7 nothing')).toMatch(/^It is not a readable PDF: /);
  expect(await refusal('nested.html', nested)).toMatch(
    /^(Its elements are nested|It was not read within|Reading it takes)/,
  );
  expect(await refusal('deep.json', '['.repeat(5_000_000))).toMatch(/^(It is not valid JSON|Reading it takes)/);
  expect(await refusal('image.txt', Buffer.from('89504e470d0a1a0a00', 'hex'))).toBe('It is a PNG image, not text.');
  expect(await refusal('fine.txt', 'fine')).toBe('1 documents');
});

test('one line of 90 MB becomes parts and chunks of bounded size', async () => {
  const file = path.join(folder, 'line.txt');
  writeFileSync(file, Buffer.alloc(90 * 1024 * 1024, 'word '));
  let characters = 0;
  let longest = 0;
  for await (const batch of pool.parse(file)) {
    for (const { text } of batch) {
      characters += text.length;
      const chunks = splitDocument(text, { name: 'line', splitter: 'line' });
      longest = Math.max(longest, ...chunks.map((chunk) => chunk.text.length));
    }
  }
  expect(characters).toBe(90 * 1024 * 1024);
  expect(longest).toBeLessThanOrEqual(10_000);
});
