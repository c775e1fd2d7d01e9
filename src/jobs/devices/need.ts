import type { EngineDevice, EngineName } from '../../engines/types.ts';
import { type JobWork, launcherName } from '../types.ts';

/** The Python engine that does a job's work; undefined where none does. */
export function engineOf(work: JobWork): EngineName | undefined {
  // Another machine's work.
  if (launcherName(work) !== 'local') return undefined;
  switch (work.kind) {
    case 'train-llm':
      return 'llamafactory';
    case 'train-embedder':
      return 'flagembedding';
    case 'serve':
      return work.engine === 'vllm' ? 'vllm' : undefined;
    default:
      return undefined;
  }
}

/** How many GPUs a job needs for itself; `device` is what its engine was installed for. Nothing on a CPU. Pure. */
export function gpusWanted(work: JobWork, device: EngineDevice | undefined): number {
  if (device !== 'cuda' || engineOf(work) === undefined) return 0;
  // Ray hands out the GPUs of its cluster itself.
  if (work.kind === 'serve' && work.vllm?.ray !== undefined) return 0;
  return 'gpus' in work && work.gpus !== undefined ? work.gpus : 1;
}

/** Whether a job keeps all cores busy for so long that a second one beside it would ruin both. Pure. */
export const fillsCpu = (work: JobWork, device: EngineDevice | undefined): boolean =>
  engineOf(work) !== undefined &&
  (work.kind === 'train-llm' || work.kind === 'train-embedder') &&
  gpusWanted(work, device) === 0;
