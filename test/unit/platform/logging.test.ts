import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openLog } from '../../../src/platform/logging.ts';
import { redactSecrets } from '../../../src/platform/redact.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'log-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test.each([
  ['Authorization: Bearer abcdef123456.XYZ', 'Authorization: Bearer [secret]'],
  ['key sk-abcdefghijkl and hf_ABCDEFGHIJKL', 'key [secret] and [secret]'],
  ['https://me:pa55word@host/v1', 'https://me:[secret]@host/v1'],
  ['http://host/v1?api_key=abc&model=x', 'http://host/v1?api_key=[secret]&model=x'],
  ['{"apiKey":"a\\"b","model":"m"}', '{"apiKey":"[secret]","model":"m"}'],
  ['nothing secret: task-list, basic idea, 12:30', 'nothing secret: task-list, basic idea, 12:30'],
])('secrets are masked: %s', (text, expected) => {
  expect(redactSecrets(text, {})).toBe(expected);
});

test('values of environment variables named like keys are masked wherever they stand', () => {
  const env = {
    MY_SERVER_KEY: 'correct horse battery',
    HF_TOKEN: 'tokentoken',
    KEY: 'short',
    MONKEY: 'bananas bananas',
  };
  expect(redactSecrets('correct horse battery / tokentoken / short / bananas bananas', env)).toBe(
    '[secret] / [secret] / short / bananas bananas',
  );
});

test('a log is JSON lines in a file of its owner, without secrets', () => {
  const log = openLog(folder, 'test', { RAGTUI_LOG: 'debug' });
  log.debug({ url: 'http://u:secretpass@h/' }, 'asked with Bearer 0123456789abcdef');
  const file = path.join(folder, 'test.log');
  const text = readFileSync(file, 'utf8');
  const line = JSON.parse(text);
  expect(line.msg).toBe('asked with Bearer [secret]');
  expect(line.url).toBe('http://u:[secret]@h/');
  expect(text.endsWith('\n')).toBe(true);
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test('an unknown level is info; a file that grew large is put aside', () => {
  const file = path.join(folder, 'test.log');
  writeFileSync(file, '');
  truncateSync(file, 6_000_000);
  const log = openLog(folder, 'test', { RAGTUI_LOG: 'shout' });
  log.debug('not this');
  log.info('this');
  expect(statSync(`${file}.1`).size).toBe(6_000_000);
  expect(readFileSync(file, 'utf8').split('\n')).toHaveLength(2);
});
