import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseGpus, parseProcesses, readGpus } from '../../../src/platform/telemetry/nvidia-smi.ts';
import { cpuTimes, createMachineSampler, meminfo, processStat } from '../../../src/platform/telemetry/proc.ts';

const GIB = 1024 ** 3;
const MIB = 1024 ** 2;
const NONE = { busy: null, memoryUsed: null, memoryTotal: null, temperature: null, power: null, powerLimit: null };

describe('nvidia-smi', () => {
  it('reads several cards of a data centre driver', () => {
    const csv = [
      '0, GPU-5a6b0000-1111-2222-3333-444455556666, NVIDIA A100-SXM4-80GB, 87, 61440, 81920, 64, 287.31, 400.00',
      '1, GPU-5a6b0000-1111-2222-3333-444455556667, NVIDIA A100-SXM4-80GB, 0, 4, 81920, 31, 52.04, 400.00',
    ].join('\n');
    const [first, second] = parseGpus(csv);
    expect(first).toEqual({
      index: 0,
      uuid: 'GPU-5a6b0000-1111-2222-3333-444455556666',
      name: 'NVIDIA A100-SXM4-80GB',
      busy: 0.87,
      memoryUsed: 60 * GIB,
      memoryTotal: 80 * GIB,
      temperature: 64,
      power: 287.31,
      powerLimit: 400,
    });
    expect(second).toMatchObject({ index: 1, busy: 0, memoryUsed: 4 * MIB });
  });

  it('takes what a driver does not tell for missing, not for 0', () => {
    // A laptop card; an old card under an old driver, with units all the same; a MIG card; one with shared memory.
    const rows = [
      '0, GPU-1, NVIDIA GeForce RTX 4060 Laptop GPU, 3, 512, 8188, 47, 11.20, [N/A]',
      '0, GPU-2, Tesla K80, 12 %, 100 MiB, 11441 MiB, 50 C, [Not Supported], [Not Supported]',
      '0, GPU-3, NVIDIA H100 80GB HBM3, [N/A], 23456, 81559, 41, 123.45, 700.00',
      '0, GPU-4, NVIDIA GB10, 5, [N/A], [N/A], 44, 9.1, [N/A]',
      '0, GPU-5, NVIDIA A, [Unknown Error], [Insufficient Permissions], , N/A, [GPU requires reset], ERR!',
    ];
    expect(rows.flatMap(parseGpus).map(({ uuid, index: _, name: __, ...rest }) => [uuid, rest])).toEqual([
      [
        'GPU-1',
        { busy: 0.03, memoryUsed: 512 * MIB, memoryTotal: 8188 * MIB, temperature: 47, power: 11.2, powerLimit: null },
      ],
      [
        'GPU-2',
        { busy: 0.12, memoryUsed: 100 * MIB, memoryTotal: 11441 * MIB, temperature: 50, power: null, powerLimit: null },
      ],
      [
        'GPU-3',
        {
          busy: null,
          memoryUsed: 23456 * MIB,
          memoryTotal: 81559 * MIB,
          temperature: 41,
          power: 123.45,
          powerLimit: 700,
        },
      ],
      ['GPU-4', { busy: 0.05, memoryUsed: null, memoryTotal: null, temperature: 44, power: 9.1, powerLimit: null }],
      ['GPU-5', NONE],
    ]);
  });

  it('skips warnings between the rows and rows of another shape', () => {
    const csv = [
      'WARNING: infoROM is corrupted at gpu 0000:17:00.0',
      '0, GPU-1, NVIDIA A, 1, 2, 3, 4, 5, 6',
      '',
      'index, uuid, name, utilization.gpu [%], memory.used [MiB], memory.total [MiB], temperature.gpu, power.draw [W], power.limit [W]',
      '1, GPU-2, NVIDIA A, 1, 2\r',
    ].join('\r\n');
    expect(parseGpus(csv).map(({ uuid }) => uuid)).toEqual(['GPU-1']);
  });

  it('reads who uses a card', () => {
    const csv = '4021, GPU-1, 15872\n4022, GPU-1, [N/A]\n[N/A], GPU-1, 3\n-, GPU-1, 3\n\n';
    expect(parseProcesses(csv)).toEqual([
      { pid: 4021, gpu: 'GPU-1', memory: 15872 * MIB },
      { pid: 4022, gpu: 'GPU-1', memory: null },
    ]);
  });

  const says = (code: number | null, output: string) => readGpus(async () => ({ code, output }));
  it('says that there is none: no program, or no device', async () => {
    expect(await says(null, '')).toEqual({ state: 'none' });
    expect(await says(6, 'No devices were found\n')).toEqual({ state: 'none' });
    expect(await says(0, 'No devices were found')).toEqual({ state: 'none' });
  });

  it('says what the driver says when it fails', async () => {
    const broken =
      "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. Make sure that the latest NVIDIA driver is installed and running.\n\n";
    expect(await says(9, broken)).toEqual({ state: 'failed', reason: broken.trim() });
    expect(
      await says(18, '\nFailed to initialize NVML: Driver/library version mismatch\nNVML library version: 570.1\n'),
    ).toEqual({ state: 'failed', reason: 'Failed to initialize NVML: Driver/library version mismatch' });
    expect(await says(-1, '')).toEqual({ state: 'failed', reason: 'nvidia-smi says nothing' });
  });

  it('shows the cards although their processes cannot be listed', async () => {
    const found = await readGpus(async (args) =>
      args[0]?.startsWith('--query-gpu')
        ? { code: 0, output: '0, GPU-1, NVIDIA A, 1, 2, 3, 4, 5, 6\n' }
        : { code: 2, output: 'Field "used_gpu_memory" is not a valid field to query.' },
    );
    expect(found).toMatchObject({ state: 'ok', processes: [] });
  });
});

