import { describe, expect, it } from 'vitest';
import type { Host, HostFacts } from '../../../src/hosts/types.ts';
import { checkNodes } from '../../../src/training/nodes.ts';
import { processesOf } from '../../../src/training/processes.ts';
import { factsOfHost, hostCalled } from '../../store/fleet-samples.ts';

const partition = (name: string, nodes: number, gres = '') => ({ name, up: true, limit: 'infinite', nodes, gres });
type Partitions = NonNullable<HostFacts['slurm']>['partitions'];

function login(partitions: Partitions, chosen?: string): Host {
  const facts = factsOfHost({ slurm: { version: '22.05.8', problem: '', partitions } });
  return hostCalled('login', { facts, ...(chosen === undefined ? {} : { slurm: { partition: chosen } }) });
}

describe('nodes of a training', () => {
  it.each([
    [undefined, 'A training on 2 nodes needs Slurm: this machine is one.'],
    ['ssh:gpu', 'A training on 2 nodes needs Slurm: ssh:gpu is one machine.'],
  ])('%s gives none: refused with why and what to do', (launcher, message) => {
    expect(() => checkNodes({ nodes: 2 }, launcher)).toThrow(
      expect.objectContaining({ code: 'usage', message, hint: expect.stringContaining('--launcher slurm:HOST') }),
    );
    expect(() => checkNodes({ nodes: 1 }, launcher)).not.toThrow();
    expect(() => checkNodes({}, launcher)).not.toThrow();
  });

  it('more than the chosen partition has are refused, with its number', () => {
    // Lines of sinfo: one for each kind of node.
    const host = login(
      [partition('gpu', 2, 'gpu:a100:4'), partition('gpu', 1, 'gpu:h100:8'), partition('cpu', 40)],
      'gpu',
    );
    expect(() => checkNodes({ nodes: 3 }, 'slurm:login', host)).not.toThrow();
    expect(() => checkNodes({ nodes: 4 }, 'slurm:login', host)).toThrow(
      expect.objectContaining({
        code: 'unsupported',
        message: '4 nodes are asked for, and the partition gpu of login has 3.',
        hint: expect.stringContaining('--nodes 3 or fewer'),
      }),
    );
  });

  it('without a chosen partition the largest one counts; where nothing is known Slurm itself decides', () => {
    expect(() => checkNodes({ nodes: 41 }, 'slurm:login', login([partition('a', 2), partition('b', 40)]))).toThrow(
      /the largest partition of login has 40/,
    );
    expect(() => checkNodes({ nodes: 64 }, 'slurm:login', login([]))).not.toThrow();
    expect(() => checkNodes({ nodes: 64 }, 'slurm:login', login([partition('a', 2)], 'other'))).not.toThrow();
    expect(() => checkNodes({ nodes: 64 }, 'slurm:login')).not.toThrow();
  });

  it('each trains in one process for each of its GPUs, in one where it has none', () => {
    expect(processesOf({ nodes: 3, gpus: 8 }, 'cuda')).toBe(24);
    expect(processesOf({ nodes: 3 }, 'cuda')).toBe(3);
    expect(processesOf({ nodes: 3, gpus: 8 }, 'cpu')).toBe(3);
    expect(processesOf({ gpus: 2 }, 'cuda')).toBe(2);
    expect(processesOf({}, 'cpu')).toBe(1);
  });
});
