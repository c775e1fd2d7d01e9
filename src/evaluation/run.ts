import path from 'node:path';
import { openQaDataset } from '../datasets/open.ts';
import type { QaRow } from '../datasets/types.ts';
import { writeJsonFile } from '../jobs/folder.ts';
import type { Progress } from '../jobs/types.ts';
import type { JobContext } from '../jobs/worker.ts';
import { connectKb } from '../kb/client.ts';
import type { KbClient } from '../kb/protocol.ts';
import { RagtuiError } from '../platform/errors.ts';
import { readStatus } from '../platform/status.ts';
import { type AskDependencies, type Asked, askColumn, pause, type ReadyColumn } from './ask-column.ts';
import { answerBaselines, type Baseline, bm25Baseline } from './baselines.ts';
import { capsuleFile, makeCapsule } from './capsule.ts';
import { ceilingBaseline } from './ceiling.ts';
import { checkEmbedders } from './check-embedders.ts';
import { type RunControl, readControl, watchControl } from './control.ts';
import { Crew } from './crew.ts';
import { GoldChunks } from './gold-chunks.ts';
import { itemFacts } from './item-facts.ts';
import { ItemLog } from './item-log.ts';
import { isFailure } from './item-state.ts';
import { ItemJudge } from './judge/judging.ts';
import { relatedWarnings } from './judge/related.ts';
import { type KnownItems, knownItems, NOTHING_KNOWN } from './known-items.ts';
import type { Place } from './lane.ts';
import { knowMetrics } from './metrics/registry.ts';
import type { Outcome } from './outcome.ts';
import { loadOwnMetrics } from './own-metrics/load.ts';
import { describedMetric } from './own-metrics/types.ts';
import { Pace } from './pace.ts';
import { patientKb } from './patient-kb.ts';
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
/** Between two points of a curve. */
const CURVE_MS = 250;

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
    await new Run(context, { items, columns, baselines, scorer, judge, kb, gold }).all();
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

interface Parts {
  readonly items: readonly EvaluationItem[];
  readonly columns: readonly ReadyColumn[];
  readonly baselines: readonly Baseline[];
  readonly scorer: Scorer;
  readonly judge: ItemJudge | null;
  readonly kb: Pick<KbClient, 'call'> | null;
  readonly gold: GoldChunks | null;
}

/** A question to put to all columns, or, tried again, to those that failed at it. */
interface Piece {
  readonly item: EvaluationItem;
  /** From 0, in the run's order. */
  readonly place: number;
  readonly only: ReadonlySet<string> | null;
}

/** The loop: items in their order, each through all columns, so that interim figures are paired. */
class Run {
  readonly #context: JobContext<'evaluate'>;
  readonly #parts: Parts;
  readonly #log: ItemLog;
  readonly #known: KnownItems;
  readonly #tally: RunTally;
  readonly #ask: AskDependencies;
  readonly #pace: Pace;
  readonly #crew: Crew<Piece>;
  readonly #failures = new Map<string, number>();
  /** When a point of each column's curve was told. */
  readonly #told = new Map<string, number>();
  /** By item: its place, and what the columns that failed at it came to. */
  readonly #failed = new Map<EvaluationItem, { readonly place: number; readonly columns: Map<string, ItemResult> }>();
  /** By item, the last of each column: what a judge is to see. */
  readonly #results = new Map<EvaluationItem, Map<string, ItemResult>>();
  #control: RunControl;
  #asking = 0;
  #broken = false;
  #resumed: (() => void) | undefined;
  #goesOn = Promise.resolve();

