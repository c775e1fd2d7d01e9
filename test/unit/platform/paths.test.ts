import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { assertOwnRunFolder, ensureWorkspace, workspacePaths } from '../../../src/platform/paths.ts';
import { asNobody } from '../../support/hostile-files.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'ragtui-paths-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('every folder of a workspace is for its owner only, whatever the umask', () => {
  const before = process.umask(0);
  try {
    const paths = workspacePaths(path.join(folder, 'a b', '工作'), {});
    ensureWorkspace(paths);
    for (const made of [paths.home, paths.indexes, paths.models, paths.jobs, paths.logs, paths.run]) {
      expect(statSync(made).mode & 0o777).toBe(0o700);
    }
  } finally {
    process.umask(before);
  }
});

test('a workspace that cannot be made says which folder and what to do', () => {
  writeFileSync(path.join(folder, 'file'), '');
  expect(() => ensureWorkspace(workspacePaths(path.join(folder, 'file', 'home'), {}))).toThrow(
    expect.objectContaining({ code: 'permission', message: expect.stringContaining('The workspace folder') }),
  );
});

test('a workspace below something that is no folder says so whoever looks first, and never waits', () => {
  const file = path.join(folder, 'file');
  writeFileSync(file, '');
  const below = workspacePaths(path.join(file, 'home'), {});
  const said = { code: 'permission', hint: expect.stringContaining('--home or RAGTUI_HOME') };
  expect(() => assertOwnRunFolder(below)).toThrow(expect.objectContaining(said));
  // There mkdir says "no such file" for a folder that does exist: Node's recursive way tries for ever.
  expect(() => ensureWorkspace(workspacePaths('/proc/ragtui-nowhere', {}))).toThrow(expect.objectContaining(said));
});

test('a socket folder that others can enter is closed', () => {
  const run = path.join(folder, 'run');
  mkdirSync(run);
  chmodSync(run, 0o777);
  assertOwnRunFolder({ run });
  expect(statSync(run).mode & 0o777).toBe(0o700);
});

test('a socket folder that is a link or belongs to someone else is not used', async () => {
  const run = path.join(folder, 'run');
  symlinkSync(folder, run);
  expect(() => assertOwnRunFolder({ run })).toThrow('is not a folder of this user');
  // `/` belongs to root; to this test's user, or to nobody, it is someone else's.
  await asNobody(async () => expect(() => assertOwnRunFolder({ run: '/' })).toThrow('is not a folder of this user'));
});

test('a path too long for a socket gets a short folder of its own', () => {
  const long = path.join(folder, 'x'.repeat(120));
  const { run, socket } = workspacePaths(long, {});
  expect(Buffer.byteLength(socket)).toBeLessThan(108);
  expect(run.startsWith(long)).toBe(false);
  expect(workspacePaths(`${long}y`, {}).run).not.toBe(run);
});

test('the length of a socket path counts in bytes', () => {
  const home = path.join('/', '空'.repeat(40));
  expect(Buffer.byteLength(workspacePaths(home, {}).socket)).toBeLessThan(108);
});
