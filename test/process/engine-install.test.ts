import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { installEngine } from '../../src/engines/install.ts';
import { engineStatus, installedEngine, lockOf, removeEngine } from '../../src/engines/store.ts';
import type { InstallProgress } from '../../src/engines/types.ts';
import { type WorkspacePaths, workspacePaths } from '../../src/platform/paths.ts';

// A Python and a uv of our own on PATH: what the real ones do is tried by `npm run test:engines`.

let home: string;
let paths: WorkspacePaths;
const before = process.env['PATH'];

beforeEach(() => {
  home = mkdtempSync(path.join(os.tmpdir(), 'ragtui engines '));
  paths = workspacePaths(path.join(home, 'home'), {});
  process.env['PATH'] = `${path.join(home, 'bin')}:/bin:/usr/bin`;
  process.env['FAKE_CALLS'] = path.join(home, 'calls');
});
afterEach(() => {
  process.env['PATH'] = before;
  delete process.env['FAKE_CALLS'];
  rmSync(home, { recursive: true, force: true });
});

function program(name: string, script: string): string {
  const file = path.join(home, 'bin', name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
  return file;
}

const CHECKED = JSON.stringify({
  python: '3.12.1',
  versions: { flagembedding: '1.4.2', torch: '2.11.0' },
  device: 'cpu',
  devices: ['2 CPU threads'],
});
/** Answers who it is, and a check as a working environment would. */
const python = (version = '3, 12, 1') =>
  program(
    'python3.12',
    `case "$1" in -c) echo '{"executable": "${path.join(home, 'bin', 'python3.12')}", "version": [${version}]}';; -I) echo noise; echo '${CHECKED}';; *) exit 9;; esac`,
  );
/** \`venv\` links our Python; \`sync\` is what the test says. */
const uv = (sync: string) =>
  program(
    'uv',
    `echo "$@" >> "$FAKE_CALLS"
case "$1" in
--version) echo uv 0;;
venv) for folder; do :; done; mkdir -p "$folder/bin" "$folder/lib/python3.12/site-packages"; ln -s '${path.join(home, 'bin', 'python3.12')}' "$folder/bin/python";;
pip) SITE='${path.join(paths.engines, 'flagembedding', 'lib', 'python3.12', 'site-packages')}'
${sync};;
esac`,
  );
const GOOD = `echo 'Resolved 2 packages in 1ms' >&2; echo 'Downloading torch (500.0MiB)' >&2; mkdir -p "$SITE/a.dist-info" "$SITE/b.dist-info"; echo ' Downloaded torch' >&2; echo 'Installed 2 packages in 3ms' >&2`;
const install = (onProgress?: (progress: InstallProgress) => void) =>
  installEngine(paths, 'flagembedding', { device: 'cpu', ...(onProgress ? { onProgress } : {}) });

describe('installing an engine', () => {
  test('makes the environment, syncs the lock file with hashes, imports, and says how far it is', async () => {
    python();
    uv(GOOD);
    const seen: InstallProgress[] = [];
    const { check } = await install((progress) => seen.push(progress));
    expect(check).toMatchObject({ versions: { flagembedding: '1.4.2' }, device: 'cpu' });
    expect(engineStatus(paths, 'flagembedding').state).toBe('present');
    expect(installedEngine(paths, 'flagembedding').python).toBe(
      path.join(paths.engines, 'flagembedding', 'bin', 'python'),
    );
    expect(seen).toContainEqual({
      phase: 'installed',
      packages: { done: 2, total: 2 },
      bytes: { done: 500 * 1024 ** 2, total: 500 * 1024 ** 2 },
    });
    expect(readFileSync(path.join(home, 'calls'), 'utf8')).toContain(
      `pip sync --require-hashes --python ${path.join(paths.engines, 'flagembedding', 'bin', 'python')} ${lockOf('flagembedding', 'cpu')}`,
    );
  });

  test('goes on after a failure, without making the environment again', async () => {
    python();
    uv(`echo 'error: Failed to fetch' >&2; echo '  Caused by: dns error' >&2; exit 2`);
    await expect(install()).rejects.toMatchObject({ code: 'network' });
    expect(engineStatus(paths, 'flagembedding').state).toBe('partial');
    expect(() => installedEngine(paths, 'flagembedding')).toThrow(/not installed/);
    rmSync(path.join(home, 'calls'));
    uv(GOOD);
    await install();
    expect(readFileSync(path.join(home, 'calls'), 'utf8')).not.toMatch(/^venv/m);
    expect(engineStatus(paths, 'flagembedding').state).toBe('present');
  });

  test('says so when there is no Python that suits', async () => {
    for (const name of ['python3.12', 'python3.11', 'python3', 'python']) {
      program(name, `echo '{"executable": "/x", "version": [3, 9, 2]}'`);
    }
    uv(GOOD);
    await expect(install()).rejects.toMatchObject({ code: 'unavailable', message: expect.stringContaining('3.9.2') });
  });

  test('does not count as installed when it cannot be imported', async () => {
    program(
      'python3.12',
      `case "$1" in -c) echo '{"executable": "${path.join(home, 'bin', 'python3.12')}", "version": [3, 12, 1]}';; *) echo 'ImportError: libcudart' >&2; exit 1;; esac`,
    );
    uv(GOOD);
    await expect(install()).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('libcudart'),
    });
    expect(engineStatus(paths, 'flagembedding').state).toBe('partial');
  });

  test('takes an environment of the user as it is, and leaves it alone when it is removed', async () => {
    const own = python();
    await installEngine(paths, 'flagembedding', { device: 'cpu', python: own });
    expect(existsSync(path.join(home, 'calls'))).toBe(false);
    expect(installedEngine(paths, 'flagembedding').python).toBe(own);
    await removeEngine(paths, 'flagembedding');
    expect(engineStatus(paths, 'flagembedding').state).toBe('absent');
    expect(existsSync(own)).toBe(true);
  });

  test('is ended by an abort', async () => {
    python();
    uv('sleep 60 & wait');
    const controller = new AbortController();
    const done = installEngine(paths, 'flagembedding', {
      device: 'cpu',
      signal: controller.signal,
      onLog: (text) => {
        if (text.includes('pip sync')) controller.abort();
      },
    });
    await expect(done).rejects.toMatchObject({ code: 'cancelled' });
  });
});
