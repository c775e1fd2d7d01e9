import type { Command } from 'commander';
import { z } from 'zod';
import { RagtuiError } from '../../platform/errors.ts';
import { handle, type Invocation } from '../define.ts';

/** One letter in three may be wrong in a word that is still recognised. */
const LETTERS_PER_SLIP = 3;

/** `ragtui` alone opens the full-screen program. */
export function addTui(program: Command, invocation: Invocation): void {
  const command = program
    .command('tui', { isDefault: true, hidden: true })
    .description('open the full-screen program')
    .argument('[command...]');
  const schemas = { args: z.tuple([z.array(z.string())]), options: z.object({}) };
  handle(command, invocation, schemas, async (context, [words]) => {
    const [word] = words;
    if (word !== undefined) throw unknownCommand(word, program);
    if (!process.stdin.isTTY || !process.stdout.isTTY) {
      throw new RagtuiError(
        'usage',
        'This is a full-screen program, and there is no terminal here.',
        'Over SSH use "ssh -t". Without a terminal: "ragtui ingest FOLDER --kb NAME", then "ragtui ask QUESTION --kb NAME"; "ragtui demo" shows it all; "ragtui --help" lists the rest.',
      );
    }
    const { startTui } = await import('../../app/main.tsx');
    const env = context.out.options.color ? context.env : { ...context.env, NO_COLOR: '1' };
    await startTui({ home: context.paths.home, env });
    return undefined;
  });
}

function unknownCommand(word: string, program: Command): RagtuiError {
  const slips = Math.max(1, Math.floor(word.length / LETTERS_PER_SLIP));
  const near = program.commands
    .map((command) => command.name())
    .filter((name) => name !== 'tui' && distance(name, word) <= slips);
  const hint = near.length > 0 ? `Did you mean "ragtui ${near.join('" or "ragtui ')}"?` : 'Run "ragtui --help".';
  return new RagtuiError('usage', `There is no command "${word}".`, hint);
}

/** Levenshtein distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
