import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { walk } from '../../../src/kb/loaders/walk.ts';
import { asNobody } from '../../support/hostile-files.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(path.join(realpathSync(os.tmpdir()), 'ragtui-walk-'));
});

function put(name: string, text = name): void {
  mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
  writeFileSync(path.join(root, name), text);
}

/** `a/b.txt`, or `a/b.txt: why not`. */
async function list(...roots: string[]): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of walk(roots.length > 0 ? roots : [root])) {
    const name = path.relative(root, entry.path);
    found.push('error' in entry ? `${name}: ${entry.error.message}` : name);
  }
  return found;
}

test('files in order, hidden ones and node_modules left out', async () => {
  for (const name of [
    'b.txt',
    'a/z.md',
    'a/b/c.txt',
    'B.txt',
    '.git/config',
    '.hidden',
    'node_modules/x/y.md',
    '茶.txt',
  ]) {
    put(name);
  }
  expect(await list()).toEqual(['B.txt', 'a/b/c.txt', 'a/z.md', 'b.txt', '茶.txt']);
});

test('each entry has what tells whether the file changed', async () => {
  put('a.txt', 'four');
  const entries = [];
  for await (const entry of walk([path.join(root, 'a.txt')])) entries.push(entry);
  const [stat] = execFileSync('stat', ['-c', '%s %i', path.join(root, 'a.txt')], { encoding: 'utf8' }).split('\n');
  expect(entries.map((entry) => ('size' in entry ? `${entry.size} ${entry.inode}` : ''))).toEqual([stat]);
});

test('links are followed once, loops end, dangling ones are reported', async () => {
  put('real/a.txt');
  put('real/deep/b.txt');
  symlinkSync('../..', path.join(root, 'real/deep/up'));
  symlinkSync('real', path.join(root, 'again'));
  symlinkSync('nowhere', path.join(root, 'dangling'));
  symlinkSync('loop', path.join(root, 'loop'));
  symlinkSync('real/a.txt', path.join(root, 'copy.txt'));
  expect(await list()).toEqual([
    'real/a.txt',
    'real/deep/b.txt',
    'dangling: The file is not there (any more).',
    'loop: It is a symbolic link that leads back to itself.',
  ]);
});

test('what links lead to outside the root is found, once', async () => {
  put('root/a.txt');
  put('outside/c.txt');
  put('outside/more/d.txt');
  put('single/e.txt');
  symlinkSync('../outside', path.join(root, 'root/far'));
  symlinkSync('../outside/more', path.join(root, 'root/zz'));
  symlinkSync('../single/e.txt', path.join(root, 'root/e.txt'));
  expect(await list(path.join(root, 'root'))).toEqual([
    'root/a.txt',
    'root/e.txt',
    'root/far/c.txt',
    'root/far/more/d.txt',
  ]);
});

test('overlapping roots give no file twice; a hidden root is meant', async () => {
  put('a/b.txt');
  put('.notes/c.txt');
  const roots = ['a/b.txt', 'a', '.', '.notes', 'missing'].map((name) => path.join(root, name));
  expect(await list(...roots)).toEqual(['a/b.txt', '.notes/c.txt', 'missing: The file is not there (any more).']);
});

test('pipes, sockets and devices are reported, never opened', async () => {
  execFileSync('mkfifo', [path.join(root, 'pipe')]);
  const server = createServer().listen(path.join(root, 'sock'));
  await new Promise((resolve) => server.once('listening', resolve));
  expect(await list(root, '/dev/null')).toEqual([
    'pipe: It is a named pipe, not a file.',
    'sock: It is a socket, not a file.',
    `${path.relative(root, '/dev/null')}: It is a device, not a file.`,
  ]);
  server.close();
});

test('a folder that may not be read is one line; the rest goes on', async () => {
  put('closed/a.txt');
  put('open/b.txt');
  execFileSync('chmod', ['755', root]);
  execFileSync('chmod', ['000', path.join(root, 'closed')]);
  expect(await asNobody(() => list())).toEqual(['closed: The file may not be read by this user.', 'open/b.txt']);
});

test('a name that is not UTF-8 is said to be one', async () => {
  writeFileSync(Buffer.concat([Buffer.from(`${root}/bad`), Buffer.from([0xff]), Buffer.from('.txt')]), 'text');
  expect(await list()).toEqual(['bad\ufffd.txt: Its name, or that of a folder above it, is not valid UTF-8.']);
});

test('an abort ends it', async () => {
  put('a.txt');
  put('b.txt');
  const controller = new AbortController();
  const found: string[] = [];
  const run = async (): Promise<void> => {
    for await (const entry of walk([root], { signal: controller.signal })) {
      found.push(entry.path);
      controller.abort();
    }
  };
  await expect(run()).rejects.toThrow('aborted');
  expect(found).toHaveLength(1);
});
