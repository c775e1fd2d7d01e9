import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { keepHost, keepLearned, listHosts } from '../../../src/hosts/store.ts';
import { lockFile } from '../../../src/platform/lock.ts';
import { ensureWorkspace, type WorkspacePaths, workspacePaths } from '../../../src/platform/paths.ts';
import { hostCalled } from '../../store/fleet-samples.ts';

let paths: WorkspacePaths;
beforeEach(() => {
  paths = workspacePaths(mkdtempSync(path.join(os.tmpdir(), 'ragtui-hosts-')), {});
  ensureWorkspace(paths);
});
afterEach(() => rmSync(paths.home, { recursive: true, force: true }));

const names = (): string[] => listHosts(paths).map(({ name }) => name);

test('a host that another program adds at the same moment is not lost', async () => {
  await keepHost(paths, hostCalled('b'));
  // The other one has read the hosts and is about to write.
  const file = path.join(paths.home, 'hosts.json');
  const unlock = await lockFile(`${file}.lock`);
  const adding = keepHost(paths, hostCalled('a'));
  const learning = keepLearned(paths, 'b', { facts: null });
  writeFileSync(file, JSON.stringify({ version: 1, hosts: [hostCalled('b'), hostCalled('c')] }));
  unlock();
  await adding;
  expect(await learning).toEqual(hostCalled('b', { facts: null }));
  expect(names()).toEqual(['a', 'b', 'c']);
});

test('many that are added at once are all there', async () => {
  const wanted = Array.from({ length: 12 }, (_, at) => `host-${String(at).padStart(2, '0')}`);
  await Promise.all(wanted.map((name) => keepHost(paths, hostCalled(name))));
  expect(names()).toEqual(wanted);
});
