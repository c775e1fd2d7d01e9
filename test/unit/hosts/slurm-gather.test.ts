import { existsSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Gathering, gather, leaveGathering, openGathering, type Seat } from '../../../src/hosts/slurm/gather.ts';
import type { ArrayRequest, SlurmRequest } from '../../../src/hosts/slurm/submit.ts';
import { RagtuiError } from '../../../src/platform/errors.ts';
import { type WorkspacePaths, workspacePaths } from '../../../src/platform/paths.ts';
import { processIdentity } from '../../../src/platform/processes.ts';
import { factsOfHost, hostCalled } from '../../store/fleet-samples.ts';

let home: string;
let paths: WorkspacePaths;
let folder: string;
beforeEach(() => {
  home = mkdtempSync(path.join(os.tmpdir(), 'ragtui gather '));
  paths = workspacePaths(home, {});
  folder = path.join(home, 'arrays', '1');
  openGathering(folder);
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const seat = (index: number, size: number, atOnce?: number): Seat => ({ folder, array: 'a-1', index, size, atOnce });
const request = (index: number, gpus = 0): SlurmRequest => ({
  run: `run-${index}`,
  argv: ['python', 'train'],
  env: {},
  cwd: '/w',
  grace: 120,
  depth: 0,
  gpus,
  output: '/o',
  rows: '/o/rows',
});

/** What was handed in, by whoever did it. */
function gathering(others: Partial<Gathering> = {}) {
  const arrays: ArrayRequest[] = [];
  const how: Gathering = {
    host: { ...hostCalled('login'), facts: factsOfHost() },
    paths,
    signal: new AbortController().signal,
    onReach: () => {},
    onLog: () => {},
    onWait: () => {},
    submit: async (_, __, array) => {
      arrays.push(array);
      return { job: '7', tasks: array.members.map(({ index }) => index) };
    },
    ...others,
  };
  return { how, arrays, indices: () => arrays.map(({ members }) => members.map(({ index }) => index)) };
}
/** Resolves when this one has come and waits. */
const waiting = (index: number, size: number, how: Gathering) => {
  let came = () => {};
  const here = new Promise<void>((resolve) => (came = resolve));
  return { here, end: gather(seat(index, size), request(index), { ...how, onWait: came }) };
};

describe('runs that become one array job', () => {
  test('are handed in once, when the last one has come', async () => {
    const { how, arrays, indices } = gathering();
    const first = waiting(1, 3, how);
    const second = waiting(2, 3, how);
    await Promise.all([first.here, second.here]);
    expect(arrays).toEqual([]);
    expect(await gather(seat(3, 3, 2), request(3), how)).toBe('go');
    expect(await Promise.all([first.end, second.end])).toEqual(['go', 'go']);
    expect(indices()).toEqual([[1, 2, 3]]);
    expect(arrays[0]?.members.map(({ request: { run } }) => run)).toEqual(['run-1', 'run-2', 'run-3']);
  });

  test('go without one that does not come, with their own indices; who comes later goes alone', async () => {
    const { how, indices } = gathering();
    const first = waiting(1, 3, how);
    const third = waiting(3, 3, how);
    await Promise.all([first.here, third.here]);
    leaveGathering(seat(2, 3));
    expect(await Promise.all([first.end, third.end])).toEqual(['go', 'go']);
    expect(indices()).toEqual([[1, 3]]);
    expect(await gather(seat(2, 3), request(2), how)).toBe('go');
    expect(indices()).toHaveLength(1);
  });

  test('wait no longer than their patience for one that is not heard of', async () => {
    const { how, indices } = gathering({ patienceMs: 0 });
    const first = gather(seat(1, 3), request(1), { ...how, patienceMs: 3_600_000 });
    const old = new Date(Date.now() - 60_000);
    utimesSync(path.join(folder, 'member-1.json'), old, old);
    await gather(seat(2, 3), request(2), how);
    expect(await first).toBe('go');
    expect(indices()).toEqual([[1, 2]]);
  });

  test('one whose process was killed is not handed in', async () => {
    const { how, indices } = gathering();
    writeFileSync(
      path.join(folder, 'member-1.json'),
      JSON.stringify({ owner: { pid: process.pid, startTime: 'of another one' }, request: request(1) }),
    );
    const second = waiting(2, 3, how);
    const third = waiting(3, 3, how);
    await Promise.all([second.here, third.here]);
    expect(indices()).toEqual([]);
    leaveGathering(seat(1, 3));
    await Promise.all([second.end, third.end]);
    expect(indices()).toEqual([[2, 3]]);
  });

  test('one alone is no array', async () => {
    const { how, arrays } = gathering();
    leaveGathering(seat(2, 2));
    expect(await gather(seat(1, 2), request(1), how)).toBe('go');
    expect(arrays).toEqual([]);
  });

  test('those that ask Slurm for something else are another array', async () => {
    const { how, arrays, indices } = gathering();
    const all = [1, 1, 2, 2, 4].map((gpus, at) => gather(seat(at + 1, 5), request(at + 1, gpus), how));
    expect(await Promise.all(all)).toEqual(all.map(() => 'go'));
    expect(indices()).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(new Set(arrays.map(({ array }) => array)).size).toBe(2);
  });

  test('where Slurm takes no array each goes alone', async () => {
    const said: string[] = [];
    const { how } = gathering({
      submit: async () => {
        throw new RagtuiError('invalid', 'On login: Slurm refused the job: Invalid job array specification.');
      },
      onLog: (text) => said.push(text),
    });
    const all = [1, 2].map((index) => gather(seat(index, 2), request(index), how));
    expect(await Promise.all(all)).toEqual(['go', 'go']);
    expect(said).toHaveLength(1);
    expect(said[0]).toContain('Invalid job array specification');
  });

  test('one that is asked to stop while it waits is withdrawn, and nobody waits for it', async () => {
    const { how, indices } = gathering();
    const stop = new AbortController();
    const first = waiting(1, 3, { ...how, signal: stop.signal });
    const second = waiting(2, 3, how);
    await Promise.all([first.here, second.here]);
    stop.abort();
    expect(await first.end).toBe('withdrawn');
    expect(await gather(seat(3, 3), request(3), how)).toBe('go');
    await second.end;
    expect(indices()).toEqual([[2, 3]]);
  });

  test('one that is asked to stop while Slurm is asked says that it is not known whether it was heard', async () => {
    const stop = new AbortController();
    const { how } = gathering({
      signal: stop.signal,
      submit: async () => {
        stop.abort();
        throw new RagtuiError('network', 'login cannot be reached.');
      },
    });
    const member = { owner: processIdentity(process.pid), request: request(2) };
    writeFileSync(path.join(folder, 'member-2.json'), JSON.stringify(member));
    expect(await gather(seat(1, 2), request(1), how)).toBe('unheard');
    expect(existsSync(path.join(folder, 'member-1.json'))).toBe(false);
  });

  test('when the recipe that called them together is deleted those that wait go alone', async () => {
    const { how, arrays } = gathering();
    const first = waiting(1, 2, how);
    await first.here;
    rmSync(folder, { recursive: true });
    expect(await first.end).toBe('go');
    expect(arrays).toEqual([]);
  });

  test('without the recipe that called them together each goes alone', async () => {
    const { how, arrays } = gathering();
    rmSync(folder, { recursive: true });
    expect(await gather(seat(1, 2), request(1), how)).toBe('go');
    expect(arrays).toEqual([]);
    expect(existsSync(folder)).toBe(false);
  });
});
