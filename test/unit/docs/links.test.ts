import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { packageRoot } from '../../../src/platform/entry.ts';

const root = packageRoot();
const pages = [
  'README.md',
  'ARCHITECTURE.md',
  ...readdirSync(path.join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => path.join('docs', name)),
];

/** What a page points at within the repository, as paths from its root. */
function targets(page: string): string[] {
  const text = readFileSync(path.join(root, page), 'utf8').replace(/```[\s\S]*?```/g, '');
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)]
    .map((match) => match[1]?.replace(/#.*$/, '') ?? '')
    .filter((target) => target !== '' && !/^[a-z]+:/.test(target))
    .map((target) => path.normalize(path.join(path.dirname(page), target)));
}

test('every file and picture that a page points at is there', () => {
  const missing = pages.flatMap((page) =>
    targets(page)
      .filter((target) => !existsSync(path.join(root, target)))
      .map((target) => `${page} → ${target}`),
  );
  expect(missing).toEqual([]);
});

test('every picture of a screen is shown on some page, and every page of docs can be reached from the README', () => {
  const reached = new Set(['README.md']);
  for (const page of reached) if (pages.includes(page)) for (const target of targets(page)) reached.add(target);
  const pictures = readdirSync(path.join(root, 'docs', 'screens')).map((name) => path.join('docs', 'screens', name));
  expect([...pictures, ...pages].filter((file) => !reached.has(file))).toEqual([]);
});
