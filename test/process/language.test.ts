import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { guessLanguage } from '../../src/kb/language.ts';
import { ensureBuilt } from '../support/models.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'ragtui-language-'));
beforeAll(() => ensureBuilt());
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('Chinese written as \\u escapes in JSON is Chinese; a broken file beside it counts for nothing', async () => {
  const escaped = '茶厂每年生产九十六吨干茶，八十位客人可以参观。'
    .split('')
    .map((c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('');
  writeFileSync(path.join(folder, 'rows.json'), `[{"text": "${escaped}"}]`);
  writeFileSync(path.join(folder, 'broken.pdf'), '%PDF-1.7 nothing');
  expect(await guessLanguage([folder])).toMatchObject({ language: 'zh', files: 1 });
});

test('nothing to read: English, and it says that it saw nothing', async () => {
  expect(await guessLanguage([path.join(folder, 'missing')])).toEqual({ language: 'en', share: null, files: 0 });
});
