import { compareColumns } from '../../evaluation/diff.ts';
import { readItems } from '../../evaluation/item-log.ts';
import { buildReport, type RunReport } from '../../evaluation/report.ts';
import { markdownReport } from '../../evaluation/reports/markdown.ts';
import { listRuns, readRun } from '../../evaluation/runs.ts';
import type { BaselineName, ItemResult } from '../../evaluation/types.ts';
import { jobFiles } from '../../jobs/folder.ts';
import { livingProcess, signalProcess } from '../../jobs/identity.ts';
import { readJob } from '../../jobs/registry.ts';
import { isOver, type JobView } from '../../jobs/types.ts';
import { RagtuiError } from '../../platform/errors.ts';
import { waitUntil } from '../../platform/processes.ts';
import { runRagtui } from '../demo/run-ragtui.ts';
import { follow, succeeded } from './jobs.ts';
import { NAMES, SEED } from './names.ts';
import type { LoopOutcome, LoopSizes, LoopStep, LoopWorld } from './types.ts';

const MOST_RESUMES = 3;
const WHY_EMBEDDED =
  'Both columns were asked on the embedded server: it answers one question at a time faster than vLLM does on this CPU (see the six columns), and strictly, so that the run can be repeated to the letter.';

interface Measured {
  readonly title: string;
  /** The first is the base. */
  readonly columns: readonly { readonly name: string; readonly spec: string }[];
  readonly metrics: readonly string[];
  readonly more: readonly string[];
  /** What needs no model and must be beaten. */
  readonly baseline: BaselineName;
  /** Items of the asked columns after which the worker is killed on purpose; null = never. */
  readonly killAfter: number | null;
}

const llms = ({ maxTokens, items }: LoopSizes): Measured => ({
  title: 'LLM: base and tuned on the gold passage',
  columns: [
    ['base', NAMES.llm],
    ['tuned', NAMES.adapter],
  ].map(([name = '', llm]) => ({
    name,
    spec: `name=${name},llm=${llm}@llama,context=gold,prompt=sft,temperature=0,max-tokens=${maxTokens}`,
  })),
  metrics: ['token-f1', 'exact', 'verbatim', `cosine@${NAMES.metricEmbedder}`],
  more: [],
  baseline: 'copy-sentence',
  killAfter: items,
});

const embedders: Measured = {
  title: 'Embedder: base and tuned, retrieval alone',
  columns: [
    ['base-embedder', NAMES.embedder],
    ['tuned-embedder', NAMES.tunedEmbedder],
  ].map(([name = '', id]) => ({ name, spec: `name=${name},llm=none,embedder=${id},mode=vector,top-k=1` })),
  metrics: ['mrr@10', 'hit@1', 'hit@5', 'context-recall', 'context-relevance'],
  more: ['--kb', NAMES.kb],
  baseline: 'bm25',
  killAfter: null,
};

export const evalSteps: readonly LoopStep[] = [
  {
    name: 'evaluate llm',
    command: (sizes) => `${runArgs(llms(sizes), sizes).join(' ')}    (killed in the middle, then eval resume)`,
    run: (world) => evaluate(world, llms(world.sizes)),
  },
  {
    name: 'evaluate embedder',
    command: (sizes) => runArgs(embedders, sizes).join(' '),
    run: (world) => evaluate(world, embedders),
  },
];

function runArgs({ columns, metrics, more }: Measured, { items }: LoopSizes): string[] {
  return [
    ...['eval', 'run', '--dataset', NAMES.financial, '--split', 'test', '--limit', String(items)],
    ...['--seed', String(SEED), ...more, ...columns.flatMap(({ spec }) => ['--column', spec])],
    ...['--metrics', metrics.join(','), '--primary', metrics[0] ?? ''],
  ];
}

async function evaluate(world: LoopWorld, measured: Measured): Promise<LoopOutcome> {
  const { newest, older } = await toTheEnd(world, measured);
  const run = readRun(world.paths, newest.spec.id);
  const report = buildReport(run);
  const problems = [
    ...incomplete(report, world.sizes.items),
    ...(measured.killAfter === null ? [] : notResumed(older, run.items, measured)),
  ];
  const [base, tuned] = report.columns;
  const primary = report.primary;
  const points = [base, tuned].map((one) => ((one?.metrics[primary]?.mean ?? Number.NaN) * 100).toFixed(1));
  return {
    ok: problems.length === 0,
    detail: problems.length > 0 ? problems.join('; ') : `${report.run.items} items, ${primary} ${points.join(' → ')}`,
    verdicts: [...sentences(report, measured), againstBaseline(world, newest, measured)],
    markdown: [
      `### ${measured.title}`,
      '',
      ...(measured.killAfter === null ? [] : [WHY_EMBEDDED, '', resumeLine(older, run.items, measured), '']),
      ...embedded(markdownReport(report)),
    ],
  };
}

interface Runs {
  readonly newest: JobView;
  /** Earlier attempts, the first one first. */
  readonly older: readonly JobView[];
}

