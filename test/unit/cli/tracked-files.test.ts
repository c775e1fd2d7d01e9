import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { packageRoot } from '../../../src/platform/entry.ts';

const root = packageRoot();

function trackedFiles(): string[] {
  const names = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' }).split('\0');
  return names.filter((name) => name !== '' && existsSync(path.join(root, name)));
}

/** Put together here, so that this file does not hold what it looks for. */
const folder = (...parts: string[]) => `/${parts.join('/')}/`;
const FORBIDDEN: readonly (readonly [string, RegExp])[] = [
  [
    'a folder of the machine it was made on',
    new RegExp(`(?:${folder('work', 'main')}|${folder('work', 'shared')}|${folder('root', '[.\\w]')})`),
  ],
  ["somebody's home folder", new RegExp(`${folder('home', '(?!user/|me/|you/)[a-z][\\w-]*')}`)],
  ['a private key', new RegExp(`-----BEGIN [A-Z ]*PRIVATE ${'KEY'}-----`)],
  ['a key of a service', /\b(?:hf_[A-Za-z0-9]{30,}|sk-[A-Za-z0-9]{40,}|gh[pousr]_[A-Za-z0-9]{30,})/],
];

test('no file in the repository names this machine or holds a key', () => {
  const files = trackedFiles();
  expect(files.length).toBeGreaterThan(50);
  const found = files.flatMap((name) => {
    const text = readFileSync(path.join(root, name)).toString('latin1');
    return FORBIDDEN.filter(([, pattern]) => pattern.test(text)).map(([what]) => `${name}: ${what}`);
  });
  expect(found).toEqual([]);
  const host = os.hostname();
  // Short names are ordinary words.
  if (host.length > 8) {
    expect(files.filter((name) => readFileSync(path.join(root, name), 'latin1').includes(host))).toEqual([]);
  }
});

test('the lock file names no registry: npm takes the one that is set up', () => {
  const entry = z.object({ resolved: z.string().optional() });
  const lock = z
    .object({ packages: z.record(z.string(), entry) })
    .parse(JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8')));
  const named = Object.entries(lock.packages).filter(([, { resolved }]) => resolved !== undefined);
  expect(named.map(([name]) => name)).toEqual([]);
});
