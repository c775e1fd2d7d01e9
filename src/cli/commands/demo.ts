import type { Command } from 'commander';
import { z } from 'zod';
import { handle, type Invocation } from '../define.ts';
import { EXIT } from '../exit-codes.ts';
import { table } from '../output.ts';

/** `ragtui demo`: the whole story on the sample documents, without a key press. */
export function addDemo(program: Command, invocation: Invocation): void {
  const command = program
    .command('demo')
    .description('pull, ingest, search, ask and verify on the sample documents, in a workspace that is thrown away')
    .option('--keep', 'keep the workspace, to look at it with ragtui --home');
  const schemas = { args: z.tuple([]), options: z.object({ keep: z.boolean().default(false) }) };
  handle(command, invocation, schemas, async (context, _, { keep }) => {
    const { runDemo } = await import('../demo/run-demo.ts');
    const { steps, home } = await runDemo(context, keep);
    const ok = steps.every((step) => step.ok);
    const seconds = steps.reduce((sum, step) => sum + step.seconds, 0);
    context.out.result({ ok, seconds, home: keep ? home : null, steps }, () => [
      '',
      ...table(
        ['STEP', 'SECONDS', 'OK', 'WHAT IT DID'],
        [
          ...steps.map((step) => [step.name, step.seconds.toFixed(1), step.ok ? 'yes' : 'NO', step.detail]),
          ['all', seconds.toFixed(1), ok ? 'yes' : 'NO', ''],
        ],
      ),
      ...(keep ? ['', `Look around: ragtui --home ${home}`] : []),
    ]);
    return ok ? EXIT.done : EXIT.failed;
  });
}
