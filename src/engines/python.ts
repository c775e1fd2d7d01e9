import path from 'node:path';
import { RagtuiError } from '../platform/errors.ts';
import { runCommand } from './command.ts';
import type { EngineDefinition } from './types.ts';

const ASK = 'import sys,json; print(json.dumps({"executable": sys.executable, "version": list(sys.version_info[:3])}))';

export interface PythonFound {
  readonly executable: string;
  readonly version: readonly [number, number, number];
}

/** The Python behind a command; undefined when there is none, or it does not answer. */
export async function askPython(command: string, signal?: AbortSignal): Promise<PythonFound | undefined> {
  try {
    const { code, stdout } = await runCommand(command, ['-c', ASK], {
      timeoutMs: 20_000,
      ...(signal ? { signal } : {}),
    });
    return code === 0 ? parseAnswer(stdout) : undefined;
  } catch (error) {
    if (signal?.aborted) throw error;
    return undefined;
  }
}

function parseAnswer(text: string): PythonFound | undefined {
  const match = /"executable": "([^"]+)", "version": \[(\d+), (\d+), (\d+)\]/.exec(text);
  if (!match?.[1]) return undefined;
  return { executable: path.resolve(match[1]), version: [Number(match[2]), Number(match[3]), Number(match[4])] };
}

/** Whether a Python is in the range the engine's lock file was made for. */
export function suits({ python }: EngineDefinition, [major, minor]: readonly [number, number, number]): boolean {
  const number = major * 100 + minor;
  return number >= python.min[0] * 100 + python.min[1] && number <= python.max[0] * 100 + python.max[1];
}

/**
 * The newest suitable Python among `python3.12`, `python3.11`, … and `python3` on PATH. None is ever downloaded.
 * Throws `unavailable`, naming what was found.
 */
export async function findPython(definition: EngineDefinition, signal?: AbortSignal): Promise<PythonFound> {
  const { min, max } = definition.python;
  const commands = [];
  for (let minor = max[1]; minor >= min[1]; minor -= 1) commands.push(`python3.${minor}`);
  const unsuitable: string[] = [];
  for (const command of [...commands, 'python3', 'python']) {
    const found = await askPython(command, signal);
    if (found && suits(definition, found.version)) return found;
    if (found) unsuitable.push(found.version.join('.'));
  }
  const seen = unsuitable.length > 0 ? ` (found ${[...new Set(unsuitable)].join(', ')})` : '';
  throw new RagtuiError(
    'unavailable',
    `${definition.title} needs Python ${min.join('.')} to ${max.join('.')}, and there is none on PATH${seen}.`,
    'Install one with your package manager (with its venv module), or name an environment of your own with --python.',
  );
}
