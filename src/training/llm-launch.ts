import path from 'node:path';
import { engineEnvironment } from '../engines/definitions.ts';
import type { InstalledEngine } from '../engines/store.ts';

export interface Launch {
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Processes that train stand this far below the one that is started: LLaMA-Factory's torchrun has them as grandchildren. */
  readonly depth: 0 | 1 | 2;
}

/** On how many machines, with how many processes on each. */
export interface LaunchSize {
  readonly nodes: number;
  readonly perNode: number;
  /** Folder of our scripts there, where there are several nodes. */
  readonly scripts: string;
}

/**
 * How LLaMA-Factory is started. On several GPUs of one machine its own launcher calls `torchrun`, found on PATH, with its
 * command line cut at spaces: the training file is named without a folder. On several nodes we call `torchrun`, with a
 * script of ours around LLaMA-Factory by which all processes stop at the same step.
 */
export function launchOf(engine: InstalledEngine, yaml: string, size: LaunchSize, env: NodeJS.ProcessEnv): Launch {
  const args = llmArguments(yaml);
  const { nodes, perNode } = size;
  const usual = engineEnvironment('llamafactory', engine.device, env);
  if (nodes > 1) {
    return {
      args: onNodes(size, yaml),
      env: { ...usual, ...(engine.device === 'cuda' ? OWN_LAUNCHER : {}) },
      depth: 1,
    };
  }
  if (perNode < 2) return { args, env: usual, depth: 0 };
  return {
    args,
    env: {
      ...usual,
      FORCE_TORCHRUN: '1',
      NPROC_PER_NODE: String(perNode),
      PATH: [path.dirname(engine.python), usual['PATH']].filter(Boolean).join(path.delimiter),
    },
    depth: 2,
  };
}

/** Arguments of Python for a training in one process, or begun by LLaMA-Factory's own launcher. */
export const llmArguments = (yaml: string): string[] => ['-m', 'llamafactory.cli', 'train', yaml];
export const onNodes = ({ nodes, perNode, scripts }: LaunchSize, yaml: string): string[] => [
  ...torchrunOnNodes(nodes, perNode),
  ...[`${scripts}/${LLM_SCRIPT}.py`, yaml],
];

export const LLM_SCRIPT = 'train_llm';

/** torchrun by its module; which node it is on and where they meet it reads from its environment (slurm_nodes.py). */
export const torchrunOnNodes = (nodes: number, perNode: number): string[] => [
  ...['-m', 'torch.distributed.run', '--nnodes', String(nodes), '--nproc_per_node', String(perNode)],
];

/** What LLaMA-Factory's launcher sets for each process. */
const OWN_LAUNCHER = { PYTORCH_CUDA_ALLOC_CONF: 'expandable_segments:True', TORCH_NCCL_AVOID_RECORD_STREAMS: '1' };