/** The run at its end: started, killed on purpose the first time, resumed; or gone on with from an earlier loop. */
async function toTheEnd(world: LoopWorld, measured: Measured): Promise<Runs> {
  for (;;) {
    world.signal.throwIfAborted();
    const [newest, ...older] = runsOf(world, measured);
    if (!newest) await runRagtui(world, runArgs(measured, world.sizes));
    else if (newest.state === 'succeeded') return { newest, older: older.toReversed() };
    else if (isOver(newest.state)) {
      if (older.length >= MOST_RESUMES) succeeded(newest);
      world.out.note(`  ${newest.spec.id} is ${newest.state} (${newest.reason}): resuming it`);
      await runRagtui(world, ['eval', 'resume', newest.spec.id]);
    } else if (older.length === 0 && measured.killAfter !== null) await killAfter(world, newest, measured);
    else await follow(world, newest);
  }
}

const runsOf = ({ paths }: LoopWorld, { columns }: Measured): JobView[] =>
  listRuns(paths)
    .filter(({ evaluation }) => evaluation.columns.every(({ name }, at) => name === columns[at]?.name))
    .map(({ view }) => view);

/** Ends the worker as a crash would, once so many questions are answered. */
async function killAfter(world: LoopWorld, job: JobView, measured: Measured): Promise<void> {
  const { out, paths, signal } = world;
  const count = () => askedItems(readItems(job.folder), measured).length;
  const overNow = () => isOver(readJob(paths, job.spec.id).state);
  const wanted = measured.killAfter ?? 0;
  await waitUntil(
    () => {
      out.progress(`  evaluating: ${count()} answers, killed at ${wanted}`);
      return count() >= wanted || overNow() || signal.aborted;
    },
    Number.POSITIVE_INFINITY,
    100,
  );
  const worker = livingProcess(jobFiles(job.folder).worker);
  if (signal.aborted || overNow() || !worker) return;
  signalProcess(worker, 'SIGKILL');
  out.note(`  killed the worker of ${job.spec.id} after ${count()} answers`);
  const gone = await waitUntil(overNow, 30_000);
  if (!gone) throw new RagtuiError('internal', `${job.spec.id} goes on without its worker.`);
}

const askedItems = (items: readonly ItemResult[], { columns }: Measured): ItemResult[] =>
  items.filter(({ column }) => columns.some(({ name }) => name === column));

function incomplete({ columns, run }: RunReport, wanted: number): string[] {
  const short = columns.filter(({ items }) => items !== wanted);
  return [
    ...short.map(({ name, items }) => `${name} has ${items} of ${wanted} items`),
    ...(run.errors > 0 ? [`${run.errors} errors`] : []),
  ];
}

/** What of an earlier attempt was asked again or answered otherwise; and whether there was one that was killed. */
function notResumed(older: readonly JobView[], items: readonly ItemResult[], measured: Measured): string[] {
  const killed = older[0];
  if (!killed) return ['the run was not killed'];
  const before = askedItems(readItems(killed.folder), measured);
  const now = new Map(askedItems(items, measured).map((item) => [`${item.column} ${item.item}`, item]));
  const again = before.filter(({ column, item, output }) => {
    const found = now.get(`${column} ${item}`);
    return found?.reusedFrom === undefined || found.output !== output;
  });
  const doubled = askedItems(items, measured).length - now.size;
  return [
    ...(before.length === 0 ? ['nothing was finished before the kill'] : []),
    ...(again.length > 0 ? [`${again.length} finished items were asked again`] : []),
    ...(doubled > 0 ? [`${doubled} items are there twice`] : []),
  ];
}

function resumeLine(older: readonly JobView[], items: readonly ItemResult[], measured: Measured): string {
  const asked = askedItems(items, measured);
  const reused = asked.filter(({ reusedFrom }) => reusedFrom !== undefined).length;
  const how = older.map(({ state, reason }) => `${state}: ${reason}`).join(', then ');
  return `The worker was killed (SIGKILL) in the middle on purpose (${how}). The resumed run took ${reused} finished answers as they were and asked the other ${asked.length - reused}; none twice.`;
}

/** A report as a part of another one: its headings below ours, without its title and the verdict that stands above. */
function embedded(markdown: string): string[] {
  const lines = markdown.trimEnd().split('\n');
  return lines
    .slice(lines.findIndex((line) => /^\d+ items of /.test(line)))
    .map((line) => (line.startsWith('#') ? `##${line}` : line));
}

/** A verdict on every metric, the primary one first. */
function sentences(report: RunReport, { columns }: Measured): string[] {
  const tuned = report.differences.find(({ column }) => column === columns[1]?.name);
  return Object.entries(tuned?.metrics ?? {}).map(
    ([name, { sentence }]) => `${name === report.primary ? '**Primary:** ' : ''}${sentence}`,
  );
}

/** Whether the tune is worth its model: against the row that has none, in the primary metric. */
function againstBaseline({ paths }: LoopWorld, { spec }: JobView, { columns, baseline }: Measured): string {
  const { primary, metrics } = compareColumns(paths, [baseline, columns[1]?.name ?? ''], spec.id);
  return `Without any model: ${metrics[primary]?.sentence ?? `nothing was measured for ${baseline}.`}`;
}
