import { copyFileSync } from 'node:fs';
import path from 'node:path';
import type { z } from 'zod';
import { runCommand } from '../engines/command.ts';
import { ENGINES, engineEnvironment } from '../engines/definitions.ts';
import type { InstalledEngine } from '../engines/store.ts';
import { pythonScript } from '../platform/entry.ts';
import { parseJson } from '../platform/json.ts';
import { trainingFault } from './failures/fault.ts';

export interface ScriptOptions {
  readonly signal?: AbortSignal;
  readonly onLog?: (text: string) => void;
}

/** Puts a script beside the data, with what it imports: the engine of another machine runs it there. */
export function copyScripts(folder: string, name: keyof typeof IMPORTS): void {
  for (const one of [name, ...IMPORTS[name]]) copyFileSync(pythonScript(one), path.join(folder, `${one}.py`));
}
const IMPORTS = { train_embedder: ['held_out', 'together'], train_llm: ['together'] } as const;

/**
 * Runs one of our Python scripts in an engine's environment and returns the JSON of its last line of stdout.
 * Throws what `trainingFault` makes of a failure, `cancelled`.
 */
export async function runScript<S extends z.ZodType>(
  engine: InstalledEngine,
  script: string,
  args: readonly string[],
  answer: S,
  options: ScriptOptions = {},
): Promise<z.output<S>> {
  const { code, stdout, stderr } = await runCommand(engine.python, ['-I', pythonScript(script), ...args], {
    env: engineEnvironment(engine.name, engine.device),
    ...(options.signal ? { signal: options.signal } : {}),
  });
  const parsed = answer.safeParse(parseJson(stdout.trimEnd().split('\n').at(-1) ?? ''));
  if (code === 0 && parsed.success) return parsed.data;
  throw trainingFault(`${script} in ${ENGINES[engine.name].title}`, { code, signal: null }, stderr);
}
