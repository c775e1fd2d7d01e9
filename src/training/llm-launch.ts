import path from 'node:path';
import { engineEnvironment } from '../engines/definitions.ts';
import type { InstalledEngine } from '../engines/store.ts';

export interface Launch {
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Processes that train stand this far below the one that is started: torchrun's are its grandchildren. */
  readonly depth: 0 | 2;
}

/**
 * How LLaMA-Factory is started on so many GPUs of one machine. On several its own launcher calls `torchrun`, found on
 * PATH, with its command line cut at spaces: the training file is named without a folder.
 */
export function launchOf(engine: InstalledEngine, yaml: string, gpus: number, env: NodeJS.ProcessEnv): Launch {
  const args = ['-m', 'llamafactory.cli', 'train', yaml];
  const usual = engineEnvironment('llamafactory', engine.device, env);
  if (gpus < 2) return { args, env: usual, depth: 0 };
  return {
    args,
    env: {
      ...usual,
      FORCE_TORCHRUN: '1',
      NPROC_PER_NODE: String(gpus),
      PATH: [path.dirname(engine.python), usual['PATH']].filter(Boolean).join(path.delimiter),
    },
    depth: 2,
  };
}
