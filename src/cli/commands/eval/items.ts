import type { Command } from 'commander';
import { z } from 'zod';
import type { QuestionRow, RunFigures } from '../../../evaluation/figures.ts';
import type { ItemScope } from '../../../evaluation/items/fields.ts';
import { RagtuiError } from '../../../platform/errors.ts';
import type { CommandContext } from '../../context.ts';
import { handle, type Invocation } from '../../define.ts';
import { itemRow } from '../../eval-text.ts';
import { table } from '../../output.ts';

const itemsOptions = z.object({
  filter: z.string().default(''),
  sort: z.string().default(''),
  column: z.string().min(1).optional(),
  base: z.string().min(1).optional(),
});
type ItemsOptions = z.output<typeof itemsOptions>;

const noteOptions = z.object({ flag: z.boolean().optional(), comment: z.string().optional() });
type NoteOptions = z.output<typeof noteOptions>;

/** `ragtui eval items|note|send`. */
export function addEvalItems(evaluation: Command, invocation: Invocation): void {
  handle(
    evaluation
      .command('items')
      .description('the questions of a run with what every column made of them')
      .argument('<run>', 'its id, or latest')
      .option(
        '--filter <expression>',
        'em=0 & base.em=1, state=error, blame=cut-apart, ~word, length>80, and or not ( )',
      )
      .option('--sort <field>', 'diff, em, base.length, ...; with "-" before it the largest first')
      .option('--column <name>', 'what a name without a column is about (default: the last one asked)')
      .option('--base <name>', 'what it is compared with (default: the first)'),
    invocation,
    { args: z.tuple([z.string().min(1)]), options: itemsOptions },
    items,
  );
  handle(
    evaluation
      .command('note')
      .description('flag a question of a run, or comment on it')
      .argument('<run>', 'its id, or latest')
      .argument('<item>', 'its id, as eval items shows it')
      .option('--flag', 'flag it')
      .option('--no-flag', 'take the flag off')
      .option('--comment <text>', 'empty: take it away'),
    invocation,
    { args: z.tuple([z.string().min(1), z.string().min(1)]), options: noteOptions },
    note,
  );
  handle(
    evaluation
      .command('send')
      .description('put questions of a run into a dataset, as new rows of a new version')
      .argument('<run>', 'its id, or latest')
      .argument('<items...>', 'their ids, as eval items shows them')
      .requiredOption('--dataset <name>', 'a dataset of questions (qa); made if there is none')
      .option('--allow-leak', 'also into one that is trained on, although these questions measure'),
    invocation,
    {
      args: z.tuple([z.string().min(1), z.array(z.string().min(1)).min(1)]),
      options: z.object({ dataset: z.string().min(1), allowLeak: z.boolean().default(false) }),
    },
    send,
  );
}

async function send(
  { out, paths }: CommandContext,
  [id, ids]: [string, string[]],
  { dataset, allowLeak }: { dataset: string; allowLeak: boolean },
): Promise<undefined> {
  const { sendItems } = await import('../../../evaluation/items/send.ts');
  const sent = await sendItems(paths, id, ids, dataset, { allowLeak });
  out.result(sent, () => [
    `${sent.added} new rows in ${sent.dataset} ${sent.version}${sent.known > 0 ? `; ${sent.known} were there` : ''}.`,
    ...(sent.leak ? [`Leak: ${sent.leak.measured} measures with them; ${sent.leak.through} trains.`] : []),
  ]);
}

async function figuresOf({ paths }: CommandContext, run: string): Promise<RunFigures> {
  const { runFigures } = await import('../../../evaluation/figures.ts');
  return runFigures(paths, run);
}

async function items(context: CommandContext, [id]: [string], options: ItemsOptions): Promise<undefined> {
  const { out, paths, signal } = context;
  const { mentions, parseExpression } = await import('../../../evaluation/items/expression.ts');
  const { differenceOfItem } = await import('../../../evaluation/items/fields.ts');
  const { listItems, scopeOf } = await import('../../../evaluation/items/list.ts');
  const { readItemNotes } = await import('../../../evaluation/items/notes.ts');
  const { blameRun } = await import('../../../evaluation/blame/run.ts');
  const { filter, sort } = options;
  const asked = mentions(parseExpression(filter), 'blame') || /(?:^|[.-])blame$/.test(sort);
  const figures = await figuresOf(context, id);
  const run = figures.report.run.id;
  const scope = scopeOf(figures, {
    column: options.column ?? null,
    base: options.base ?? null,
    blame: asked ? await blameRun(paths, run, { signal }) : null,
    notes: readItemNotes(paths, run),
  });
  const found = listItems(figures.questions, scope, { filter, sort });
  const json = {
    run,
    of: figures.questions.length,
    items: found.map((row) => ({
      ...itemJson(row, scope, differenceOfItem(row, scope.primary, scope)),
      passage: row.passage === null ? null : (figures.passages[row.passage] ?? null),
    })),
  };
  out.result(json, () =>
    found.length === 0
      ? `None of ${figures.questions.length} questions.`
      : [
          ...table(
            ['ITEM', ...scope.columns, 'DIFF', 'QUESTION'],
            found.map((row) => itemRow(row, scope, differenceOfItem(row, scope.primary, scope))),
          ),
          '',
          `${found.length} of ${figures.questions.length} questions; ${scope.primary}, ${scope.column} against ${scope.base}.`,
        ],
  );
}

function itemJson(row: QuestionRow, { column, base, blame, notes }: ItemScope, difference: number | undefined): object {
  return {
    ...row,
    column,
    base,
    difference: difference ?? null,
    ...(blame
      ? { blame: Object.fromEntries(blame.columns.map((one) => [one.column, one.byItem[row.item] ?? null])) }
      : {}),
    flag: notes[row.item]?.flag ?? false,
    comment: notes[row.item]?.comment ?? '',
  };
}

async function note(
  context: CommandContext,
  [id, item]: [string, string],
  { flag, comment }: NoteOptions,
): Promise<undefined> {
  if (flag === undefined && comment === undefined) {
    throw new RagtuiError('usage', 'There is nothing to note.', 'Use --flag, --no-flag or --comment TEXT.');
  }
  const { changeItemNotes } = await import('../../../evaluation/items/notes.ts');
  const { readRun } = await import('../../../evaluation/runs.ts');
  const run = readRun(context.paths, id);
  if (!run.items.some((one) => one.item === item)) {
    throw new RagtuiError('not-found', `The run has no finished item "${item}".`, `See: ragtui eval items ${id}`);
  }
  const notes = changeItemNotes(context.paths, run.view.spec.id, [item], {
    ...(flag === undefined ? {} : { flag }),
    ...(comment === undefined ? {} : { comment: comment.trim() }),
  });
  const now = notes[item] ?? { flag: false, comment: '' };
  context.out.result(
    { run: run.view.spec.id, item, ...now },
    () => `${item}: ${[now.flag ? 'flagged' : 'not flagged', now.comment].filter(Boolean).join(', ')}`,
  );
}
