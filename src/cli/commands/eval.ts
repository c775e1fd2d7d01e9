import path from 'node:path';
import type { Command } from 'commander';
import { z } from 'zod';
import type { RunReport } from '../../evaluation/report.ts';
import { FORMAT_NAMES } from '../../evaluation/reports/names.ts';
import type { Evaluation } from '../../evaluation/types.ts';
import type { JobView } from '../../jobs/types.ts';
import type { CommandContext } from '../context.ts';
import { collect, handle, type Invocation } from '../define.ts';
import { toItsEnd } from '../eval-follow.ts';
import { blameLines, diffLines, replayLines, reportLines, runRow } from '../eval-text.ts';
import { EXIT } from '../exit-codes.ts';
import { jobJson } from '../job-text.ts';
import { needModels } from '../need-models.ts';
import { table } from '../output.ts';
import { addEvalCalibrate } from './eval-calibrate.ts';
import { addEvalItems } from './eval-items.ts';
import { addEvalJudge } from './eval-judge.ts';
import { addEvalMetrics } from './eval-metrics.ts';

const none = z.tuple([]);
const one = z.tuple([z.string().min(1)]);
const noOptions = z.object({});
const whole = z.coerce.number('a whole number').int('a whole number');
const waitOption = z.object({ wait: z.boolean().default(false) });

const atOnce = z.union([z.literal('auto'), whole.min(1).max(128)], 'auto, or 1 to 128');

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

const reportOptions = z.object({
  format: z.enum(FORMAT_NAMES, FORMAT_NAMES.join(', ')),
  out: z.string().min(1).optional(),
});
type ReportOptions = z.output<typeof reportOptions>;

const points = z.coerce.number('points of 100');
const share = points.transform((value) => value / 100).optional();
const gateOptions = z.object({
  metric: z.string().min(1).optional(),
  column: z.string().min(1).optional(),
  min: points.optional(),
  max: points.optional(),
  baseline: z.string().min(1).optional(),
  tolerance: points.nonnegative().default(0),
});
type GateOptions = z.output<typeof gateOptions>;

const COLUMN_HELP =
  'what to measure, repeatable: name=,llm=ID|none,context=retrieved|gold|none,prompt=,embedder=,group=,mode=,top-k=,reranker=,instruction=on|off,temperature=,seed=,max-tokens=,format=json|FILE';

/** `ragtui eval run|matrix|resume|pause|continue|retry|concurrency|list|show|diff|report|gate|replay|agreement|blame|items|note|send|metrics|judge|vote|calibrate`. */
export function addEval(program: Command, invocation: Invocation): void {
  const evaluation = program.command('eval').description('measure columns on a dataset and say which is better');
  addRun(evaluation, invocation);
  addForgetting(evaluation, invocation);
  handle(
    evaluation
      .command('resume')
      .description('go on with a run that ended early; what is finished is not asked again')
      .argument('<run>', 'its id, or latest')
      .option('--wait', 'stay until it ends'),
    invocation,
    { args: one, options: waitOption },
    resume,
  );
  addControl(evaluation, invocation);
  handle(evaluation.command('list').description('all runs'), invocation, { args: none, options: noOptions }, list);
  handle(
    evaluation.command('show').description('the figures of a run').argument('<run>', 'its id, or latest'),
    invocation,
    { args: one, options: noOptions },
    show,
  );
  handle(
    evaluation
      .command('diff')
      .description('the second against the first, question by question')
      .argument('<a>', 'a column of --run, a run (its first column), or RUN/COLUMN')
      .argument('<b>')
      .option('--run <run>', 'where columns are looked for (default: latest)'),
    invocation,
    { args: z.tuple([z.string().min(1), z.string().min(1)]), options: z.object({ run: z.string().default('latest') }) },
    diff,
  );
  handle(
    evaluation
      .command('report')
      .description('a run as a document')
      .argument('<run>', 'its id, or latest')
      .option('--format <format>', 'md, html, json (figures), csv, jsonl (every item), junit or tutorial', 'md')
      .option('--out <file>', 'write it there instead of printing it'),
    invocation,
    { args: one, options: reportOptions },
    report,
  );
  handle(
    evaluation
      .command('gate')
      .description('exit code 3 when a column surely misses a bound, or is surely worse than another one')
      .argument('<run>', 'its id, or latest')
      .option('--metric <name>', 'default: the primary one of the run')
      .option('--column <name>', 'only this one (default: every column that was asked)')
      .option('--min <points>', 'at least so many points of 100, or in the unit of the metric (ms, tokens)')
      .option('--max <points>', 'at most so many points of 100, or in its unit')
      .option(
        '--baseline <column>',
        'not surely worse than a column of the run, a run (its first column), or RUN/COLUMN',
      )
      .option('--tolerance <points>', 'points that it may be worse than the baseline (default: 0)'),
    invocation,
    { args: one, options: gateOptions },
    gate,
  );
  addReplay(evaluation, invocation);
  addBlame(evaluation, invocation);
  addEvalItems(evaluation, invocation);
  addEvalMetrics(evaluation, invocation);
  addEvalJudge(evaluation, invocation);
  addEvalCalibrate(evaluation, invocation);
}

