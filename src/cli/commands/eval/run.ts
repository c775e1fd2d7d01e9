import type { Command } from 'commander';
import { z } from 'zod';
import type { CommandContext } from '../../context.ts';
import { collect, handle, type Invocation } from '../../define.ts';
import { needModels } from '../../need-models.ts';
import { atOnce, none, whole } from './arguments.ts';
import { started } from './started.ts';

const SEED = 1314;

const runOptions = z.object({
  dataset: z.string().min(1),
  split: z.string().min(1).default('test'),
  kb: z.string().min(1).optional(),
  limit: whole.positive('at least 1').optional(),
  seed: whole.default(SEED),
  column: z.array(z.string()).min(1, 'at least one column'),
  metrics: z.string().optional(),
  primary: z.string().optional(),
  schema: z.string().min(1).optional(),
  markers: z.string().min(1).optional(),
  metricEmbedder: z.string().min(1).optional(),
  judge: z.string().min(1).optional(),
  baselines: z.boolean().default(true),
  reuse: z.boolean().default(true),
  concurrency: atOnce.default('auto'),
  pull: z.boolean().default(true),
  wait: z.boolean().default(false),
});
type RunOptions = z.output<typeof runOptions>;

const names = z.string().transform((text) => text.split(',').flatMap((name) => name.trim() || []));
const matrixOptions = runOptions.omit({ column: true }).extend({
  llm: names,
  embedder: names.default([]),
  context: names.default(['retrieved', 'gold']),
  set: z.string().default(''),
});

const COLUMN_HELP =
  'what to measure, repeatable: name=,llm=ID|none,context=retrieved|gold|none,prompt=,embedder=,group=,mode=,top-k=,reranker=,instruction=on|off,temperature=,seed=,max-tokens=,format=json|FILE';

/** `ragtui eval run|matrix`. */
export function addEvalRun(evaluation: Command, invocation: Invocation): void {
  const asked = (command: Command): Command =>
    command
      .requiredOption(
        '--dataset <name>',
        'a dataset of questions (qa), or @general: our own, which show what a tune forgot',
      )
      .option('--split <part>', 'test, SPLIT/PART, or all (default: test)')
      .option('--kb <name>', 'the knowledge base, for columns that retrieve')
      .option('--limit <n>', 'at most so many items, drawn by the seed')
      .option('--seed <n>', 'default: 1314');
  const done = (command: Command): Command =>
    command
      .option(
        '--metrics <names>',
        'separated by commas; +NAME: in addition to all that apply (default: all that apply)',
      )
      .option(
        '--judge <llm>',
        'an endpoint or model that judges answers: faithfulness, answer-relevance, judge-context-recall, preference',
      )
      .option('--primary <metric>', 'the one the verdict is about (default: the first)')
      .option('--metric-embedder <id>', 'compares answers for cosine (default: by language; none: no cosine)')
      .option('--schema <file>', 'a JSON Schema to answer in (or training rows made with one): told to all, and scored')
      .option('--markers <key>', 'answers stand between {{KEY_START}} and {{KEY_END}}: told to all, and scored')
      .option('--no-baselines', 'without BM25, sentence copy, empty and shuffled answers')
      .option('--no-reuse', 'ask again what an earlier run has asked')
      .option('--concurrency <n>', 'items in work at once, or auto: as many as the servers take (default: auto)')
      .option('--no-pull', 'do not fetch a missing default model')
      .option('--wait', 'stay until it ends');
  const plain = evaluation.command('run').description('put the questions of a dataset to every column');
  handle(
    done(
      asked(plain)
        .requiredOption('--column <spec>', COLUMN_HELP, collect)
        .option(
          '--with-oracle',
          'each LLM that reads what was found also with the gold passage: what retrieval could give',
        ),
    ),
    invocation,
    { args: none, options: runOptions.extend({ withOracle: z.boolean().default(false) }) },
    runColumns,
  );
  const matrix = evaluation
    .command('matrix')
    .description('LLMs × embedders × contexts in one run: what each does on average, and what depends on what');
  handle(
    done(
      asked(matrix)
        .requiredOption('--llm <ids>', 'separated by commas, ID or LABEL=ID; the first is what others are set against')
        .option('--embedder <ids>', 'separated by commas, ID or LABEL=ID; what the knowledge base is searched with')
        .option('--context <names>', 'retrieved, gold, none (default: retrieved,gold)')
        .option('--set <settings>', 'of every column: prompt=,mode=,top-k=,group=,… (default: mode=vector)'),
    ),
    invocation,
    { args: none, options: matrixOptions },
    runMatrix,
  );
}

/** `ragtui eval forgetting`: general questions to a base and its tune. */
export function addForgetting(evaluation: Command, invocation: Invocation): void {
  handle(
    evaluation
      .command('forgetting')
      .description('what a tune has forgotten: our own general questions to every column, without passages')
      .requiredOption('--column <spec>', 'the base first: name=base,llm=ID, then the tune: name=tuned,llm=ID', collect)
      .option('--no-reuse', 'ask again what an earlier run has asked')
      .option('--concurrency <n>', 'items in work at once, or auto (default: auto)')
      .option('--no-pull', 'do not fetch a missing default model')
      .option('--wait', 'stay until it ends'),
    invocation,
    {
      args: none,
      options: runOptions.pick({ column: true, reuse: true, concurrency: true, pull: true, wait: true }),
    },
    async (context, _, options) => {
      const { GENERAL } = await import('../../../evaluation/general-names.ts');
      return run(context, [], { dataset: GENERAL, split: 'all', seed: SEED, baselines: false, ...options });
    },
  );
}

async function runColumns(
  context: CommandContext,
  none: [],
  { withOracle: oracle, ...options }: RunOptions & { withOracle: boolean },
): Promise<number> {
  const { withOracle } = await import('../../../evaluation/oracle.ts');
  return run(context, none, oracle ? { ...options, column: withOracle(options.column) } : options);
}

async function runMatrix(context: CommandContext, _: [], options: z.output<typeof matrixOptions>): Promise<number> {
  const { matrixColumns } = await import('../../../evaluation/matrix/design.ts');
  const { llm: llms, embedder: embedders, context: contexts, set: settings, ...rest } = options;
  return run(context, [], { ...rest, column: matrixColumns({ llms, embedders, contexts, settings }) });
}

async function run(context: CommandContext, _: [], options: RunOptions): Promise<number> {
  const { launchJob } = await import('../../../jobs/launcher.ts');
  const { ensureWorkspace } = await import('../../../platform/paths.ts');
  const { describeOwnMetrics } = await import('../../../evaluation/own-metrics/describe.ts');
  const { prepareEvaluation } = await import('../../../evaluation/prepare.ts');
  ensureWorkspace(context.paths);
  const own = await describeOwnMetrics(context.paths);
  for (const { message } of own.problems) context.out.note(message);
  const { evaluation, models, warnings } = await prepareEvaluation(context.paths, {
    ...options,
    kb: options.kb ?? null,
    limit: options.limit ?? null,
    metrics: options.metrics?.split(',').map((name) => name.trim()) ?? null,
    primary: options.primary ?? null,
    schema: options.schema ?? null,
    marker: options.markers ?? null,
    metricEmbedder: options.metricEmbedder ?? null,
    own: own.metrics,
    judge: options.judge ?? null,
  });
  for (const { text } of warnings) context.out.note(`Careful: ${text}`);
  await needModels(context, models, options.pull);
  return started(context, await launchJob(context.paths, { kind: 'evaluate', ...evaluation }), options.wait);
}
