import path from 'node:path';
import { openQaDataset } from '../datasets/open.ts';
import type { QaRow } from '../datasets/types.ts';
import { writeJsonFile } from '../jobs/folder.ts';
import type { JobContext } from '../jobs/worker.ts';
import { connectKb } from '../kb/client.ts';
import type { KbClient } from '../kb/protocol.ts';
import { RagtuiError } from '../platform/errors.ts';
import type { ReadyColumn } from './ask-column.ts';
import { answerBaselines, type Baseline, bm25Baseline } from './baselines.ts';
import { capsuleFile, makeCapsule } from './capsule.ts';
import { ceilingBaseline } from './ceiling.ts';
import { checkEmbedders } from './check-embedders.ts';
import { GoldChunks } from './gold-chunks.ts';
import { itemFacts } from './item-facts.ts';
import { ItemJudge } from './judge/judging.ts';
import { relatedWarnings } from './judge/related.ts';
import { knowMetrics } from './metrics/registry.ts';
import { pause } from './outages.ts';
import { loadOwnMetrics } from './own-metrics/load.ts';
import { describedMetric } from './own-metrics/types.ts';
import { patientKb } from './patient-kb.ts';
import { type EvaluationItem, planItems } from './plan.ts';
import { publishedResults } from './published.ts';
import { readyColumns } from './ready-columns.ts';
import { buildReport } from './report.ts';
import { RETRY_MS, RunLoop } from './run-loop.ts';
import { readRun } from './runs.ts';
import { Scorer } from './score.ts';
import type { Evaluation } from './types.ts';

/** The body of an `evaluate` job: puts every item to every column, scores it, and keeps it at once. */
export async function runEvaluation(context: JobContext<'evaluate'>): Promise<void> {
  const { work, paths, report, signal } = context;
  const dataset = openQaDataset(paths, work.dataset, { version: work.version });
  const items = planItems(await allOf(dataset.rows(work.split)), work);
  if (items.length === 0) {
    throw new RagtuiError('invalid', `${work.dataset}:${work.split} has no complete row to ask about.`);
  }
  await tellOwnMetrics(context);
  const scorer = await Scorer.start(paths, work.metrics, work.form ?? null);
  const client = work.kb === null ? null : await connectKb(paths, { signal });
  const kb = client && patientKb(client, { waitMs: RETRY_MS, pause: (ms) => pause(ms, signal) });
  let judge: ItemJudge | null = null;
  try {
    const onStatus = (text: string) =>
      report.progress({ phase: text, done: 0, total: items.length, unit: 'items', rate: null, secondsLeft: null });
    const columns = await readyColumns(paths, work.columns, { signal, onStatus, form: work.form ?? null });
    const metricEmbedders = scorer.metrics.flatMap(({ embedder }) => embedder ?? []);
    await checkEmbedders(paths, { kb, base: work.kb, columns: work.columns, metricEmbedders });
    judge = work.judge ? await startJudge(context, work.judge, columns, scorer, onStatus) : null;
    const base = work.kb;
    const capsule = await makeCapsule({ manifest: dataset.manifest, kb, base, columns, scorer, judge: judge?.capsule });
    writeJsonFile(capsuleFile(context.folder), capsule, { durable: true });
    const gold = kb && work.kb !== null ? new GoldChunks(kb, work.kb) : null;
    const baselines = work.baselines ? baselinesOf(work, items, kb && gold && { kb, gold }, scorer.depth, signal) : [];
    await new RunLoop(context, { items, columns, baselines, scorer, judge, kb, gold }).all();
  } finally {
    await client?.close();
    await judge?.close();
    await scorer.close();
  }
  if (signal.aborted) return;
  const result = readRun(paths, context.spec.id);
  const file = path.join(context.folder, 'report.json');
  writeJsonFile(
    file,
    buildReport(result, publishedResults(dataset.manifest, work.split), await itemFacts(paths, result)),
    { durable: true },
  );
  report.artifact('report', file);
}

/** What a person's own metrics have come to since the run was made. */
async function tellOwnMetrics({ paths, work, report }: JobContext<'evaluate'>): Promise<void> {
  const asked = work.own ?? [];
  if (asked.length === 0) return;
  const { metrics, problems } = await loadOwnMetrics(paths);
  knowMetrics([...asked.map(describedMetric), ...metrics.map(({ metric }) => metric)]);
  for (const { message } of problems) report.log('warn', message);
  for (const { name, version } of asked) {
    const now = metrics.find(({ about }) => about.name === name)?.about.version;
    if (now === version) continue;
    const what = now === undefined ? 'is not here: its scores are missing' : `has changed: ${version} is now ${now}`;
    report.log('warn', `The own metric ${name} ${what}.`);
  }
}

async function startJudge(
  { work, paths, folder, report, signal }: JobContext<'evaluate'>,
  settings: NonNullable<Evaluation['judge']>,
  columns: readonly ReadyColumn[],
  { embedders }: Scorer,
  onStatus: (text: string) => void,
): Promise<ItemJudge> {
  const judge = await ItemJudge.start(paths, settings, {
    folder,
    dataset: work.dataset,
    columns: work.columns,
    digests: Object.fromEntries(columns.flatMap(({ column, llm }) => (llm ? [[column.name, llm.digest]] : []))),
    reuse: work.reuse,
    concurrency: work.concurrency,
    embedders,
    signal,
    onStatus,
  });
  const { related } = judge.capsule;
  for (const { text } of relatedWarnings(settings.llm, related)) report.log('warn', text);
  return judge;
}

async function allOf(rows: AsyncIterable<QaRow>): Promise<QaRow[]> {
  const all: QaRow[] = [];
  for await (const row of rows) all.push(row);
  return all;
}

function baselinesOf(
  { columns, kb: base, seed }: Evaluation,
  items: readonly EvaluationItem[],
  found: { readonly kb: Pick<KbClient, 'call'>; readonly gold: GoldChunks } | null,
  depth: number,
  signal: AbortSignal,
): Baseline[] {
  const retrieving = columns.find(({ context }) => context === 'retrieved');
  return [
    ...(retrieving && found && base !== null
      ? [
          bm25Baseline(found.kb, base, { depth, like: retrieving, gold: found.gold, signal }),
          ceilingBaseline(found.kb, base, { depth, like: retrieving, signal }),
        ]
      : []),
    ...(columns.some(({ llm }) => llm !== 'none') ? answerBaselines(items, seed) : []),
  ];
}