function addBlame(evaluation: Command, invocation: Invocation): void {
  handle(
    evaluation
      .command('blame')
      .description('where each wrong answer went wrong, and what mending it would gain at most')
      .argument('<run>', 'its id, or latest')
      .option('--metric <name>', 'what right and wrong are told by (default: the primary one of the run)')
      .option('--below <points>', 'wrong below so many points of 100 (default: 100 for a 0/1 metric, else 50)'),
    invocation,
    { args: one, options: z.object({ metric: z.string().min(1).optional(), below: share }) },
    blame,
  );
}

/** What a person wants of a run that goes on. */
function addControl(evaluation: Command, invocation: Invocation): void {
  const command = (name: string, about: string) =>
    evaluation.command(name).description(about).argument('<run>', 'its id, or latest');
  handle(
    command('pause', 'ask nothing new until continue; what is being answered ends'),
    invocation,
    { args: one, options: noOptions },
    pause,
  );
  handle(
    command('continue', 'go on with a run that was paused'),
    invocation,
    { args: one, options: noOptions },
    continueRun,
  );
  handle(
    command('retry', 'ask again what failed: in the run itself, or in a new one when it is over').option(
      '--wait',
      'stay until it ends',
    ),
    invocation,
    { args: one, options: waitOption },
    retry,
  );
  handle(
    command('concurrency', 'change how many items are in work at once').argument('<n>', '1 to 128, or auto'),
    invocation,
    { args: z.tuple([z.string().min(1), atOnce]), options: noOptions },
    concurrency,
  );
}

const replayOptions = z.object({ with: z.string().min(1).optional() });
const agreementOptions = replayOptions.extend({ sample: whole.positive('at least 1').default(30) });

/** Doing it again: what differs, and how often an endpoint repeats itself. */
function addReplay(evaluation: Command, invocation: Invocation): void {
  handle(
    evaluation
      .command('replay')
      .description('do a run again from what it rests on, and say what differs')
      .argument('<run>', 'its id, or latest')
      .option('--with <run>', 'compare with this replay instead of making one'),
    invocation,
    { args: one, options: replayOptions },
    (context, [id], options) => again(context, id, { sample: null, with: options.with }),
  );
  handle(
    evaluation
      .command('agreement')
      .description('ask a sample again, and say how often each column repeats itself')
      .argument('<run>', 'its id, or latest')
      .option('--sample <n>', 'questions asked again, drawn by the seed (default: 30)')
      .option('--with <run>', 'compare with this run instead of asking'),
    invocation,
    { args: one, options: agreementOptions },
    (context, [id], options) => again(context, id, options),
  );
}

