import { flagembedding } from './definitions/flagembedding.ts';
import { llamafactory } from './definitions/llamafactory.ts';
import { vllm } from './definitions/vllm.ts';
import type { EngineDefinition, EngineDevice, EngineName } from './types.ts';

/** Every engine, by name. A new one is a file beside these, a lock file, and its name in `types.ts`. */
export const ENGINES: Readonly<Record<EngineName, EngineDefinition>> = { llamafactory, flagembedding, vllm };

/** The environment an engine runs in: ours (without what would lead Python elsewhere) and what the engine needs. */
export function engineEnvironment(
  name: EngineName,
  device: EngineDevice,
  env: NodeJS.ProcessEnv = process.env,
): NodeJS.ProcessEnv {
  const definition = ENGINES[name];
  const { PYTHONPATH: _, PYTHONHOME: __, VIRTUAL_ENV: ___, ...rest } = env;
  return { ...rest, ...definition.environment, ...(device === 'cpu' ? definition.cpuEnvironment : {}) };
}