describe('/proc', () => {
  let folder: string;
  let clock = 0;
  beforeEach(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'ragtui-proc-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const put = (file: string, text: string) => {
    mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    writeFileSync(path.join(folder, file), text);
  };
  const process = (pid: number, parent: number, ticks: number, kilobytes: number, name = 'node') => {
    put(`${pid}/stat`, `${pid} (${name}) S ${parent} 1 1 0 -1 4194304 10 0 0 0 ${ticks - 5} 5 0 0 20 0 11 0 900 1 2`);
    put(`${pid}/status`, `Name:\tnode\nVmPeak:\t  999 kB\nVmRSS:\t  ${kilobytes} kB\n`);
  };

  it('reads processor time: waiting for a disk is not being busy', () => {
    expect(cpuTimes('cpu  100 5 45 800 40 4 6 0 30 0\ncpu0 1 2 3 4\n')).toEqual({ busy: 160, total: 1000 });
    expect(cpuTimes('nothing')).toBeNull();
  });

  it('reads memory', () => {
    expect(meminfo('MemTotal:       2048 kB\nMemFree: 5 kB\nMemAvailable:   1024 kB\n')).toEqual({
      memoryTotal: 2 * MIB,
      memoryAvailable: MIB,
    });
    expect(meminfo('')).toEqual({ memoryTotal: null, memoryAvailable: null });
  });

  it('reads a process whose name holds anything', () => {
    expect(processStat('7 (a) b (c)) R 3 1 1 0 -1 0 0 0 0 0 20 30 0 0')).toEqual({ parent: 3, ticks: 50 });
    expect(processStat('7 (x) Z 3 1 1 0 -1 0 0 0 0 0 20 30 0 0')).toBeNull();
    expect(processStat('')).toBeNull();
  });

  it('gives the share of the time between two looks', () => {
    const sampler = createMachineSampler({ folder });
    put('stat', 'cpu 100 0 0 100 0 0 0 0\n');
    put('loadavg', '1.25 0.50 0.10 1/200 300\n');
    put('meminfo', 'MemTotal: 100 kB\nMemAvailable: 40 kB\n');
    expect(sampler.machine()).toMatchObject({ cpu: null, load: 1.25, memoryTotal: 102400, memoryAvailable: 40960 });
    put('stat', 'cpu 130 0 0 110 0 0 0 0\n');
    expect(sampler.machine().cpu).toBe(0.75);
  });

  it('has no numbers where /proc has none', () => {
    expect(createMachineSampler({ folder }).machine()).toMatchObject({ cpu: null, load: null, memoryTotal: null });
    expect(createMachineSampler({ folder: path.join(folder, 'none') }).trees([1]).size).toBe(0);
  });

  it('adds up a process and all below it', () => {
    const sampler = createMachineSampler({ folder, now: () => clock });
    process(10, 1, 100, 1000);
    process(11, 10, 50, 200, 'VLLM::Engine (0)');
    process(12, 11, 7, 30);
    process(20, 1, 900, 5000);
    expect(sampler.trees([10, 99]).get(10)).toEqual({
      tree: { processes: 3, memory: 1230 * 1024, cores: null },
      pids: [10, 11, 12],
    });
    clock += 2000;
    process(10, 1, 200, 1000);
    process(11, 10, 150, 200);
    // Three hundredths more, in two seconds.
    process(12, 11, 10, 30);
    const tree = sampler.trees([10]).get(10)?.tree;
    expect(tree?.cores).toBeCloseTo(1.015, 9);
    // A child that has just come has no time before.
    process(13, 10, 500, 1);
    clock += 1000;
    expect(sampler.trees([10]).get(10)?.tree).toMatchObject({ processes: 4, cores: 0 });
  });
});
