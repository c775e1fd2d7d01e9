import type { Command } from 'commander';
import { z } from 'zod';
import { RagtuiError } from '../../platform/errors.ts';
import { nearNames } from '../../platform/near.ts';
import { handle, type Invocation } from '../define.ts';

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
  const names = program.commands.map((command) => command.name()).filter((name) => name !== 'tui');
  const near = nearNames(word, names);
  const hint = near.length > 0 ? `Did you mean "ragtui ${near.join('" or "ragtui ')}"?` : 'Run "ragtui --help".';
  return new RagtuiError('usage', `There is no command "${word}".`, hint);
}
