import { pythonScript } from '../platform/entry.ts';
import { RagtuiError } from '../platform/errors.ts';
import { parseJson } from '../platform/json.ts';
import { runCommand } from './command.ts';
import { ENGINES, engineEnvironment } from './definitions.ts';
import { type EngineCheck, type EngineDevice, type EngineName, engineCheckSchema } from './types.ts';

const CHECK_TIMEOUT_MS = 300_000;

/**
 * Imports an engine in its environment and reports versions and devices: half a minute on a slow machine.
 * Throws `unavailable` with what Python said when it cannot be imported.
 */
export async function checkEngine(
  name: EngineName,
  python: string,
  device: EngineDevice,
  signal?: AbortSignal,
): Promise<EngineCheck> {
  const { imports, distributions, title } = ENGINES[name];
  const started = performance.now();
  const { code, stdout, stderr } = await runCommand(
    python,
    ['-I', pythonScript('check_engine'), imports.join(','), distributions.join(',')],
    { env: engineEnvironment(name, device), timeoutMs: CHECK_TIMEOUT_MS, ...(signal ? { signal } : {}) },
  );
  // The engines themselves write to stdout as they are imported: the answer is the last line.
  const answer = stdout.trimEnd().split('\n').at(-1) ?? '';
  const parsed = code === 0 ? engineCheckSchema.omit({ seconds: true }).safeParse(parseJson(answer)) : undefined;
  if (!parsed?.success) {
    const why = (stderr.trimEnd().split('\n').at(-1) ?? '').slice(0, 300) || `exit code ${code ?? 'none'}`;
    throw new RagtuiError(
      'unavailable',
      `${title} cannot be imported by ${python}: ${why}`,
      `Run "ragtui engines remove ${name}" and install it again.`,
    );
  }
  return { ...parsed.data, seconds: Math.round((performance.now() - started) / 100) / 10 };
}