async function again(
  context: CommandContext,
  id: string,
  options: { readonly sample: number | null; readonly with?: string | undefined },
): Promise<number> {
  const { compareReplay, replayRun } = await import('../../evaluation/replay.ts');
  const { readRun } = await import('../../evaluation/runs.ts');
  const run = readRun(context.paths, id).view.spec.id;
  let replay = options.with;
  let stopped = false;
  if (replay === undefined) {
    const job = await replayRun(context.paths, run, { sample: options.sample });
    replay = job.spec.id;
    stopped = (await toItsEnd(context, replay)).state === 'stopped';
  }
  const report = compareReplay(context.paths, run, replay);
  context.out.result(report, () => replayLines(report));
  return stopped ? EXIT.interrupted : EXIT.done;
}

function addRun(evaluation: Command, invocation: Invocation): void {
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

async function runColumns(
  context: CommandContext,
  none: [],
  { withOracle: oracle, ...options }: RunOptions & { withOracle: boolean },
): Promise<number> {
  const { withOracle } = await import('../../evaluation/oracle.ts');
  return run(context, none, oracle ? { ...options, column: withOracle(options.column) } : options);
}

async function runMatrix(context: CommandContext, _: [], options: z.output<typeof matrixOptions>): Promise<number> {
  const { matrixColumns } = await import('../../evaluation/matrix/design.ts');
  const { llm: llms, embedder: embedders, context: contexts, set: settings, ...rest } = options;
  return run(context, [], { ...rest, column: matrixColumns({ llms, embedders, contexts, settings }) });
}

/** General questions to a base and its tune: what was forgotten. */
function addForgetting(evaluation: Command, invocation: Invocation): void {
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
      const { GENERAL } = await import('../../evaluation/general-names.ts');
      return run(context, [], { dataset: GENERAL, split: 'all', seed: SEED, baselines: false, ...options });
    },
  );
}

