import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { noteJob, tagJob } from '../../../src/jobs/control.ts';
import { changedTags } from '../../../src/jobs/notes.ts';
import { readJob } from '../../../src/jobs/registry.ts';
import { type WorkspacePaths, workspacePaths } from '../../../src/platform/paths.ts';

const ID = '20261129-040000-pull-abcd';
let home: string;
let paths: WorkspacePaths;
beforeEach(() => {
  home = mkdtempSync(path.join(os.tmpdir(), 'ragtui-notes-'));
  paths = workspacePaths(home, {});
  mkdirSync(path.join(paths.jobs, ID), { recursive: true });
  const spec = {
    version: 1,
    id: ID,
    name: 'n',
    createdAt: '2026-11-29T04:00:00.000Z',
    work: { kind: 'pull', models: ['m'] },
  };
  writeFileSync(path.join(paths.jobs, ID, 'spec.json'), JSON.stringify(spec));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

test('notes and tags are kept beside the spec, which stays as it is', () => {
  const spec = readFileSync(path.join(paths.jobs, ID, 'spec.json'), 'utf8');
  expect(readJob(paths, ID)).toMatchObject({ note: '', tags: [] });
  expect(noteJob(paths, ID, ' the one with rank 16 \n')).toMatchObject({ note: 'the one with rank 16', tags: [] });
  expect(tagJob(paths, ID, ['+good', '基线'])).toMatchObject({ note: 'the one with rank 16', tags: ['good', '基线'] });
  expect(tagJob(paths, ID, ['-good', '+v2'])).toMatchObject({ tags: ['基线', 'v2'] });
  expect(noteJob(paths, ID, '')).toMatchObject({ note: '', tags: ['基线', 'v2'] });
  expect(readFileSync(path.join(paths.jobs, ID, 'spec.json'), 'utf8')).toBe(spec);
});

test('a tag is one short word', () => {
  expect(changedTags(['a'], ['+a', '+b', '-c'])).toEqual(['a', 'b']);
  for (const bad of ['+', '-', '+two words', '+a/b', `+${'x'.repeat(41)}`, '++x']) {
    expect(() => changedTags([], [bad])).toThrow(expect.objectContaining({ code: 'usage' }));
  }
});
