import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { MANIFEST, readBackup } from '../../../src/workspace/manifest.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'ragtui-manifest-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const write = (change: Record<string, unknown>, name = 'ragtui.db') =>
  writeFileSync(
    path.join(folder, MANIFEST),
    JSON.stringify({
      format: 1,
      createdAt: '2026-11-23T10:00:00.000Z',
      programVersion: '1',
      home: '/home/user/ragtui',
      files: [{ path: name, bytes: 1, sha256: 'a'.repeat(64) }],
      ...change,
    }),
  );

test.each(['ragtui.db', 'jobs/a b/events.jsonl', 'datasets/名/v-1/rows.jsonl'])(
  '%s is a place in a workspace',
  (name) => {
    write({}, name);
    expect(readBackup(folder).files[0]?.path).toBe(name);
  },
);

test.each(['../x', 'jobs/../../x', '/etc/passwd', 'datasets//x', './ragtui.db', 'run/kb.sock', 'config.toml'])(
  '%s is none: nothing of such a backup is used',
  (name) => {
    write({}, name);
    expect(() => readBackup(folder)).toThrow(expect.objectContaining({ code: 'corrupt' }));
  },
);

test('what is no backup, and one of a later ragtui, are told apart', () => {
  expect(() => readBackup(folder)).toThrow(expect.objectContaining({ code: 'not-found' }));
  write({ format: 2 });
  expect(() => readBackup(folder)).toThrow(expect.objectContaining({ code: 'unsupported' }));
  writeFileSync(path.join(folder, MANIFEST), '{');
  expect(() => readBackup(folder)).toThrow(expect.objectContaining({ code: 'corrupt' }));
});
