import type { EngineDevice } from '../engines/types.ts';
import type { Training } from './types.ts';

type Places = Pick<Training, 'gpus' | 'nodes'>;

/** Processes that train on one node: one for each GPU; of several nodes without GPUs one on each. Pure. */
export const processesOfNode = ({ gpus = 1, nodes = 1 }: Places, device: EngineDevice): number =>
  nodes > 1 && device === 'cpu' ? 1 : gpus;

/** Processes that each do a part of a step, on all nodes together. Pure. */
export const processesOf = (training: Places, device: EngineDevice): number =>
  processesOfNode(training, device) * (training.nodes ?? 1);
