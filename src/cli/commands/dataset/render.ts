import type { Command } from 'commander';
import { z } from 'zod';
import type { FormWish } from '../../../datasets/making/prepare-sft.ts';
import { RagtuiError } from '../../../platform/errors.ts';
import type { CommandContext } from '../../context.ts';
import { handle, type Invocation } from '../../define.ts';
import { makingOptions, startMaking } from '../../making-job.ts';
import { name, whole } from './arguments.ts';
import { rowNumber } from './row-number.ts';

const options = makingOptions.extend({
  row: whole.optional(),
  split: z.string().min(1).optional(),
  model: z.string().min(1).optional(),
  template: z.string().min(1).default('sft'),
  markers: z
    .string()
    .regex(/^[A-Z][A-Z0-9_]*$/, 'capitals, digits and _')
    .optional(),
  schema: z.string().min(1).optional(),
  as: z.string().min(1).optional(),
});
type Options = z.output<typeof options>;

/** `ragtui dataset render NAME --row N`, or `--as NEW` for all rows. */
export function addRender(dataset: Command, invocation: Invocation): void {
  handle(
    dataset
      .command('render')
      .description('a row as the model sees it in training; with --as, all rows as a dataset to train on')
      .argument('<name>')
      .option('--row <n>', 'from 0')
      .option('--as <name>', 'make a dataset of all rows instead')
      .option('--split <part>', 'count rows within this part')
      .option(
        '--model <id>',
        "also through this model's chat template, with its tokens (a model, an adapter, a folder)",
      )
      .option(
        '--template <prompt>',
        "of questions: a prompt by name, or a file with {context} and {question} (default: sft, the tutorial's)",
      )
      .option('--markers <key>', 'outputs as {{KEY_START}}…{{KEY_END}}')
      .option('--schema <file>', 'outputs are JSON that fits this JSON Schema; rows that do not are left out')
      .option('--dry-run', 'with --as: show what would run')
      .option('--wait', 'with --as: stay until the job ends'),
    invocation,
    { args: name, options },
    render,
  );
}

async function render(context: CommandContext, [which]: [string], wish: Options): Promise<number | undefined> {
  const { chooseForm } = await import('../../../datasets/making/prepare-sft.ts');
  const { template: prompt, markers, schema: schemaFile } = wish;
  if (wish.as !== undefined) return renderAll(context, which, wish, { prompt, markers, schemaFile });
  if (wish.row === undefined) {
    throw new RagtuiError('usage', 'Which row?', 'Name it: --row 0. Or make a dataset of all: --as NAME.');
  }
  const { out, paths } = context;
  const { openDataset } = await import('../../../datasets/open.ts');
  const { previewRow } = await import('../../../datasets/making/preview-row.ts');
  const number = await rowNumber(openDataset(paths, which), wish.row, wish.split);
  const form = chooseForm(paths, { prompt, markers, schemaFile });
  const row = { dataset: which, row: number, model: wish.model ?? null, form };
  const { messages, rendered } = await previewRow(paths, row);
  out.result({ number, messages, ...(rendered === null ? {} : { rendered }) }, () => {
    if (rendered === null) return messages.flatMap(({ role, content }) => [`── ${role}`, content]);
    const about = rendered.exact ? '' : 'about ';
    return [
      `── prompt (${about}${rendered.promptTokens} tokens of ${wish.model})`,
      rendered.prompt,
      `── target (${about}${rendered.targetTokens} tokens)`,
      rendered.target,
    ];
  });
  return undefined;
}

async function renderAll(context: CommandContext, which: string, wish: Options, form: FormWish): Promise<number> {
  const { prepareSft } = await import('../../../datasets/making/prepare-sft.ts');
  const { making, rows } = prepareSft(context.paths, {
    ...form,
    dataset: which,
    part: wish.split ?? 'all',
    as: wish.as,
  });
  const lines = [
    `from      ${making.dataset} ${making.version} (${making.part}, ${rows} rows)`,
    `to        ${making.as}`,
    `template  ${making.template.name}`,
    ...(making.markers === null ? [] : [`markers   ${making.markers}`]),
    ...(making.schema === null ? [] : [`schema    ${wish.schema}`]),
  ];
  return startMaking(context, { making, models: [], plan: { rows }, lines }, wish);
}
