import type { Command } from 'commander';
import { z } from 'zod';
import type { Holding } from '../../../serving/hand-over.ts';
import { confirm } from '../../confirm.ts';
import type { CommandContext } from '../../context.ts';
import { handle, type Invocation } from '../../define.ts';
import { table } from '../../output.ts';

const optionsSchema = z.object({ dryRun: z.boolean().default(false), yes: z.boolean().default(false) });

/** `ragtui deploy make-room [NAME]` and `wake NAME`: a training wants the memory that a server holds. */
export function addMakeRoom(deploy: Command, invocation: Invocation): void {
  const room = deploy
    .command('make-room')
    .description('take the memory that servers hold, for a training: they sleep, or are stopped; says what it costs')
    .argument('[name]', 'only the servers that have this model or adapter, or the server of this job')
    .option('--dry-run', 'show what they hold, change nothing')
    .option('--yes', 'do not ask');
  handle(room, invocation, { args: z.tuple([z.string().min(1).optional()]), options: optionsSchema }, runMakeRoom);
  const wake = deploy
    .command('wake')
    .description('wake a server that make-room let sleep; NAME is its model or its job')
    .argument('<name>');
  handle(wake, invocation, { args: z.tuple([z.string().min(1)]), options: z.object({}) }, runWake);
}

async function runMakeRoom(
  context: CommandContext,
  [name]: [(string | undefined)?],
  { dryRun, yes }: z.output<typeof optionsSchema>,
): Promise<undefined> {
  const { holdings, takeMemory } = await import('../../../serving/hand-over.ts');
  const { out, paths } = context;
  const found = await holdings(paths, name);
  if (dryRun || found.length === 0) {
    out.result({ holdings: found, changed: false }, () =>
      found.length === 0 ? 'No server of ours holds memory.' : shown(found),
    );
    return;
  }
  for (const line of shown(found)) out.note(line);
  await confirm(context, yes, `Takes the memory of ${found.length} ${found.length === 1 ? 'server' : 'servers'}.`);
  for (const holding of found) await takeMemory(paths, holding);
  out.result({ holdings: found, changed: true }, () =>
    found.map(({ model, how, job }) =>
      how === 'sleep'
        ? `${model} sleeps; wake it: ragtui deploy wake ${job}`
        : `${model} was stopped; have it back: ragtui jobs retry ${job}`,
    ),
  );
}

const shown = (found: readonly Holding[]): string[] =>
  table(
    ['MODEL', 'ENGINE', 'HOLDS', 'WHERE', 'IT WOULD', 'TO HAVE IT BACK'],
    found.map(({ model, engine, bytes, device, how, startSeconds }) => [
      model,
      engine,
      bytes === null ? 'not known' : `${Math.round(bytes / 1024 ** 2)} MB`,
      device === 'gpu' ? 'GPU' : 'memory',
      how,
      how === 'sleep' ? 'seconds' : startSeconds === null ? 'not known' : `${Math.round(startSeconds)} s`,
    ]),
  );

async function runWake({ out, paths }: CommandContext, [name]: [string]): Promise<undefined> {
  const { wake } = await import('../../../serving/hand-over.ts');
  const job = await wake(paths, name);
  out.result({ job }, () => `${name} is awake.`);
}
