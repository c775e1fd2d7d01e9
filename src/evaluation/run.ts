import path from 'node:path';
import { openQaDataset } from '../datasets/open.ts';
import type { QaRow } from '../datasets/types.ts';
import { writeJsonFile } from '../jobs/folder.ts';
import type { JobContext } from '../jobs/worker.ts';
import { connectKb } from '../kb/client.ts';
import type { KbClient } from '../kb/protocol.ts';
import { RagtuiError } from '../platform/errors.ts';
import { readStatus } from '../platform/status.ts';
import { type AskDependencies, askColumn, type ReadyColumn } from './ask-column.ts';
import { answerBaselines, type Baseline, bm25Baseline } from './baselines.ts';
import { capsuleFile, makeCapsule } from './capsule.ts';
import { checkEmbedders } from './check-embedders.ts';
import { GoldChunks } from './gold-chunks.ts';
import { ItemLog } from './item-log.ts';
import { type KnownItems, knownItems, NOTHING_KNOWN } from './known-items.ts';
import type { Outcome } from './outcome.ts';
import { type EvaluationItem, planItems } from './plan.ts';
import { publishedResults } from './published.ts';
import { readyColumns } from './ready-columns.ts';
import { buildReport } from './report.ts';
import { readRun } from './runs.ts';
import { Scorer } from './score.ts';
import { RunTally } from './tally.ts';
import type { Evaluation, ItemResult } from './types.ts';

/** A server that fails so often in a row is gone; what is finished stays. */
const MOST_FAILURES = 5;
const RETRY_MS = [1000, 3000];

/** The body of an `evaluate` job: puts every item to every column, scores it, and keeps it at once. */
export async function runEvaluation(context: JobContext<'evaluate'>): Promise<void> {
  const { work, paths, report, signal } = context;
  const dataset = openQaDataset(paths, work.dataset, { version: work.version });
  const items = planItems(await allOf(dataset.rows(work.split)), work);
  if (items.length === 0) {
    throw new RagtuiError('invalid', `${work.dataset}:${work.split} has no complete row to ask about.`);
  }
  const scorer = await Scorer.start(paths, work.metrics);
  const kb = work.kb === null ? null : await connectKb(paths, { signal });
  try {
    const onStatus = (text: string) =>
      report.progress({ phase: text, done: 0, total: items.length, unit: 'items', rate: null, secondsLeft: null });
    const columns = await readyColumns(paths, work.columns, { signal, onStatus });
    const metricEmbedders = scorer.metrics.flatMap(({ embedder }) => embedder ?? []);
    await checkEmbedders(paths, { kb, base: work.kb, columns: work.columns, metricEmbedders });
    const capsule = await makeCapsule({ manifest: dataset.manifest, kb, base: work.kb, columns, scorer });
    writeJsonFile(capsuleFile(context.folder), capsule, { durable: true });
    const gold = kb && work.kb !== null ? new GoldChunks(kb, work.kb) : null;
    const baselines = work.baselines ? baselinesOf(work, items, kb && gold && { kb, gold }, scorer.depth, signal) : [];
    await new Run(context, { items, columns, baselines, scorer, kb, gold }).all();
  } finally {
    await kb?.close();
    await scorer.close();
  }
  if (signal.aborted) return;
  const result = readRun(paths, context.spec.id);
  const file = path.join(context.folder, 'report.json');
  writeJsonFile(file, buildReport(result, publishedResults(dataset.manifest, work.split)), { durable: true });
  report.artifact('report', file);
}

async function allOf(rows: AsyncIterable<QaRow>): Promise<QaRow[]> {
  const all: QaRow[] = [];
  for await (const row of rows) all.push(row);
  return all;
}

function baselinesOf(
  { columns, kb: base, seed }: Evaluation,
  items: readonly EvaluationItem[],
  found: { readonly kb: KbClient; readonly gold: GoldChunks } | null,
  depth: number,
  signal: AbortSignal,
): Baseline[] {
  const retrieving = columns.find(({ context }) => context === 'retrieved');
  return [
    ...(retrieving && found && base !== null
      ? [bm25Baseline(found.kb, base, { depth, like: retrieving, gold: found.gold, signal })]
      : []),
    ...(columns.some(({ llm }) => llm !== 'none') ? answerBaselines(items, seed) : []),
  ];
}

interface Parts {
  readonly items: readonly EvaluationItem[];
  readonly columns: readonly ReadyColumn[];
  readonly baselines: readonly Baseline[];
  readonly scorer: Scorer;
  readonly kb: KbClient | null;
  readonly gold: GoldChunks | null;
}

