import type { Command } from 'commander';
import { z } from 'zod';
import type { CommandContext } from '../../context.ts';
import { handle, type Invocation } from '../../define.ts';
import { makingOptions, startMaking } from '../../making-job.ts';
import { none, whole } from './arguments.ts';

const options = makingOptions.extend({
  kb: z.string().min(1).optional(),
  group: z.string().min(1).optional(),
  llm: z.string().min(1),
  count: whole.min(1, 'at least 1').default(20),
  name: z.string().min(1).optional(),
  language: z.enum(['auto', 'en', 'zh'], 'auto, en or zh').default('auto'),
  perChunk: whole.min(1, '1 to 10').max(10, '1 to 10').default(1),
  chunks: whole.min(1, 'at least 1').optional(),
  answersFor: z.string().min(1).optional(),
  split: z.string().min(1).default('all'),
  seed: whole.default(1314),
  temperature: z.coerce.number('0 to 2').min(0, '0 to 2').max(2, '0 to 2').default(0),
  maxTokens: whole.min(16, 'at least 16').default(512),
  concurrency: whole.min(1, '1 to 64').max(64, '1 to 64').default(1),
});
type Options = z.output<typeof options>;

/** `ragtui dataset synthesize`. */
export function addSynthesize(dataset: Command, invocation: Invocation): void {
  handle(
    dataset
      .command('synthesize')
      .description(
        'let an LLM write questions about chunks, or answers to questions; each answer is checked against its text',
      )
      .requiredOption('--llm <id>', 'an endpoint, or a model of the embedded server')
      .option('--kb <name>', 'the knowledge base whose chunks are asked about')
      .option('--group <group>', 'its node group (default: its first)')
      .option('--count <n>', 'questions that are wanted (default: 20)')
      .option('--per-chunk <n>', 'questions asked of one chunk (default: 1)')
      .option('--chunks <n>', 'at most so many chunks are asked about (default: all)')
      .option('--language <code>', 'of the prompts: auto (by chunk), en or zh (default: auto)')
      .option('--answers-for <dataset>', 'instead: answers for the questions of this dataset that have none')
      .option('--split <part>', 'with --answers-for: part of the dataset (default: all)')
      .option('--name <name>', 'what to call it (default: KB-questions, or DATASET-answered)')
      .option('--temperature <t>', 'default: 0')
      .option('--max-tokens <n>', 'of one reply (default: 512)')
      .option('--concurrency <n>', 'requests at once (default: 1; the embedded server answers one at a time)')
      .option('--seed <n>', 'default: 1314')
      .option('--dry-run', 'show what would be asked and what it would cost')
      .option('--no-pull', 'do not fetch a missing default model')
      .option('--wait', 'stay until the job ends'),
    invocation,
    { args: none, options },
    synthesize,
  );
}

async function synthesize(context: CommandContext, _: [], wish: Options): Promise<number> {
  const { prepareLabels, prepareSynthesis } = await import('../../../datasets/making/prepare-llm.ts');
  const planned =
    wish.answersFor === undefined
      ? await prepareSynthesis(context.paths, wish, context.signal)
      : await prepareLabels(context.paths, { ...wish, dataset: wish.answersFor }, context.signal);
  return startMaking(context, { ...planned, lines: planLines(planned.plan) }, wish);
}

function planLines({ ask, promptTokens, cost, first, ...rest }: Plan): string[] {
  return [
    ...Object.entries(rest).map(([name, value]) => `${name.padEnd(10)} ${String(value)}`),
    `ask        ${ask} times at most, about ${promptTokens} tokens of prompts${cost === null ? '' : `, ${cost}`}`,
    '',
    ...first.flatMap(({ role, content }) => [`── ${role}`, content]),
  ];
}

type Plan = import('../../../datasets/making/prepare-llm.ts').LlmPlan;