  constructor(context: JobContext<'evaluate'>, parts: Parts) {
    const { work, paths, folder, signal } = context;
    this.#context = context;
    this.#parts = parts;
    // Before the log is opened: a worker started again in its own folder knows what it did.
    this.#known = work.reuse ? knownItems(paths, work.dataset) : NOTHING_KNOWN;
    this.#log = new ItemLog(folder);
    this.#control = readControl(folder);
    this.#pace = new Pace(this.#control.concurrency ?? work.concurrency, parts.columns);
    const rows = parts.columns.length + parts.baselines.length;
    this.#tally = new RunTally(parts.items.length * rows, work.primary, performance.now());
    this.#crew = new Crew(
      parts.items.map((item, place): Piece => ({ item, place, only: null })),
      {
        places: this.#pace.items,
        work: (piece) => this.#piece(piece).catch((error: unknown) => this.#break(error)),
        // A wish that came with the last item.
        onEmpty: () => this.#heed(readControl(folder)),
      },
    );
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
    const { folder, signal, report } = this.#context;
    const stop = () => {
      this.#crew.drop();
      this.#pace.dissolve();
      this.#resumed?.();
    };
    signal.addEventListener('abort', stop, { once: true });
    if (this.#control.pausedSince !== null) this.#pause();
    const unwatch = watchControl(folder, (control) => this.#heed(control));
    try {
      await this.#crew.all();
      report.progress(this.#progress());
    } finally {
      unwatch();
      signal.removeEventListener('abort', stop);
      await this.#log.close();
    }
  }

  /** What a person wants of the run now. */
  #heed(control: RunControl): void {
    const before = this.#control;
    this.#control = control;
    this.#pace.say(control.concurrency ?? this.#context.work.concurrency);
    this.#crew.places = this.#pace.items;
    if (control.pausedSince !== null) this.#pause();
    else this.#resumed?.();
    if (control.retries > before.retries) this.#again();
    this.#context.report.progress(this.#progress());
  }

  #pause(): void {
    if (this.#resumed) return;
    this.#tally.pauses(performance.now());
    this.#goesOn = new Promise((resolve) => {
      this.#resumed = () => {
        this.#resumed = undefined;
        this.#tally.goesOn(performance.now());
        this.#pace.goesOn();
        resolve();
      };
    });
  }

  /** Puts what failed behind all that waits. */
  #again(): void {
    const pieces = [...this.#failed].map(([item, { place, columns }]) => ({
      item,
      place,
      only: new Set(columns.keys()),
    }));
    this.#failures.clear();
    this.#crew.add(pieces);
  }

  /** What ends the run ends it for all that is in work, too. */
  #break(error: unknown): never {
    this.#broken = true;
    this.#pace.dissolve();
    this.#resumed?.();
    throw error;
  }

  async #piece({ item, place, only }: Piece): Promise<void> {
    const { columns, baselines } = this.#parts;
    const { signal } = this.#context;
    const wanted = ({ name }: { readonly name: string }) => only === null || only.has(name);
    for (const ready of columns.filter(({ column }) => wanted(column))) {
      await this.#goesOn;
      const turn = await this.#pace.take(ready);
      // It may have been paused while it stood in line.
      await this.#goesOn;
      if (signal.aborted || this.#broken) return turn.leave(undefined);
      await this.#column(ready, item, place, turn);
    }
    for (const baseline of baselines.filter(wanted)) {
      await this.#goesOn;
      if (signal.aborted || this.#broken) return;
      await this.#finish(baseline.name, item, place, await baseline.answer(item), undefined);
    }
    await this.#judge(item);
  }

  /** After its answers, which are kept by now: what the judge makes of them. */
  async #judge(item: EvaluationItem): Promise<void> {
    const { judge } = this.#parts;
    await this.#goesOn;
    const { signal, report } = this.#context;
    if (!judge || signal.aborted || this.#broken) return;
    this.#asking += 1;
    try {
      await judge.item(item, this.#results.get(item) ?? new Map());
    } finally {
      this.#asking -= 1;
    }
    report.progress(this.#progress());
  }

  async #column(ready: ReadyColumn, item: EvaluationItem, place: number, turn: Place): Promise<void> {
    const { outcome, reused } = await this.#asked(ready, item, turn);
    await this.#finish(ready.column.name, item, place, outcome, reused);
    if (this.#resumed) this.#context.report.progress(this.#progress());
    this.#giveUpOnDeadServer(ready.column.name, outcome);
  }

  /** The place at the server is free again before the answer is scored and written. */
  async #asked(ready: ReadyColumn, item: EvaluationItem, turn: Place): Promise<Asked> {
    let tokens: number | undefined;
    this.#asking += 1;
    try {
      const asked = await askColumn(this.#ask, turn.server === undefined ? ready : at(ready, turn.server), item);
      const { outcome, reused } = asked;
      if (outcome.state === 'timeout') this.#overrun(ready);
      if (!isFailure(outcome) && reused === undefined) tokens = outcome.usage?.completionTokens ?? 0;
      return asked;
    } finally {
      this.#asking -= 1;
      turn.leave(tokens);
      this.#crew.places = this.#pace.items;
    }
  }

  async #finish(
    column: string,
    item: EvaluationItem,
    place: number,
    outcome: Outcome,
    reused: ItemResult | undefined,
  ): Promise<void> {
    const { scorer } = this.#parts;
    const { report } = this.#context;
    const key = scorer.keyOf(outcome, item);
    const known = this.#known.byKey(key);
    const { scores, missed = {} } = known ?? (await scorer.score(outcome, item));
    const { answerKey, state, output, finish, error, retrieved, cut, usage, cost, timing } = outcome;
    const { id, contextId, content, question, answers } = item;
    const rest = Object.keys(missed).length > 0 ? { missed } : {};
    const said = {
      state,
      output,
      finish,
      error,
      retrieved,
      cut,
      scores,
      usage,
      timing,
      ...(cost ? { cost } : {}),
      ...rest,
    };
    const result: ItemResult = {
      v: 1,
      column,
      item: id,
      place,
      content,
      contextId,
      answerKey,
      key,
      question,
      answers: [...answers],
      ...said,
      ...(reused?.reusedFrom === undefined ? {} : { reusedFrom: reused.reusedFrom }),
    };
    await this.#log.append(result);
    const instead = this.#remember(item, place, result);
    if (this.#parts.judge) this.#toJudge(item, result);
    const done = reused !== undefined || known !== undefined;
    const running = this.#tally.add(result, { done, now: performance.now(), instead });
    report.progress(this.#progress());
    if (running) this.#curve(column, running);
  }

  /** A point of the column's curve; the last one is always told. */
  #curve(column: string, { step, mean }: { step: number; mean: number }): void {
    const now = performance.now();
    const isLast = step === this.#parts.items.length;
    if (!isLast && now - (this.#told.get(column) ?? Number.NEGATIVE_INFINITY) < CURVE_MS) return;
    this.#told.set(column, now);
    this.#context.report.metric(`${column} ${this.#context.work.primary}`, step, mean);
  }

  #toJudge(item: EvaluationItem, result: ItemResult): void {
    const results = this.#results.get(item) ?? new Map<string, ItemResult>();
    this.#results.set(item, results);
    results.set(result.column, result);
  }

  /** Keeps what failed, to try it again on demand; gives the failure that this result stands for now. */
  #remember(item: EvaluationItem, place: number, result: ItemResult): ItemResult | undefined {
    const failed = this.#failed.get(item) ?? { place, columns: new Map<string, ItemResult>() };
    const before = failed.columns.get(result.column);
    if (isFailure(result)) failed.columns.set(result.column, result);
    else failed.columns.delete(result.column);
    if (failed.columns.size > 0) this.#failed.set(item, failed);
    else this.#failed.delete(item);
    return before;
  }

  #progress(): Progress {
    const { pausedSince } = this.#control;
    const progress = this.#tally.progress(performance.now(), {
      inWork: this.#asking,
      places: this.#pace.places,
      pausedSince: pausedSince === null ? null : Date.parse(pausedSince),
    });
    const { judge } = this.#parts;
    if (!judge) return progress;
    const { done: judgements, missing } = judge.counts;
    return { ...progress, details: { ...progress.details, judgements, missing } };
  }

  /** Said beside the figures until the next item is done. */
  #wait(column: string, text: string): void {
    const code = readStatus(text)?.code;
    // A limit of so many at a time is how it is meant to be.
    if (code === 'turn') return;
    if (code === 'retry') this.#overrun(this.#parts.columns.find((ready) => ready.column.name === column));
    this.#context.report.progress({ ...this.#progress(), phase: `${column} ${text}` });
  }

  #overrun(column: ReadyColumn | undefined): void {
    this.#pace.overrun(column);
    this.#crew.places = this.#pace.items;
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

/** A column whose pool is to ask this server, as long as that is well. */
function at(ready: ReadyColumn, prefer: string): ReadyColumn {
  const { llm } = ready;
  if (!llm?.endpoint.pool) return ready;
  return { ...ready, llm: { ...llm, endpoint: { ...llm.endpoint, pool: { ...llm.endpoint.pool, prefer } } } };
}
