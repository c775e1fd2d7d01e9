import type { Command } from 'commander';
import { z } from 'zod';
import { RagtuiError } from '../../platform/errors.ts';
import { confirm } from '../confirm.ts';
import type { CommandContext } from '../context.ts';
import { handle, type Invocation } from '../define.ts';
import { EXIT } from '../exit-codes.ts';
import { jobJson } from '../job-text.ts';
import { jobToEnd } from '../job-to-end.ts';
import { withKb } from '../kb-client.ts';

const optionsSchema = z.object({
  embedder: z.string().min(1),
  drop: z.boolean().default(false),
  detach: z.boolean().default(false),
  yes: z.boolean().default(false),
  pull: z.boolean().default(true),
});
type Options = z.output<typeof optionsSchema>;

/** `ragtui kb shadow NAME --embedder ID`. */
export function addKbShadow(kb: Command, invocation: Invocation): void {
  const command = kb
    .command('shadow')
    .description("build another embedder's index beside the live one, which goes on answering; then `kb switch`")
    .argument('<name>')
    .requiredOption('--embedder <id>')
    .option('--drop', 'take it out again, with its index')
    .option('--detach', 'start it and do not wait')
    .option('--yes', 'with --drop: do not ask')
    .option('--no-pull', 'do not fetch a missing model');
  handle(command, invocation, { args: z.tuple([z.string().min(1)]), options: optionsSchema }, shadow);
}

async function shadow(context: CommandContext, [name]: [string], options: Options): Promise<number> {
  if (options.drop) return drop(context, name, options);
  const { embedder } = options;
  const base = await withKb(context, (kb) => kb.call('kb.show', { kb: name }));
  if (base.embedders[0] === embedder) {
    throw new RagtuiError('invalid', `"${name}" is searched with ${embedder} already.`, 'Name another --embedder.');
  }
  const { needModels } = await import('../need-models.ts');
  const { resolveEmbedder } = await import('../../models/embedder-client.ts');
  const { launchJob } = await import('../../jobs/launcher.ts');
  await needModels(context, [embedder], options.pull);
  // What cannot be an embedder is said here, not by a job.
  await resolveEmbedder(context.paths, embedder);
  const job = await launchJob(context.paths, { kind: 'shadow', kb: name, embedder });
  if (options.detach) {
    context.out.result(
      { job: jobJson(job) },
      () => `Started ${job.spec.id}. Follow it: ragtui jobs logs -f ${job.spec.id}`,
    );
    return EXIT.done;
  }
  return jobToEnd(context, job, {
    done: () => [
      `Ready beside ${base.embedders[0] ?? 'none'}. Search with it: ragtui kb switch ${name} --embedder ${embedder}`,
    ],
  });
}

async function drop(context: CommandContext, name: string, { embedder, yes }: Options): Promise<number> {
  await confirm(context, yes, `Takes ${embedder} out of "${name}", with its index.`);
  const kb = await withKb(context, (client) => client.call('kb.dropEmbedder', { kb: name, embedder }));
  context.out.result({ kb }, () => `"${name}" has ${kb.embedders.join(', ')}.`);
  return EXIT.done;
}
