import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { z } from 'zod';
import { RagtuiError, toRagtuiError } from '../../../platform/errors.ts';
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
  const { chooseTemplate } = await import('../../../datasets/making/template.ts');
  const form = {
    template: chooseTemplate(context.paths, wish.template),
    markers: wish.markers ?? null,
    schema: wish.schema === undefined ? null : readText(wish.schema),
  };
  if (wish.as !== undefined) return renderAll(context, which, wish.as, wish, form);
  if (wish.row === undefined) {
    throw new RagtuiError('usage', 'Which row?', 'Name it: --row 0. Or make a dataset of all: --as NAME.');
  }
  const { out, paths } = context;
  const { openDataset } = await import('../../../datasets/open.ts');
  const { previewRow } = await import('../../../datasets/making/preview-row.ts');
  const number = await rowNumber(openDataset(paths, which), wish.row, wish.split);
  const { messages, rendered } = await previewRow(paths, {
    dataset: which,
    row: number,
    model: wish.model ?? null,
    form,
  });
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

type Form = Pick<import('../../../datasets/making/types.ts').MakingOf<'sft'>, 'template' | 'markers' | 'schema'>;

async function renderAll(context: CommandContext, which: string, as: string, wish: Options, form: Form) {
  const { openDataset } = await import('../../../datasets/open.ts');
  const { datasetSlug } = await import('../../../datasets/layout.ts');
  const { sftMaker } = await import('../../../datasets/making/sft.ts');
  const dataset = openDataset(context.paths, which);
  const part = wish.split ?? 'all';
  const rows = dataset.count(part);
  datasetSlug(as);
  // What is wrong with the template or the schema is said now.
  sftMaker(context.paths, form);
  const { name: from, version } = dataset.manifest;
  const making = { what: 'sft' as const, dataset: from, version, part, as, ...form };
  const lines = [
    `from      ${from} ${version} (${part}, ${rows} rows)`,
    `to        ${as}`,
    `template  ${form.template.name}`,
    ...(form.markers === null ? [] : [`markers   ${form.markers}`]),
    ...(form.schema === null ? [] : [`schema    ${wish.schema}`]),
  ];
  return startMaking(context, { making, models: [], plan: { rows }, lines }, wish);
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw toRagtuiError(error);
  }
}