async function run(context: CommandContext, _: [], options: RunOptions): Promise<number> {
  const { launchJob } = await import('../../jobs/launcher.ts');
  const { ensureWorkspace } = await import('../../platform/paths.ts');
  const { describeOwnMetrics } = await import('../../evaluation/own-metrics/describe.ts');
  const { prepareEvaluation } = await import('../../evaluation/prepare.ts');
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

async function resume(context: CommandContext, [id]: [string], options: { wait: boolean }): Promise<number> {
  const { goOn } = await import('../../evaluation/control.ts');
  return started(context, await goOn(context.paths, id), options.wait);
}

async function pause({ out, paths }: CommandContext, [id]: [string]): Promise<undefined> {
  const { pauseRun } = await import('../../evaluation/control.ts');
  const job = pauseRun(paths, id);
  out.result({ job: jobJson(job) }, () => `${job.spec.id} pauses. Go on: ragtui eval continue ${job.spec.id}`);
}

async function continueRun({ out, paths }: CommandContext, [id]: [string]): Promise<undefined> {
  const control = await import('../../evaluation/control.ts');
  const job = control.continueRun(paths, id);
  out.result({ job: jobJson(job) }, () => `${job.spec.id} goes on.`);
}

async function retry(context: CommandContext, [id]: [string], { wait }: { wait: boolean }): Promise<number> {
  const { retryFailed } = await import('../../evaluation/control.ts');
  return started(context, await retryFailed(context.paths, id), wait);
}

async function concurrency(
  { out, paths }: CommandContext,
  [id, places]: [string, Evaluation['concurrency']],
): Promise<undefined> {
  const { setRunConcurrency } = await import('../../evaluation/control.ts');
  const job = setRunConcurrency(paths, id, places);
  out.result({ job: jobJson(job), concurrency: places }, () =>
    places === 'auto' ? `${job.spec.id} finds out how many.` : `${job.spec.id}: ${places} at once from now on.`,
  );
}

async function started(context: CommandContext, job: JobView, wait: boolean): Promise<number> {
  const { id } = job.spec;
  if (!wait) {
    context.out.result(
      { job: jobJson(job), run: { id, state: job.state } },
      () => `Started ${id}. Its figures: ragtui eval show ${id}`,
    );
    return EXIT.done;
  }
  const end = await toItsEnd(context, id);
  await show(context, [id]);
  return end.state === 'stopped' ? EXIT.interrupted : EXIT.done;
}

async function list({ out, paths }: CommandContext): Promise<undefined> {
  const { listRuns } = await import('../../evaluation/runs.ts');
  const runs = listRuns(paths);
  const json = runs.map(({ view, evaluation }) => ({
    id: view.spec.id,
    state: view.state,
    createdAt: view.spec.createdAt,
    progress: view.progress,
    evaluation,
  }));
  out.result({ runs: json }, () =>
    runs.length === 0
      ? 'No evaluation yet. Start one: ragtui eval run --help'
      : table(['RUN', 'STATE', 'DATASET', 'COLUMNS', 'DONE'], runs.map(runRow)),
  );
}

async function show(context: CommandContext, [id]: [string]): Promise<undefined> {
  const figures = await reportOf(context, id);
  context.out.result(figures, () => reportLines(figures));
}

async function reportOf({ paths }: CommandContext, id: string): Promise<RunReport> {
  const { wholeReport } = await import('../../evaluation/run-report.ts');
  return (await wholeReport(paths, id)).report;
}

async function diff(context: CommandContext, names: [string, string], options: { run: string }): Promise<undefined> {
  const { compareColumns } = await import('../../evaluation/diff.ts');
  const found = compareColumns(context.paths, names, options.run);
  context.out.result(found, () => diffLines(found));
}

async function report({ out, paths }: CommandContext, [id]: [string], options: ReportOptions): Promise<undefined> {
  const { wholeReport } = await import('../../evaluation/run-report.ts');
  const { REPORT_FORMATS } = await import('../../evaluation/reports/registry.ts');
  const { run, report: figures } = await wholeReport(paths, id);
  const { format } = options;
  const text = REPORT_FORMATS[format].write(figures, run.items);
  if (options.out !== undefined) {
    const { writeTextAtomic } = await import('../../platform/files.ts');
    const file = path.resolve(options.out);
    writeTextAtomic(file, text);
    out.result({ file, format }, () => `The report is in ${file}`);
    return;
  }
  if (out.json) {
    out.result(format === 'csv' || format === 'jsonl' ? { items: run.items } : figures, () => text);
    return;
  }
  // What programs read goes out as it is; a text for people is sanitised.
  if (format === 'md' || format === 'csv') out.result(figures, () => text.trimEnd());
  else out.stdout.write(text);
}

/** Exit code 3 when a bound or a baseline is surely missed; what cannot be told passes, and says so. */
async function gate(context: CommandContext, [id]: [string], options: GateOptions): Promise<number> {
  const { gateRun } = await import('../../evaluation/gate.ts');
  const { metric, column, min, max, baseline, tolerance } = options;
  const results = gateRun(context.paths, id, {
    metric: metric ?? null,
    column: column ?? null,
    min: min ?? null,
    max: max ?? null,
    baseline: baseline ?? null,
    tolerance,
  });
  const says = results.some(({ answer }) => answer === 'no') ? 'no' : 'yes';
  context.out.result({ says, gates: results }, () =>
    results.map(({ answer, sentence }) => `${answer.toUpperCase()}: ${sentence}`),
  );
  return says === 'no' ? EXIT.gateSaysNo : EXIT.done;
}

async function blame(
  { out, paths, signal }: CommandContext,
  [id]: [string],
  { metric, below }: { metric?: string | undefined; below?: number | undefined },
): Promise<undefined> {
  const { blameRun } = await import('../../evaluation/blame/run.ts');
  const report = await blameRun(paths, id, {
    signal,
    ...(metric === undefined ? {} : { metric }),
    ...(below === undefined ? {} : { below }),
  });
  out.result(report, () => blameLines(report));
}
