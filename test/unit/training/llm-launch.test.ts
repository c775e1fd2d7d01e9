import { expect, it } from 'vitest';
import type { InstalledEngine } from '../../../src/engines/store.ts';
import { launchOf } from '../../../src/training/llm-launch.ts';

const engine: InstalledEngine = {
  name: 'llamafactory',
  device: 'cuda',
  python: '/my engines/llamafactory/bin/python',
  versions: {},
};
const env = { PATH: '/usr/bin', CUDA_VISIBLE_DEVICES: '2,3' };

it('one GPU: the engine trains in the process that is started', () => {
  const { args, env: given, depth } = launchOf(engine, 'train.yaml', { nodes: 1, perNode: 1, scripts: '' }, env);
  expect(args).toEqual(['-m', 'llamafactory.cli', 'train', 'train.yaml']);
  expect(depth).toBe(0);
  expect(given).not.toHaveProperty('FORCE_TORCHRUN');
  expect(given['CUDA_VISIBLE_DEVICES']).toBe('2,3');
});

it('several GPUs: torchrun of the same environment, the file named without a folder, the locked GPUs seen', () => {
  const { args, env: given, depth } = launchOf(engine, 'train.yaml', { nodes: 1, perNode: 2, scripts: '' }, env);
  expect(args.join(' ').split(' ')).toEqual(args);
  expect(given).toMatchObject({
    FORCE_TORCHRUN: '1',
    NPROC_PER_NODE: '2',
    CUDA_VISIBLE_DEVICES: '2,3',
    PATH: '/my engines/llamafactory/bin:/usr/bin',
  });
  // What trains is a grandchild: TERM goes there, or torchrun's own would end it unsaved.
  expect(depth).toBe(2);
});

it('several nodes: torchrun once on each, around a script of ours there', () => {
  const size = { nodes: 3, perNode: 8, scripts: '/there/my work' };
  const { args, env: given, depth } = launchOf(engine, 'train.yaml', size, env);
  expect(args).toEqual([
    ...['-m', 'torch.distributed.run', '--nnodes', '3', '--nproc_per_node', '8'],
    ...['/there/my work/train_llm.py', 'train.yaml'],
  ]);
  // Its own launcher would start another torchrun.
  expect(given).not.toHaveProperty('FORCE_TORCHRUN');
  // torchrun's children train.
  expect(depth).toBe(1);
});
