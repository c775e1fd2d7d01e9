import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** A machine that does not exist: what it answers to a first look, and to one at what it does now. */
interface MadeUpHost {
  readonly name: string;
  /** As its `sh` would answer (`src/hosts/facts.ts`). */
  readonly facts: readonly string[];
  /** As the agent there would (`look` of `workers/remote/agent.py`). */
  readonly look: object;
}

const GB = 1024 ** 3;
const NO_PROGRAM = { code: null, output: '' };
const llamafactory = {
  version: 1,
  name: 'llamafactory',
  device: 'cuda',
  python: '/home/me/.ragtui-host/engines/llamafactory/bin/python',
  managed: true,
  installedAt: '2026-11-20T09:12:00.000Z',
  lock: '',
  versions: { llamafactory: '0.9.3', torch: '2.7.1' },
};
const shared = ['home /home/me', 'system Linux', 'arch x86_64', 'rsync yes', 'python:python3 3.12.3 /usr/bin/python3'];

export const MADE_UP = { gpus: 'gpu-box', slurm: 'hpc-login', away: 'old-tower' } as const;

const HOSTS: readonly MadeUpHost[] = [
  {
    name: MADE_UP.gpus,
    facts: [
      ...shared,
      'os Ubuntu 24.04.1 LTS',
      'cores 32',
      `memory ${128 * 1024 ** 2}`,
      'load 3.10',
      `disk ${812 * 1024 ** 2}`,
      'gpu NVIDIA L40S, 46068, 550.127.05',
      'gpu NVIDIA L40S, 46068, 550.127.05',
    ],
    look: {
      cpu: 0.11,
      cores: 32,
      load: 3.4,
      memoryTotal: 128 * GB,
      memoryAvailable: 93 * GB,
      disk: { place: '/home/me/.ragtui-host', total: 1800 * GB, free: 806 * GB },
      cards: {
        code: 0,
        output: [
          '0, GPU-6e1f, NVIDIA L40S, 97, 38214, 46068, 71, 331.40, 350.00',
          '1, GPU-a90c, NVIDIA L40S, 34, 11872, 46068, 48, 132.75, 350.00',
        ].join('\n'),
      },
      processes: { code: 0, output: '41872, GPU-6e1f, 38204\n39015, GPU-a90c, 11862' },
      owners: { 41872: '20261129-094012-train-llm-3f9c' },
      runs: [
        {
          run: '20261129-094012-train-llm-3f9c',
          state: 'running',
          startedAt: '2026-11-29T09:40:00Z',
          gpus: [0],
          waits: '',
        },
        {
          run: '20261129-101745-train-llm-b771',
          state: 'queued',
          startedAt: '',
          gpus: [],
          waits: 'waits for 2 of 2 GPUs there',
        },
      ],
      engines: { llamafactory },
    },
  },
  {
    name: MADE_UP.slurm,
    facts: [
      ...shared,
      'os Rocky Linux 9.4 (Blue Onyx)',
      'cores 48',
      `memory ${256 * 1024 ** 2}`,
      'load 6.02',
      `disk ${2300 * 1024 ** 2}`,
      'slurm slurm 23.11.10',
      'partition gpu|up|2-00:00:00|8|gpu:a100:4',
      'partition long|up|14-00:00:00|24|(null)',
    ],
    look: {
      cpu: 0.22,
      cores: 48,
      load: 6.3,
      memoryTotal: 256 * GB,
      memoryAvailable: 171 * GB,
      disk: { place: '/home/me', total: 10_240 * GB, free: 2296 * GB },
      cards: NO_PROGRAM,
      processes: NO_PROGRAM,
      owners: {},
      runs: [],
      engines: { llamafactory },
    },
  },
  {
    name: MADE_UP.away,
    facts: [...shared, 'os Debian GNU/Linux 12 (bookworm)', 'cores 8', `memory ${32 * 1024 ** 2}`, 'load 0.08'],
    look: {
      cpu: 0.01,
      cores: 8,
      load: 0.1,
      memoryTotal: 32 * GB,
      memoryAvailable: 29 * GB,
      disk: { place: '/home/me', total: 460 * GB, free: 118 * GB },
      cards: NO_PROGRAM,
      processes: NO_PROGRAM,
      owners: {},
      runs: [],
      engines: {},
    },
  },
];

const PROGRAM = `#!${process.execPath}
const { existsSync, readFileSync } = require('node:fs');
const [host, command] = process.argv.slice(process.argv.indexOf('--') + 1);
const known = JSON.parse(readFileSync(__dirname + '/hosts.json', 'utf8')).find(({ name }) => name === host);
if (process.argv.includes('-O')) process.exit(0);
if (!known || existsSync(__dirname + '/away-' + host)) {
  console.error('ssh: connect to host ' + host + ' port 22: No route to host');
  process.exit(255);
}
process.stdin.resume().on('end', () => {
  if (command === 'sh') return console.log([...known.facts, 'end yes'].join('\\n'));
  const { op } = JSON.parse(Buffer.from(command.split(' ').at(-1), 'base64url'));
  const answers = { look: known.look, engines: known.look.engines, usage: { there: false, bytes: {}, runs: 0, live: [] } };
  console.log(JSON.stringify(answers[op]));
});
`;

export interface StandIn {
  /** Goes before PATH. */
  readonly folder: string;
  /** From now on it cannot be reached. */
  readonly lose: (host: string) => void;
}

/** A program called `ssh` that answers for the machines that do not exist. */
export function standInSsh(home: string): StandIn {
  const folder = path.join(home, 'stand-in');
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, 'package.json'), '{"type":"commonjs"}');
  writeFileSync(path.join(folder, 'hosts.json'), JSON.stringify(HOSTS));
  writeFileSync(path.join(folder, 'ssh'), PROGRAM);
  chmodSync(path.join(folder, 'ssh'), 0o755);
  return { folder, lose: (host) => writeFileSync(path.join(folder, `away-${host}`), '') };
}
