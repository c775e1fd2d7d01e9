import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Claim, claimFile, liveClaims, writeClaim } from '../../../src/jobs/devices/claims.ts';
import { machineGpus, parseGpuList, visibleGpus } from '../../../src/jobs/devices/gpus.ts';
import { lendDevices, takeBackDevices } from '../../../src/jobs/devices/lend.ts';
import { fillsCpu, gpusWanted } from '../../../src/jobs/devices/need.ts';
import { assertEnough, takeDevices, turnOf, wayOut } from '../../../src/jobs/devices/queue.ts';
import { jobProcesses } from '../../../src/jobs/identity.ts';
import { type JobWork, jobIdSchema, jobWorkSchema } from '../../../src/jobs/types.ts';
import { workspacePaths } from '../../../src/platform/paths.ts';

const training = { dataset: 'd', split: 'all', base: 'b', name: 'n', preset: 'cpu', settings: {}, seed: 1 };
const work = (change: object): JobWork => jobWorkSchema.parse(change);

test('a training or vLLM wants GPUs where its engine is for CUDA, as many as it says', () => {
  const llm = work({ kind: 'train-llm', ...training });
  expect([gpusWanted(llm, 'cuda'), gpusWanted(llm, 'cpu'), gpusWanted(llm, undefined)]).toEqual([1, 0, 0]);
  expect(gpusWanted(work({ kind: 'train-embedder', ...training, gpus: 4 }), 'cuda')).toBe(4);
  expect(gpusWanted(work({ kind: 'train-llm', ...training, gpus: 4 }), 'cpu')).toBe(0);
  const serve = { kind: 'serve', model: 'm', contextTokens: 2048, idleMinutes: 0 };
  expect(gpusWanted(work({ ...serve, engine: 'vllm' }), 'cuda')).toBe(1);
  expect(gpusWanted(work({ ...serve, engine: 'vllm', gpus: 2 }), 'cuda')).toBe(2);
  // Ray hands out its own.
  expect(gpusWanted(work({ ...serve, engine: 'vllm', gpus: 8, vllm: { ray: 'auto' } }), 'cuda')).toBe(0);
  // The embedded server computes on the CPU everywhere.
  expect(gpusWanted(work({ ...serve, engine: 'llama' }), 'cuda')).toBe(0);
  expect(gpusWanted(work({ kind: 'pull', models: ['m'] }), 'cuda')).toBe(0);
});

test('only trainings without a GPU fill the CPU', () => {
  const llm = work({ kind: 'train-llm', ...training });
  expect([fillsCpu(llm, 'cpu'), fillsCpu(llm, 'cuda')]).toEqual([true, false]);
  expect(fillsCpu(work({ kind: 'pull', models: ['m'] }), undefined)).toBe(false);
});

