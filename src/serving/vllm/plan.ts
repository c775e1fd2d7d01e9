import { engineStatus, environmentPython } from '../../engines/store.ts';
import { readAdapterConfig } from '../../models/gguf/lora.ts';
import type { WorkspacePaths } from '../../platform/paths.ts';
import { transformersFolder } from '../../training/base-llm.ts';
import type { ServeWork } from '../types.ts';
import { shownCommand, vllmCommand } from './command.ts';
import { cpuHasBfloat16 } from './machine.ts';

/** Ranks of the adapters, in their order. */
export const adapterRanks = ({ adapters }: Pick<ServeWork, 'adapters'>): number[] =>
  adapters.map(({ path }) => readAdapterConfig(path).r);

/** The command a deployment would run, also where vLLM is not installed yet. The port is chosen at the start. */
export function plannedCommand(paths: WorkspacePaths, work: ServeWork): string {
  const { manifest } = engineStatus(paths, 'vllm');
  const machine = {
    python: manifest?.python ?? environmentPython(paths, 'vllm'),
    device: manifest?.device ?? 'cpu',
    hasBfloat16: cpuHasBfloat16(),
  };
  const weights = work.weights ?? transformersFolder(paths, work.model);
  return shownCommand(vllmCommand({ machine, work, weights, ranks: adapterRanks(work), port: 0 }));
}
