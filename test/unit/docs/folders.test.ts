import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { packageRoot } from '../../../src/platform/entry.ts';

const root = packageRoot();
const TOLD = /^(bin|engines|fixtures|recipes|scripts|src|stores|test|workers)(\/|$)/;

/** Folders with files of their own that git has, and those above them. */
function folders(): string[] {
  const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  });
  const found = new Set(files.split('\n').map((file) => path.posix.dirname(file)));
  return [...found].filter((folder) => TOLD.test(folder) && !/\/(golden|recorded|vllm-logs)(\/|$)/.test(folder));
}

test('docs/folders.md says what lives in each folder, and names none that is gone', () => {
  const page = readFileSync(path.join(root, 'docs', 'folders.md'), 'utf8');
  const told = [...page.matchAll(/^\| `([^`]+)` \| \S/gm)].map((match) => match[1] ?? '');
  const covers = (line: string, folder: string) =>
    line.endsWith('/…') ? folder.startsWith(line.slice(0, -1)) : line === folder;
  const there = folders();
  expect(there.filter((folder) => !told.some((line) => covers(line, folder)))).toEqual([]);
  expect(told.filter((line) => !there.some((folder) => covers(line, folder)))).toEqual([]);
});
