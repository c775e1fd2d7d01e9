import { engineStatus, environmentPython } from '../../engines/store.ts';
import type { WorkspacePaths } from '../../platform/paths.ts';
import { transformersFolder } from '../../training/base-llm.ts';
import { adapterRank } from '../adapters/fits.ts';
import { versionedName } from '../adapters/state.ts';
import type { ServeWork } from '../types.ts';
import { loraRoom, shownCommand, type VllmMachine, vllmCommand, vllmEnvironment } from './command.ts';
import { cpuHasBfloat16 } from './machine.ts';
import { poolerOf } from './pooling.ts';

/** Ranks of the adapters, in their order. */
export const adapterRanks = ({ adapters }: Pick<ServeWork, 'adapters'>): number[] =>
  adapters.map(({ path }) => adapterRank(path) ?? 0);

/** The command a deployment would run, also where vLLM is not installed yet. The port is chosen at the start. `far`: the Python of another host. */
export function plannedCommand(paths: WorkspacePaths, work: ServeWork, far?: VllmMachine): string {
  const { manifest } = engineStatus(paths, 'vllm');
  const machine = far ?? {
    python: manifest?.python ?? environmentPython(paths, 'vllm'),
    device: manifest?.device ?? 'cpu',
    hasBfloat16: cpuHasBfloat16(),
  };
  const weights = work.weights ?? transformersFolder(paths, work.model);
  const adapters = work.adapters.map(({ name, path }) => ({ name: versionedName(name, 1), path }));
  const room = loraRoom(work, adapterRanks(work));
  const pooler = poolerOf(paths, work);
  const command = vllmCommand({ machine, work, weights, adapters, room, pooler, port: 0 });
  return shownCommand(command, vllmEnvironment(work, machine, ''));
}