describe('the GPUs of a machine', () => {
  // As nvidia-smi(1) and NVIDIA's MIG user guide show the output of `nvidia-smi -L`.
  const TWO = [
    'GPU 0: NVIDIA A100-SXM4-40GB (UUID: GPU-5d5ba0d6-d33d-2b2c-524d-9e3d8d2b8a77)',
    'GPU 1: NVIDIA A100-SXM4-40GB (UUID: GPU-6aaf2c3e-1f11-4d2b-8f0a-1c9f0b7a2f10)',
  ].join('\n');
  const SLICED = [
    'GPU 0: A100-SXM4-40GB (UUID: GPU-e86cb44c-6756-fd30-cd4a-1e6da3caf9b0)',
    '  MIG 3g.20gb     Device  0: (UUID: MIG-c7384736-a75d-5afc-978f-d2f1294409fd)',
    '  MIG 3g.20gb     Device  1: (UUID: MIG-a28ad590-3fda-56dd-84fc-0a0b96edc58d)',
    'GPU 1: A100-SXM4-40GB (UUID: GPU-aa11bb22-6756-fd30-cd4a-1e6da3caf9b0)',
  ].join('\n');

  test('are listed by the driver; a card that is cut counts by its slices', () => {
    expect(parseGpuList(TWO)).toEqual([
      { index: 0, id: 'GPU-5d5ba0d6-d33d-2b2c-524d-9e3d8d2b8a77' },
      { index: 1, id: 'GPU-6aaf2c3e-1f11-4d2b-8f0a-1c9f0b7a2f10' },
    ]);
    expect(parseGpuList(SLICED).map(({ id }) => id.slice(0, 8))).toEqual(['MIG-c738', 'MIG-a28a', 'GPU-aa11']);
    expect(parseGpuList('No devices found.\n')).toEqual([]);
  });

  // The rules of CUDA's programming guide: an invalid entry hides itself and all after it.
  test.each([
    [undefined, [0, 1]],
    ['', []],
    ['-1', []],
    ['1', [1]],
    ['1,0', [1, 0]],
    ['0,7,1', [0]],
    ['GPU-6aaf', [1]],
    ['0,0', [0]],
  ])('CUDA_VISIBLE_DEVICES=%s leaves %s', (visible, left) => {
    expect(visibleGpus(parseGpuList(TWO), visible).map(({ index }) => index)).toEqual(left);
  });

  test('without nvidia-smi are counted by their device files; a person may name them', async () => {
    const dev = mkdtempSync(path.join(os.tmpdir(), 'ragtui-dev-'));
    for (const name of ['nvidia0', 'nvidia1', 'nvidiactl', 'nvidia-uvm', 'null'])
      writeFileSync(path.join(dev, name), '');
    const run = async () => ({ code: null, output: '' });
    expect(await machineGpus({ env: {}, run, devFolder: dev })).toEqual([
      { index: 0, id: '0' },
      { index: 1, id: '1' },
    ]);
    rmSync(dev, { recursive: true });
    expect(await machineGpus({ env: {}, run, devFolder: dev })).toEqual([]);
    expect(await machineGpus({ env: { RAGTUI_GPUS: '3,5' }, run })).toEqual([
      { index: 3, id: '3' },
      { index: 5, id: '5' },
    ]);
    expect(await machineGpus({ env: { RAGTUI_GPUS: '' }, run })).toEqual([]);
  });
});

const id = (n: number) => jobIdSchema.parse(`20261129-04000${n}-train-llm-000${n}`);
const claim = (n: number, change: Partial<Claim> = {}): Claim => ({
  version: 1,
  ticket: n,
  job: id(n),
  name: `tune ${n}`,
  folder: `/jobs/${n}`,
  supervisor: { pid: n, startTime: '1', boot: 'this' },
  count: 1,
  among: ['a', 'b'],
  held: [],
  ...change,
});
const among = [
  { id: 'a', label: 'GPU 0' },
  { id: 'b', label: 'GPU 1' },
];

describe('the turn of a job', () => {
  test('is at once when enough is free', () => {
    expect(turnOf({ count: 1, among }, claim(1), [])).toEqual({ held: ['a'] });
    expect(turnOf({ count: 1, among }, claim(2), [claim(1, { held: ['a'] })])).toEqual({ held: ['b'] });
    expect(turnOf({ count: 2, among }, claim(1), [claim(1)])).toEqual({ held: ['a', 'b'] });
  });

  test('waits for who has it, and says who', () => {
    const holder = claim(1, { held: ['a'] });
    expect(turnOf({ count: 1, among: among.slice(0, 1) }, claim(2), [holder])).toEqual({
      waits: `waits for GPU 0: held by job ${id(1)} (tune 1)`,
    });
    expect(turnOf({ count: 2, among }, claim(2), [holder])).toEqual({
      waits: `waits for 2 GPUs, 1 free: GPU 0 held by job ${id(1)} (tune 1)`,
    });
  });

  test('comes in the order of arrival, also when a later one would fit', () => {
    const claims = [claim(1, { held: ['a'] }), claim(2, { count: 2 })];
    expect(turnOf({ count: 1, among }, claim(3), claims)).toEqual({
      waits: `waits for its turn: job ${id(2)} (tune 2) came before it`,
    });
    // Who wants other devices is not in the way.
    const elsewhere = [claim(2, { among: ['c'] })];
    expect(turnOf({ count: 1, among }, claim(3), elsewhere)).toEqual({ held: ['a'] });
  });

  test('by force takes what the fewest have', () => {
    const claims = [claim(1, { held: ['a', 'b'] }), claim(2, { held: ['a'] }), claim(3)];
    expect(turnOf({ count: 1, among }, claim(4), claims, true)).toEqual({ held: ['b'] });
  });

  test('never comes on a machine that has too few: refused', () => {
    expect(() => assertEnough({ count: 3, among })).toThrow('wants 3 GPUs; this machine shows GPU 0, GPU 1');
    expect(() => assertEnough({ count: 1, among: [] })).toThrow('wants 1 GPU; this machine shows none');
  });
});

