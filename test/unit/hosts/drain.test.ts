import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { keepFar } from '../../../src/hosts/far-file.ts';
import { drainHost, findHost, forgetHost, keepHost, keepLearned, whyDrained } from '../../../src/hosts/store.ts';
import { launchJob } from '../../../src/jobs/launcher.ts';
import { ensureWorkspace, type WorkspacePaths, workspacePaths } from '../../../src/platform/paths.ts';
import { hostCalled } from '../../store/fleet-samples.ts';

let paths: WorkspacePaths;
beforeEach(async () => {
  paths = workspacePaths(mkdtempSync(path.join(os.tmpdir(), 'ragtui-drain-')), {});
  ensureWorkspace(paths);
  await keepHost(paths, hostCalled('gpu'));
});
afterEach(() => rmSync(paths.home, { recursive: true, force: true }));

const install = { kind: 'engine-install', engine: 'llamafactory', device: 'cpu', launcher: 'ssh:gpu' } as const;
// Any program that is there: what is refused starts none.
const options = { supervisor: process.execPath };

test('a drained host is kept with the moment, keeps what is known of it, and takes jobs again', async () => {
  const drained = await drainHost(paths, 'gpu', true, new Date('2026-11-23T06:20:00.000Z'));
  expect(drained.facts).toEqual(hostCalled('gpu').facts);
  expect(whyDrained(paths, 'gpu')).toBe('gpu is drained since 2026-11-23 06:20 UTC');
  // Drained once more it stays drained since then.
  await drainHost(paths, 'gpu', true, new Date('2026-11-24T06:20:00.000Z'));
  expect(findHost(paths, 'gpu')?.drainedAt).toBe('2026-11-23T06:20:00.000Z');
  await drainHost(paths, 'gpu', false);
  expect(findHost(paths, 'gpu')).toEqual(hostCalled('gpu'));
  await expect(drainHost(paths, 'other', true)).rejects.toThrow('There is no host other');
});

test('what was learned of a host while it was drained or forgotten undoes neither', async () => {
  const { facts } = hostCalled('gpu');
  await drainHost(paths, 'gpu', true, new Date('2026-11-23T06:20:00.000Z'));
  await keepLearned(paths, 'gpu', { facts: null });
  expect(findHost(paths, 'gpu')).toMatchObject({ facts: null, drainedAt: '2026-11-23T06:20:00.000Z' });
  await keepLearned(paths, 'gpu', { facts });
  expect(findHost(paths, 'gpu')).toMatchObject({ facts, drainedAt: '2026-11-23T06:20:00.000Z' });
  await forgetHost(paths, 'gpu');
  expect(await keepLearned(paths, 'gpu', { facts })).toBeUndefined();
  expect(findHost(paths, 'gpu')).toBeUndefined();
});

test('a drained host refuses a new job with the reason, before anything is written', async () => {
  await drainHost(paths, 'gpu', true);
  await expect(launchJob(paths, install, options)).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringMatching(/^gpu is drained since .*: it takes no new jobs\.$/),
    hint: 'Use another launcher, or "ragtui hosts undrain gpu".',
  });
  expect(readdirSync(paths.jobs)).toEqual([]);
});

test('what goes on with a run that is there already is no new job', async () => {
  const id = '20261123-061530-engine-install-0001';
  const folder = path.join(paths.jobs, id);
  mkdirSync(folder);
  const spec = { version: 1, id, name: 'install', createdAt: '2026-11-23T06:15:30.000Z', work: install };
  writeFileSync(path.join(folder, 'spec.json'), JSON.stringify(spec));
  keepFar(folder, { host: 'gpu', run: 'run-1', open: true });
  await drainHost(paths, 'gpu', true);
  // It is let through, and then there is no supervisor to start.
  await expect(launchJob(paths, install, options)).rejects.toThrow('supervisor did not start');
  keepFar(folder, { host: 'gpu', run: 'run-1', open: false });
  await expect(launchJob(paths, install, options)).rejects.toThrow('takes no new jobs');
});
