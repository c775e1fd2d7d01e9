import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { redactSecrets } from '../platform/redact.ts';
import type { JobView } from './types.ts';

/** In a job's folder: the command lines of the programs its worker ran, one a line. */
const COMMANDS = 'commands.txt';
/** Files a worker writes for its engine; larger ones are data. */
const CONFIGURATION = /\.(ya?ml|toml)$/;
const MOST_BYTES = 64 * 1024;

/** Keeps the command line of a program that a job's worker starts, as a person would type it. Never throws. */
export function keepCommand(folder: string, program: string, args: readonly string[]): void {
  const line = redactSecrets(shellLine([program, ...args]));
  try {
    writeFileSync(path.join(folder, COMMANDS), `${line}\n`, { flag: 'a', mode: 0o600 });
  } catch {
    // A full disk: the work itself says so if it matters.
  }
}

/** Words as a shell takes them. Pure. */
export const shellLine = (words: readonly string[]): string =>
  words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`)).join(' ');

/** Exactly what a job ran: its spec, the commands of its engines, and the configuration files they were given. */
export function whatRan({ spec, folder, gpus }: Pick<JobView, 'spec' | 'folder' | 'gpus'>): string {
  const files = readdirSync(folder)
    .filter((name) => CONFIGURATION.test(name))
    .sort();
  return [
    `# ${spec.name} (${spec.id})`,
    `# folder ${folder}`,
    ...(gpus.length > 0 ? [`# GPU ${gpus.join(', ')}`] : []),
    '',
    JSON.stringify(spec.work, null, 2),
    ...[COMMANDS, ...files].flatMap((name) => {
      const text = smallText(path.join(folder, name));
      return text === undefined ? [] : ['', `# ${name}`, text.trimEnd()];
    }),
    '',
  ].join('\n');
}

function smallText(file: string): string | undefined {
  const size = statSync(file, { throwIfNoEntry: false })?.size;
  if (size === undefined) return undefined;
  return size <= MOST_BYTES ? readFileSync(file, 'utf8') : `(${size} bytes: see ${file})`;
}