test('who waits for a server of this workspace is told how to have its GPU', () => {
  const server = (folder: string) =>
    claim(1, { job: jobIdSchema.parse('20261123-061530-serve-00a1'), held: ['a'], folder });
  const wants = { folder: '/ws/jobs/2', among };
  expect(wayOut(wants, [server('/ws/jobs/1')])).toContain('`ragtui deploy make-room 20261123-061530-serve-00a1`');
  expect(wayOut(wants, [server('/other/jobs/1')])).toBe('');
  expect(wayOut(wants, [claim(1, { held: ['a'], folder: '/ws/jobs/1' })])).toBe('');
  expect(wayOut({ ...wants, among: among.slice(1) }, [server('/ws/jobs/1')])).toBe('');
});

test('a server that sleeps lends its GPU, and has it back when nobody has it any more', async () => {
  const home = mkdtempSync(path.join(os.tmpdir(), 'ragtui-lend-'));
  const paths = workspacePaths(home, { RAGTUI_DEVICES: path.join(home, 'devices') });
  const folderOf = (n: number) => {
    const folder = path.join(home, 'jobs', String(n));
    mkdirSync(folder, { recursive: true });
    return folder;
  };
  const waits: string[] = [];
  let tries = 0;
  const take = (n: number) =>
    takeDevices(
      paths.devices,
      { job: id(n), name: `job ${n}`, folder: folderOf(n), count: 1, among: among.slice(0, 1) },
      { stopped: () => tries++ > 0, force: () => false, onWait: (why) => waits.push(why) },
    );
  expect(await take(1)).toBeDefined();
  tries = 0;
  expect(await take(2)).toBeUndefined();
  expect(waits).toEqual([expect.stringContaining(`held by job ${id(1)}`)]);
  lendDevices(folderOf(1));
  tries = 0;
  const training = await take(2);
  expect(training?.devices).toEqual([among[0]]);
  await expect(takeBackDevices(paths, id(1), folderOf(1))).rejects.toMatchObject({ code: 'busy' });
  training?.release();
  await takeBackDevices(paths, id(1), folderOf(1));
  tries = 0;
  expect(await take(3)).toBeUndefined();
  rmSync(home, { recursive: true, force: true });
});

describe('claims', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'ragtui-claims-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test('of dead jobs and half files are removed; the rest stands in line', () => {
    for (const n of [3, 1, 2]) writeClaim(folder, claim(n));
    writeFileSync(claimFile(folder, 'x'), '{"version":1,');
    expect(liveClaims(folder, ({ ticket }) => ticket !== 2).map(({ ticket }) => ticket)).toEqual([1, 3]);
    expect(readdirSync(folder).sort()).toEqual([`${id(1)}.json`, `${id(3)}.json`]);
  });

  test('of another boot are those of dead jobs, though somebody has their pid now', () => {
    writeClaim(folder, claim(1, { supervisor: { pid: process.pid, startTime: '1', boot: 'before' }, held: ['a'] }));
    expect(liveClaims(folder)).toEqual([]);
  });
});

test('the processes of a job are known by their mark, whoever is their parent', () => {
  const proc = mkdtempSync(path.join(os.tmpdir(), 'ragtui-proc-'));
  const put = (pid: string, environ: string) => {
    mkdirSync(path.join(proc, pid));
    writeFileSync(path.join(proc, pid, 'environ'), environ);
  };
  put('10', `PATH=/bin\0RAGTUI_JOB=${id(1)}\0HOME=/h\0`);
  put('11', `RAGTUI_JOB=${id(2)}\0`);
  put('12', `NOT_RAGTUI_JOB=${id(1)}\0`);
  mkdirSync(path.join(proc, '13'));
  mkdirSync(path.join(proc, 'self'));
  expect(jobProcesses(id(1), proc)).toEqual([10]);
  rmSync(proc, { recursive: true });
});
