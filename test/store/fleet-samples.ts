import type { Look, Seen } from '../../src/fleet/types.ts';
import type { Host, HostFacts } from '../../src/hosts/types.ts';
import type { ServerSample } from '../../src/serving/metrics-types.ts';

export const GB = 1e9;
const MB = 1024 ** 2;

/** What a host said of itself when it was added. */
export const factsOfHost = (change: Partial<HostFacts> = {}): HostFacts => ({
  checkedAt: '2026-11-23T06:00:00.000Z',
  system: 'Linux',
  os: 'Ubuntu 24.04',
  arch: 'x86_64',
  home: '/home/me',
  root: '/home/me/.ragtui-host',
  cores: 16,
  memoryMb: 131072,
  load: 0.5,
  diskFreeMb: 65536,
  gpus: [{ name: 'NVIDIA H200', memoryMb: 143771, driver: '570' }],
  gpuProblem: '',
  python: { command: 'python3', version: '3.12.3' },
  pythons: {},
  node: null,
  uv: null,
  rsync: true,
  bfloat16: true,
  slurm: null,
  ...change,
});

export const hostCalled = (name: string, change: Partial<Host> = {}): Host => ({
  name,
  folder: '~/.ragtui-host',
  addedAt: '2026-11-23T05:59:00.000Z',
  facts: factsOfHost(),
  installed: [],
  ...change,
});

export const lookAt = (at: string, change: Partial<Look> = {}): Look => ({
  at,
  machine: { cpu: 0.25, cores: 16, load: 4.5, memoryTotal: 128 * GB, memoryAvailable: 100 * GB },
  disk: { place: '/home/me', total: 500 * GB, free: 120 * GB },
  gpus: { state: 'none' },
  owners: {},
  holds: [],
  runs: [],
  engines: [],
  ...change,
});

export const seenAt = (at: string, change: Partial<Look> = {}): Seen => ({
  look: lookAt(at, change),
  lost: null,
  askedAt: at,
});

export const card = (index: number) => ({
  index,
  uuid: `GPU-${index}`,
  name: 'NVIDIA H200',
  busy: 0.5,
  memoryUsed: 40_000 * MB,
  memoryTotal: 143_771 * MB,
  temperature: 40,
  power: null,
  powerLimit: null,
});

export const serverSample = (change: Partial<ServerSample> = {}): ServerSample => ({
  url: 'http://127.0.0.1:8000/v1',
  names: ['qwen'],
  engine: 'vllm',
  state: 'ok',
  figures: {
    running: 3,
    waiting: 1,
    kvCache: null,
    prefixHits: null,
    promptRate: null,
    generationRate: 812,
    firstTokenMs: null,
    gapMs: null,
    preemptions: null,
    lora: null,
  },
  restarted: false,
  processes: null,
  gpuMemory: null,
  job: null,
  answeredAt: null,
  watchedAt: 0,
  facts: null,
  ...change,
});
