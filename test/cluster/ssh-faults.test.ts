import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readFar } from '../../src/hosts/far-file.ts';
import { runStatus } from '../../src/hosts/run.ts';
import { storeFolder } from '../../src/hosts/shelf.ts';
import { stopJob, waitForJob } from '../../src/jobs/control.ts';
import { jobFiles } from '../../src/jobs/folder.ts';
import { readJob } from '../../src/jobs/registry.ts';
import { ensureWorkspace, type WorkspacePaths, workspacePaths } from '../../src/platform/paths.ts';
import { type SlowProxy, startSlowProxy } from '../support/bad-network.ts';
import { sshdIsHere, withSshd } from '../support/far-host.ts';
import { useFarTraining } from '../support/far-training.ts';

// What goes wrong between two machines, and on the far one.

describe.skipIf(!sshdIsHere)(`a bad way to another host (${withSshd})`, () => {
  const it = useFarTraining('far-proxy');
  let proxy: SlowProxy;
  beforeEach(async () => {
    proxy = await startSlowProxy(it.far.port + 1, it.far.port);
  });
  afterEach(() => proxy.close());

  test('slow: all arrives, nothing twice', async () => {
    proxy.rate = 60_000;
    const end = await waitForJob(it.paths, (await it.start('ok')).spec.id);
    expect([end.state, end.error]).toEqual(['succeeded', null]);
    expect(it.metric(end, 'loss').map(([step]) => step)).toEqual([1, 2, 3, 4, 5, 6]);
    const { here, there } = it.printed(end);
    expect(here).toBe(there);
  });

  test('a network that stands still is noticed, and it goes on when it moves again', async () => {
    const job = await it.start('gate');
    await it.untilStep(job, 3);
    proxy.frozen = true;
    await it.until('unreachable', () => /unreachable since/.test(readJob(it.paths, job.spec.id).reason));
    it.letGo();
    await it.until('its end there', () => existsSync(path.join(it.output(), 'adapter_config.json')));
    proxy.frozen = false;
    const end = await waitForJob(it.paths, job.spec.id);
    expect([end.state, end.error]).toEqual(['succeeded', null]);
    expect(it.metric(end, 'loss').map(([step]) => step)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test('asked to stop while the host is down: it says that it goes on there, and can be stopped later', async () => {
    const job = await it.start('wait');
    await it.untilStep(job, 3);
    it.far.stop();
    await it.until('unreachable', () => /unreachable since/.test(readJob(it.paths, job.spec.id).reason));
    const end = await stopJob(it.paths, job.spec.id);
    expect(end).toMatchObject({
      state: 'stopped',
      far: { open: true },
      reason: expect.stringContaining('may go on there'),
    });
    it.far.start();
    const run = readFar(job.folder)?.run ?? '';
    expect((await runStatus(it.host, run)).state).toBe('running');
    await stopJob(it.paths, job.spec.id);
    expect((await runStatus(it.host, run)).state).toBe('over');
    expect(readJob(it.paths, job.spec.id).far?.open).toBe(false);
  });
});

describe.skipIf(!sshdIsHere)(`a base that several want on a host at once (${withSshd})`, () => {
  const it = useFarTraining('far-proxy');
  let proxy: SlowProxy;
  let folder: string;
  beforeEach(async () => {
    proxy = await startSlowProxy(it.far.port + 1, it.far.port);
    folder = mkdtempSync(path.join(os.tmpdir(), 'ragtui-big-'));
    for (const name of ['a', 'b', 'c']) writeFileSync(path.join(folder, name), randomBytes(200_000));
  });
  afterEach(async () => {
    await proxy.close();
    rmSync(folder, { recursive: true });
  });

  test('of one workspace: one sends, the other waits and finds it; of two: each sends into a folder of its own', async () => {
    proxy.rate = 200_000;
    const other = workspacePaths(mkdtempSync(path.join(os.tmpdir(), 'ragtui-other-')), {});
    ensureWorkspace(other);
    const said: string[] = [];
    const send = (paths: WorkspacePaths, who: string) =>
      storeFolder(paths, it.host, folder, {
        onLog: (text) =>
          said.push(`${who}: ${text.replace(path.basename(folder), 'it').replace(/process \d+/, 'process N')}`),
      });
    const places = await Promise.all([send(it.paths, 'ours'), send(it.paths, 'ours'), send(other, 'other')]);
    expect(new Set(places).size).toBe(1);
    const store = path.join(it.host.facts.root, 'store');
    expect(readdirSync(store)).toEqual([path.basename(places[0] ?? '')]);
    for (const name of ['a', 'b', 'c']) {
      expect(readFileSync(path.join(places[0] ?? '', name)).equals(readFileSync(path.join(folder, name)))).toBe(true);
    }
    const sending = 'Sending it to far-proxy (1 MB, once)';
    expect(said.filter((text) => /Sending/.test(text)).sort()).toEqual([`other: ${sending}`, `ours: ${sending}`]);
    expect(said.filter((text) => /Waits/.test(text))).toEqual([
      'ours: Waits for process N, which sends it to far-proxy too',
    ]);
    rmSync(other.home, { recursive: true });
  });
});

/** A file system of some MB, where one can be mounted. */
const canMount = (() => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'ragtui-mount-'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder]).status === 0;
  if (mounted) spawnSync('umount', [folder]);
  rmSync(folder, { recursive: true });
  return mounted;
})();
const withMount = canMount ? '' : ': skipped, no file system can be mounted here';

describe.skipIf(!sshdIsHere || !canMount)(`a full disk on the other host (${withSshd}${withMount})`, () => {
  const it = useFarTraining();
  const place = () => path.join(it.host.facts.root, 'store');
  beforeEach(() => {
    mkdirSync(place(), { recursive: true });
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', place()]);
  });
  afterEach(() => {
    spawnSync('umount', ['-l', place()]);
  });

  test('what does not fit is told, what arrived is kept, and it goes on when there is room', async () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'ragtui-big-'));
    for (const name of ['a', 'b', 'c']) writeFileSync(path.join(folder, name), Buffer.alloc(500_000, name));
    await expect(storeFolder(it.paths, it.host, folder)).rejects.toMatchObject({ code: 'disk-full' });
    execFileSync('mount', ['-o', 'remount,size=8m', place()]);
    const there = await storeFolder(it.paths, it.host, folder);
    expect(readdirSync(there).sort()).toEqual(['a', 'b', 'c']);
    expect(readFileSync(path.join(there, 'c')).equals(Buffer.alloc(500_000, 'c'))).toBe(true);
    rmSync(folder, { recursive: true });
  });

  test('a run whose folder is full still says how it ended', async () => {
    // The keeper gives up its reserve: the result is written on a disk that has no room for anything else.
    const runs = path.join(it.host.facts.root, 'runs');
    mkdirSync(runs, { recursive: true });
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', runs]);
    try {
      const job = await it.start('gate');
      await it.untilStep(job, 3);
      const run = readFar(job.folder)?.run ?? '';
      spawnSync('dd', ['if=/dev/zero', `of=${path.join(runs, 'filler')}`, 'bs=4096'], { stdio: 'ignore' });
      it.letGo();
      const end = await waitForJob(it.paths, job.spec.id);
      expect((await runStatus(it.host, run)).result).not.toBeNull();
      expect(['succeeded', 'failed']).toContain(end.state);
      expect(existsSync(jobFiles(job.folder).result)).toBe(true);
    } finally {
      spawnSync('umount', ['-l', runs]);
    }
  });
});
