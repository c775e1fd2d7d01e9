import { describe, expect, it } from 'vitest';
import { documentTest, globPattern } from '../../../src/kb/retrieve/filter.ts';

describe('path globs', () => {
  it.each([
    ['*.md', '/a/b/notes.md', true],
    ['*.md', '/a/b.md/notes.txt', false],
    ['b/*.md', '/a/b/notes.md', true],
    ['b/*.md', '/a/b/c/notes.md', false],
    ['b/**/*.md', '/a/b/c/d/notes.md', true],
    ['b/**/*.md', '/a/b/notes.md', true],
    ['/a/*', '/a/x', true],
    ['/a/*', '/b/a/x', false],
    ['no?es.md', '/notes.md', true],
    ['a+b(1).txt', '/x/a+b(1).txt', true],
    ['文档*.txt', '/x/文档一.txt', true],
  ])('%s on %s', (glob, path, expected) => {
    expect(globPattern(glob).test(path)).toBe(expected);
  });
});

describe('metadata filter', () => {
  const document = { path: '/d/rows.csv', key: '7', metadata: '{"lang":"zh","year":2024,"draft":false}' };

  it.each([
    [{ lang: 'zh' }, true],
    [{ lang: 'en' }, false],
    [{ year: '2024', draft: 'false' }, true],
    [{ toString: 'x' }, false],
    [{ path: 'rows.csv' }, true],
    [{ path: 'rows.csv#7', lang: 'zh' }, true],
    [{ path: '*.md', lang: 'zh' }, false],
  ])('%j', (filter, expected) => {
    expect(documentTest(filter)?.(document)).toBe(expected);
  });

  it('is no filter when empty', () => {
    expect(documentTest({})).toBeUndefined();
  });
});