/** The loop: items in their order, each through all columns, so that interim figures are paired. */
class Run {
  readonly #context: JobContext<'evaluate'>;
  readonly #parts: Parts;
  readonly #log: ItemLog;
  readonly #known: KnownItems;
  readonly #tally: RunTally;
  readonly #ask: AskDependencies;
  readonly #failures = new Map<string, number>();
  #next = 0;

  constructor(context: JobContext<'evaluate'>, parts: Parts) {
    const { work, paths, folder, signal } = context;
    this.#context = context;
    this.#parts = parts;
    // Before the log is opened: a worker started again in its own folder knows what it did.
    this.#known = work.reuse ? knownItems(paths, work.dataset) : NOTHING_KNOWN;
    this.#log = new ItemLog(folder);
    const rows = parts.columns.length + parts.baselines.length;
    this.#tally = new RunTally(parts.items.length * rows, work.primary, performance.now());
    this.#ask = {
      kb: parts.kb,
      base: work.kb ?? '',
      depth: parts.scorer.depth,
      gold: parts.gold,
      signal,
      known: (key) => this.#known.byAnswer(key),
      retryMs: RETRY_MS,
      onWait: (column, text) => this.#wait(column, text),
    };
  }

  async all(): Promise<void> {
    const failed = new AbortController();
    try {
      const lanes = Array.from({ length: this.#context.work.concurrency }, () => this.#lane(failed.signal));
      for (const lane of lanes) lane.catch(() => failed.abort());
      const results = await Promise.allSettled(lanes);
      for (const result of results) if (result.status === 'rejected') throw result.reason;
    } finally {
      this.#log.close();
    }
  }

  async #lane(failed: AbortSignal): Promise<void> {
    const { items, columns, baselines } = this.#parts;
    const { signal } = this.#context;
    for (;;) {
      const item = items[this.#next];
      this.#next += 1;
      if (!item) return;
      for (const ready of columns) {
        if (signal.aborted || failed.aborted) return;
        const { outcome, reused } = await askColumn(this.#ask, ready, item);
        await this.#finish(ready.column.name, item, outcome, reused);
        this.#giveUpOnDeadServer(ready.column.name, outcome);
      }
      for (const baseline of baselines) {
        if (signal.aborted || failed.aborted) return;
        await this.#finish(baseline.name, item, await baseline.answer(item), undefined);
      }
    }
  }

  async #finish(column: string, item: EvaluationItem, outcome: Outcome, reused: ItemResult | undefined): Promise<void> {
    const { scorer } = this.#parts;
    const { report } = this.#context;
    const key = scorer.keyOf(outcome, item);
    const known = this.#known.byKey(key);
    const scores = known?.scores ?? (await scorer.score(outcome, item));
    const { answerKey, state, output, finish, error, retrieved, cut, usage, timing } = outcome;
    const { id, contextId, content, question, answers } = item;
    const said = { state, output, finish, error, retrieved, cut, scores, usage, timing };
    const result: ItemResult = {
      v: 1,
      column,
      item: id,
      content,
      contextId,
      answerKey,
      key,
      question,
      answers: [...answers],
      ...said,
      ...(reused?.reusedFrom === undefined ? {} : { reusedFrom: reused.reusedFrom }),
    };
    this.#log.append(result);
    const running = this.#tally.add(result, {
      done: reused !== undefined || known !== undefined,
      now: performance.now(),
    });
    report.progress(this.#tally.progress(performance.now()));
    if (running) report.metric(`${column} ${this.#context.work.primary}`, running.step, running.mean);
  }

  /** Said beside the figures until the next item is done. */
  #wait(column: string, text: string): void {
    // A limit of so many at a time is how it is meant to be.
    if (readStatus(text)?.code === 'turn') return;
    this.#context.report.progress({ ...this.#tally.progress(performance.now()), phase: `${column} ${text}` });
  }

  #giveUpOnDeadServer(column: string, { state, error }: Outcome): void {
    const count = state === 'error' || state === 'timeout' ? (this.#failures.get(column) ?? 0) + 1 : 0;
    this.#failures.set(column, count);
    if (count < MOST_FAILURES) return;
    throw new RagtuiError(
      'unavailable',
      `The column "${column}" failed ${count} times in a row: ${error?.message ?? state}`,
      'What is finished is kept. Mend the server, then: ragtui eval resume RUN',
    );
  }
}
