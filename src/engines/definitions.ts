import { flagembedding } from './definitions/flagembedding.ts';
import { llamafactory } from './definitions/llamafactory.ts';
import { vllm } from './definitions/vllm.ts';
import type { EngineDefinition, EngineDevice, EngineName } from './types.ts';

/** Every engine, by name. A new one is a file beside these, a lock file, and its name in `types.ts`. */
export const ENGINES: Readonly<Record<EngineName, EngineDefinition>> = { llamafactory, flagembedding, vllm };

/**
 * Threads that wait for each other sleep instead of spinning. Where others use the cores too, spinning made the same
 * work six times slower (two cores, load 16: 3–4 rounds of a small network in 12 s against 18–21).
 */
const CPU_THREADS = { OMP_WAIT_POLICY: 'PASSIVE' } as const;

/** The environment an engine runs in: ours (without what would lead Python elsewhere) and what the engine needs. */
export function engineEnvironment(
  name: EngineName,
  device: EngineDevice,
  env: NodeJS.ProcessEnv = process.env,
): NodeJS.ProcessEnv {
  const definition = ENGINES[name];
  const { PYTHONPATH: _, PYTHONHOME: __, VIRTUAL_ENV: ___, ...rest } = env;
  return {
    ...rest,
    ...definition.environment,
    ...(device === 'cpu' ? { ...CPU_THREADS, ...definition.cpuEnvironment } : {}),
  };
}
