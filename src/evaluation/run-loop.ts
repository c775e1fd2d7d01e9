import type { Progress } from '../jobs/types.ts';
import type { JobContext } from '../jobs/worker.ts';
import type { KbClient } from '../kb/protocol.ts';
import { RagtuiError } from '../platform/errors.ts';
import { readStatus } from '../platform/status.ts';
import { type AskDependencies, type Asked, askColumn, type ReadyColumn } from './ask-column.ts';
import type { Baseline } from './baselines.ts';
import { type RunControl, readControl, watchControl } from './control.ts';
import { Crew } from './crew.ts';
import { FailedItems, type Piece } from './failed-items.ts';
import type { GoldChunks } from './gold-chunks.ts';
import { ItemLog } from './item-log.ts';
import { itemResult } from './item-result.ts';
import { isFailure } from './item-state.ts';
import type { ItemJudge } from './judge/judging.ts';
import { type KnownItems, knownItems, NOTHING_KNOWN } from './known-items.ts';
import type { Place } from './lane.ts';
import type { Outcome } from './outcome.ts';
import { Pace } from './pace.ts';
import type { EvaluationItem } from './plan.ts';
import type { Scorer } from './score.ts';
import { RunTally } from './tally.ts';
import type { ItemResult } from './types.ts';

/** A server that fails so often in a row is gone; what is finished stays. */
const MOST_FAILURES = 5;
/** How long is waited before what failed is tried again. */
export const RETRY_MS = [1000, 3000];
/** Between two points of a curve. */
const CURVE_MS = 250;

/** What a run is made of. */
export interface RunParts {
  readonly items: readonly EvaluationItem[];
  readonly columns: readonly ReadyColumn[];
  readonly baselines: readonly Baseline[];
  readonly scorer: Scorer;
  readonly judge: ItemJudge | null;
  readonly kb: Pick<KbClient, 'call'> | null;
  readonly gold: GoldChunks | null;
}

/** The loop: items in their order, each through all columns, so that interim figures are paired. */
export class RunLoop {
  readonly #context: JobContext<'evaluate'>;
  readonly #parts: RunParts;
  readonly #log: ItemLog;
  readonly #known: KnownItems;
  readonly #tally: RunTally;
  readonly #ask: AskDependencies;
  readonly #pace: Pace;
  readonly #crew: Crew<Piece>;
  readonly #failures = new Map<string, number>();
  /** When a point of each column's curve was told. */
  readonly #told = new Map<string, number>();
  readonly #failed = new FailedItems();
  /** By item, the last of each column: what a judge is to see. */
  readonly #results = new Map<EvaluationItem, Map<string, ItemResult>>();
  #control: RunControl;
  #asking = 0;
  #broken = false;
  #resumed: (() => void) | undefined;
  #goesOn = Promise.resolve();

  constructor(context: JobContext<'evaluate'>, parts: RunParts) {
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
    this.#failures.clear();
    this.#crew.add(this.#failed.pieces());
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
    const result = itemResult(item, { column, place, key, outcome, scores, missed, reused });
    await this.#log.append(result);
    const instead = this.#failed.note(item, place, result);
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
