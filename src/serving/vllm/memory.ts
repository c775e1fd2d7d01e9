import { existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import type { EngineDevice } from '../../engines/types.ts';
import { RagtuiError } from '../../platform/errors.ts';
import type { WorkspacePaths } from '../../platform/paths.ts';
import { transformersFolder } from '../../training/base-llm.ts';
import { availableMemory, inMegabytes } from '../memory.ts';
import type { ServeWork } from '../types.ts';
import type { VllmMachine } from './command.ts';

const GIBIBYTE = 1024 ** 3;
/** Python, torch and vLLM in the server and its engine core, without weights and cache: some 2 GiB measured (docs/engines.md). */
const PROCESS_BYTES = 2 * GIBIBYTE;

/** What a server takes, bytes; weights are 0 where their folder is not made yet. On a GPU the cache is what vLLM leaves. */
export interface VllmNeed {
  readonly weights: number;
  readonly cache: number;
  readonly process: number;
}

/** The memory of a vLLM server: on a CPU the machine's, where the cache is always bounded. */
export function vllmNeed(paths: WorkspacePaths, work: ServeWork, machine: Omit<VllmMachine, 'python'>): VllmNeed {
  const onCpu = machine.device === 'cpu';
  return {
    weights: weightBytes(work.weights ?? transformersFolder(paths, work.model), work, machine),
    cache: onCpu ? work.kvCacheGiB * GIBIBYTE : 0,
    process: onCpu ? PROCESS_BYTES : 0,
  };
}

/** Of the folder that Transformers reads, in the number format vLLM will hold them in. */
function weightBytes(folder: string, { vllm }: ServeWork, machine: Omit<VllmMachine, 'python'>): number {
  if (!existsSync(folder)) return 0;
  const bytes = readdirSync(folder)
    .filter((name) => name.endsWith('.safetensors'))
    .reduce((sum, name) => sum + statSync(path.join(folder, name)).size, 0);
  const full =
    vllm?.dtype === 'float32' || (vllm?.dtype === undefined && machine.device === 'cpu' && !machine.hasBfloat16);
  // Our bases are float32 on disk; where they need not be, they are held at half of it.
  return full ? bytes : bytes / 2;
}

/** Refuses a server that a CPU machine has no memory for, with the numbers. Errors: `unavailable`. */
export function checkVllmMemory(
  paths: WorkspacePaths,
  work: ServeWork,
  device: EngineDevice,
  hasBfloat16: boolean,
  free = availableMemory(),
): void {
  if (device !== 'cpu') return;
  const { weights, cache, process } = vllmNeed(paths, work, { device, hasBfloat16 });
  const total = weights + cache + process;
  if (total <= free) return;
  const parts = `${weights > 0 ? `weights ${inMegabytes(weights)}, ` : ''}cache ${inMegabytes(cache)}, vLLM itself about ${inMegabytes(process)}`;
  const fits = Math.floor((free - weights - process) / GIBIBYTE);
  throw new RagtuiError(
    'unavailable',
    `vLLM with ${work.model} needs about ${inMegabytes(total)} of memory (${parts}); ${inMegabytes(free)} are free.`,
    fits >= 1
      ? `Give the cache ${fits} GiB (--kv-gib ${fits}), stop a server, or close programs.`
      : 'Stop a server or close programs; or serve it with --engine llama, which takes far less.',
  );
}
