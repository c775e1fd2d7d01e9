import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { fleetOf } from '../../src/fleet/model.ts';
import { readSeen } from '../../src/fleet/seen.ts';
import type { Place, Sighting } from '../../src/fleet/types.ts';
import { watchFleet } from '../../src/fleet/watch.ts';
import { listHosts } from '../../src/hosts/store.ts';
import { ensureWorkspace, type WorkspacePaths, workspacePaths } from '../../src/platform/paths.ts';
import { waitUntil } from '../../src/platform/processes.ts';
import { type SlowProxy, startSlowProxy } from '../support/bad-network.ts';
import { addFarHost, type FarHost, sshdIsHere, startFarHost, withSshd } from '../support/far-host.ts';

// What the Fleet screen knows of real hosts, and what it says when they are gone.

describe.skipIf(!sshdIsHere)(`looking at hosts (${withSshd})`, () => {
  let far: FarHost;
  let proxy: SlowProxy;
  let home: string;
  let paths: WorkspacePaths;
  let seen: Sighting[];
  let stop: AbortController;
  let watch: Promise<void>;

  beforeAll(async () => {
    far = await startFarHost();
    proxy = await startSlowProxy(far.port + 1, far.port);
  });
  afterAll(async () => {
    await proxy.close();
    far.remove();
  });
  beforeEach(async () => {
    home = mkdtempSync(path.join(os.tmpdir(), 'ragtui fleet '));
    paths = workspacePaths(home, {});
    ensureWorkspace(paths);
    const { facts } = await addFarHost(paths, 'far');
    await addFarHost(paths, 'far-proxy', facts);
    seen = [];
    stop = new AbortController();
    watch = watchFleet(paths, { signal: stop.signal, onSeen: (one) => seen.push(one), hostMs: 1000 });
  });
  afterEach(async () => {
    stop.abort();
    await watch;
    proxy.frozen = false;
    far.start();
    rmSync(home, { recursive: true, force: true });
  });

  const last = (name: string): Sighting | undefined => seen.findLast(({ place }) => place === name);
  const place = (name: string): Place | undefined =>
    fleetOf({
      hosts: listHosts(paths),
      seen: Object.fromEntries(seen.map((one) => [one.place, one.seen])),
      jobs: [],
      servers: null,
      now: Date.now(),
    }).find(({ id }) => id === name);
  const until = async (what: string, condition: () => boolean): Promise<void> => {
    expect(await waitUntil(condition, 90_000), `${what}: ${JSON.stringify(seen.at(-1))}`).toBe(true);
  };

  test('a host that is cut is unreachable since then, what it said stays as old as it is, and it comes back', async () => {
    await until('an answer', () => place('far')?.reach.state === 'reached');
    const before = place('far');
    // The same machine, told by itself over ssh and by this process.
    expect(before?.cores?.value).toBe(os.availableParallelism());
    expect(before?.machine?.value.memoryTotal).toBe(os.totalmem());
    expect(before?.disk?.value.free).toBeGreaterThan(0);

    far.stop();
    far.cutConnections();
    const cutAt = new Date().toISOString();
    await until('lost', () => place('far')?.reach.state === 'lost');
    const lost = place('far');
    expect(lost?.reach).toMatchObject({ code: 'network' });
    const since = lost?.reach.state === 'lost' ? lost.reach.since : '';
    expect(since >= cutAt || since >= (before?.seenAt ?? '')).toBe(true);
    expect(lost?.machine?.at).toBe(lost?.seenAt);
    expect((lost?.seenAt ?? '') < since).toBe(true);
    // The next program that asks knows it too.
    expect(readSeen(paths)['far']?.lost?.since).toBe(since);
    const failures = seen.length;
    await until('asked again', () => seen.slice(failures).some((one) => one.place === 'far'));
    expect(last('far')?.seen.lost?.since).toBe(since);

    far.start();
    await until('back', () => place('far')?.reach.state === 'reached');
    expect((place('far')?.seenAt ?? '') > since).toBe(true);
  });

  test('a host that hangs keeps no other waiting', async () => {
    await until('both', () => place('far')?.reach.state === 'reached' && place('far-proxy')?.reach.state === 'reached');
    proxy.frozen = true;
    const from = seen.length;
    await until('lost', () => last('far-proxy')?.seen.lost?.code === 'network');
    const meanwhile = seen.slice(from);
    expect(meanwhile.filter((one) => one.place === 'far' && one.seen.lost === null).length).toBeGreaterThan(0);
    expect(meanwhile.filter((one) => one.place === '').length).toBeGreaterThan(3);
  });

  test('who has a GPU there: a process that bears the mark of a run is ours, any other is not', async () => {
    // Stands for the driver's program, which this machine need not have: two cards, a process of ours on the first.
    const ours = spawn('sleep', ['600'], { env: { ...process.env, RAGTUI_RUN: 'run-1' }, stdio: 'ignore' });
    const other = spawn('sleep', ['600'], { stdio: 'ignore' });
    const folder = path.join(far.folder, 'bin');
    const row = (index: number): string => `${index}, GPU-${index}, NVIDIA H200, 87, 40213, 143771, 51, 412.20, 700.00`;
    const script = [
      '#!/bin/sh',
      `case "$1" in --query-gpu=*) printf '%s\\n' '${row(0)}' '${row(1)}';;`,
      `*) printf '%s\\n' '${ours.pid}, GPU-0, 40000' '${other.pid}, GPU-1, [N/A]';; esac`,
    ];
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, 'nvidia-smi'), `${script.join('\n')}\n`, { mode: 0o755 });
    far.environment(`PATH='${folder}':$PATH; export PATH\n`);
    try {
      await until('its GPUs', () => place('far')?.gpus?.value.state === 'ok');
      expect(place('far')?.gpus?.value).toMatchObject({
        gpus: [
          { index: 0, busy: 0.87, holders: [{ kind: 'ours', id: 'run-1' }] },
          { index: 1, memoryTotal: 143_771 * 1024 ** 2, holders: [{ kind: 'others', processes: 1 }] },
        ],
      });
    } finally {
      ours.kill();
      other.kill();
      far.environment('');
    }
  });
});
