import { describe, expect, test } from 'vitest';
import { parseFacts } from '../../../src/hosts/facts.ts';

const NOW = new Date('2026-11-29T08:00:00Z');
const ANSWER = `Welcome to the cluster
home /home/me
system Linux
arch x86_64
os Ubuntu 22.04.4 LTS
cores 64
memory 527951616
load 3.20
disk 1048576000
bfloat16 yes
rsync yes
uv uv 0.4.1 (x86_64)
python:python3 3.5.2
python:python3.11 3.11.9 /opt/python/bin/python3.11
python:python3.12
gpu NVIDIA A100-SXM4-80GB, 81920, 550.54.15
gpu NVIDIA GB10, [N/A], 580.95.05
slurm slurm-wlm 22.05.8
partition debug|up|infinite|2|gpu:2
partition long|drain|7-00:00:00|10|(null)
end yes
`;

describe('what a host says of itself', () => {
  test('is read, its greeting passed over', () => {
    expect(parseFacts('gpu', '~/.ragtui-host', ANSWER, NOW)).toEqual({
      checkedAt: '2026-11-29T08:00:00.000Z',
      system: 'Linux',
      arch: 'x86_64',
      os: 'Ubuntu 22.04.4 LTS',
      home: '/home/me',
      root: '/home/me/.ragtui-host',
      cores: 64,
      memoryMb: 515578,
      load: 3.2,
      diskFreeMb: 1024000,
      gpus: [
        { name: 'NVIDIA A100-SXM4-80GB', memoryMb: 81920, driver: '550.54.15' },
        { name: 'NVIDIA GB10', memoryMb: 0, driver: '580.95.05' },
      ],
      gpuProblem: '',
      // 3.5 cannot run the agent; 3.12 did not say its version.
      python: { command: '/opt/python/bin/python3.11', version: '3.11.9' },
      pythons: { python3: '3.5.2', 'python3.11': '3.11.9' },
      node: null,
      uv: '0.4.1',
      rsync: true,
      bfloat16: true,
      slurm: {
        version: '22.05.8',
        problem: '',
        partitions: [
          { name: 'debug', up: true, limit: 'infinite', nodes: 2, gres: 'gpu:2' },
          { name: 'long', up: false, limit: '7-00:00:00', nodes: 10, gres: '' },
        ],
      },
    });
  });
  test('a Python whose path a shell would read otherwise is called by its name', () => {
    const answer = ANSWER.replace('/opt/python/bin', '/opt/my $(id)');
    expect(parseFacts('gpu', '~/x', answer, NOW).python?.command).toBe('python3.11');
  });
  test('an answer that is cut off is none', () => {
    expect(() => parseFacts('gpu', '~/x', ANSWER.replace('end yes\n', ''), NOW)).toThrow(/not what was asked/);
    expect(() => parseFacts('gpu', '~/x', 'This account is not available.\n', NOW)).toThrow(/not what was asked/);
  });
});
