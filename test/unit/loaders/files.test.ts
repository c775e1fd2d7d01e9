import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, rmSync, symlinkSync, truncateSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { expect, test } from 'vitest';
import { openSource } from '../../../src/kb/loaders/file.ts';
import { isUnreadable, loaderFor } from '../../../src/kb/loaders/registry.ts';
import { asNobody, docxOf, docxParagraph, pdfPages, pdfText } from '../../support/hostile-files.ts';
import { load, loadPath, put, refusal } from './helpers.ts';

test('what is no regular file is refused, and nothing waits for a pipe', async () => {
  const folder = path.dirname(put('x', ''));
  const at = (name: string): string => path.join(folder, name);
  mkdirSync(at('folder.txt'));
  execFileSync('mkfifo', [at('pipe.txt')]);
  symlinkSync('round.txt', at('round.txt'));
  const server = createServer().listen(at('s.txt'));
  await new Promise((resolve) => server.once('listening', resolve));
  expect(await refusal(loadPath(at('folder.txt')))).toBe('unsupported: It is a folder, not a file.');
  expect(await refusal(loadPath(at('pipe.txt')))).toBe('unsupported: It is a named pipe, not a file.');
  expect(await refusal(loadPath(at('s.txt')))).toBe('unsupported: It is a socket or device, not a file.');
  expect(await refusal(loadPath('/dev/zero'))).toBe('unsupported: It is a device, not a file.');
  expect(await refusal(loadPath(at('round.txt')))).toBe(
    'unsupported: It is a symbolic link that leads back to itself.',
  );
  expect(await refusal(loadPath(at('missing.txt')))).toBe('not-found: The file is not there (any more).');
  server.close();
});

test('a file that may not be read', async () => {
  const file = put('secret.txt', 'text');
  chmodSync(path.dirname(file), 0o755);
  chmodSync(file, 0o000);
  expect(await asNobody(() => refusal(loadPath(file)))).toBe('permission: The file may not be read by this user.');
});

test('a file that vanishes while it is read is read whole; one that shrinks is not half', async () => {
  const gone = put('gone.txt', 'all of it');
  const open = await openSource(gone);
  rmSync(gone);
  expect((await open.read()).toString()).toBe('all of it');
  await open.close();

  const shorter = put('shorter.txt', 'x'.repeat(1000));
  const source = await openSource(shorter);
  truncateSync(shorter, 10);
  expect(await refusal(source.read())).toBe('unavailable: The file became shorter while it was being read.');
  await source.close();
});

test('files over the limit are refused unread', async () => {
  const file = put('large.txt', 'x');
  truncateSync(file, 200 * 1024 * 1024);
  expect(await refusal(loadPath(file))).toBe('unsupported: The file has 200 MB; the limit for its kind is 100 MB.');
  expect(await refusal(load('small.txt', 'x'.repeat(3000), { maxBytes: 2000 }))).toMatch(/^unsupported: The file has/);
});

test('formats go by extension, without one by the first bytes', async () => {
  expect(loaderFor('/a/Main.java').id).toBe('txt');
  expect(loaderFor('/a/README').id).toBe('txt');
  expect(loaderFor('/a/B.HTM').id).toBe('html');
  expect((await load('report', pdfPages([pdfText([[72, 700, 'A page.']])])))[0]?.text).toBe('A page.');
  expect((await load('letter', docxOf(docxParagraph('Dear all'))))[0]?.text).toBe('Dear all');
  expect((await load('page', '\n<!DOCTYPE html><p>Hi</p>'))[0]?.text).toBe('Hi');
});

test('kinds that are never read say what to do', async () => {
  expect(await refusal(load('a.xlsx', 'PK'))).toBe('unsupported: It is a spreadsheet (.xlsx), which is not read.');
  expect([isUnreadable('/x/photo.JPG'), isUnreadable('/x/notes.txt'), isUnreadable('/x/Makefile')]).toEqual([
    true,
    false,
    false,
  ]);
});
