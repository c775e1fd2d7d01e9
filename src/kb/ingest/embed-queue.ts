import { type ErrorCode, RagtuiError, toRagtuiError } from '../../platform/errors.ts';

/** A text that has no vector yet, for one embedder. */
export interface MissingText {
  readonly embedder: string;
  readonly hash: string;
  readonly text: string;
}

export interface EmbeddedText {
  readonly hash: string;
  readonly vector: Float32Array;
}

export interface EmbedQueueDeps {
  /** Embeds passages; one call at a time per lane. */
  readonly embed: (
    lane: number,
    embedder: string,
    texts: readonly string[],
  ) => Promise<{ vectors: Float32Array[]; tokens: number[] }>;
  /** Makes vectors durable. */
  readonly store: (embedder: string, vectors: readonly EmbeddedText[]) => Promise<void>;
  readonly lanes: number;
  /** Texts of one call of `embed`; 32 where nothing is said. */
  readonly batch?: (embedder: string) => number;
  /** Called after each stored batch. */
  readonly onEmbedded: (texts: number, tokens: number, characters: number) => void;
}

/** Called once per text a caller waits for, with the reason if it could not be embedded. */
export type Settled = (problem: RagtuiError | undefined) => void;

const OF_ALL: ReadonlySet<ErrorCode> = new Set([
  'unavailable',
  'network',
  'busy',
  'permission',
  'not-found',
  'corrupt',
  'disk-full',
  'checksum',
]);
/**
 * Whether nothing can go on: without the service, an embedder (away, busy for longer than one waits, without the key or the
 * model) or room, or with an embedder that gives other vectors than it promised. Everything else concerns one text or file.
 */
export const concernsAll = ({ code }: RagtuiError): boolean => OF_ALL.has(code);

interface Pending {
  readonly missing: MissingText;
  readonly waiters: Settled[];
}

const WINDOW = 512;
const BATCH = 32;
const CAPACITY = 20_000;
/** Characters of waiting texts: 64 MB of memory, however long they are. */
const CAPACITY_CHARACTERS = 32 << 20;
/** Texts whose vectors are there that are remembered: those that an answer still under way may call missing. */
const REMEMBERED = 50_000;

/**
 * Texts waiting for their vectors. The same text for the same embedder is embedded once, however many documents wait
 * for it. Lanes take batches of similar length from a sorted window (padding is the cost of embedding on a CPU).
 * `add` resolves when there is room: that is the back-pressure of the whole ingest.
 */
export class EmbedQueue {
  private readonly waiting = new Map<string, Pending>();
  private readonly working = new Map<string, Pending>();
  private readonly done = new RecentKeys(REMEMBERED);
  private sorted: Pending[] = [];
  private room: (() => void)[] = [];
  private wake: (() => void)[] = [];
  private closed = false;
  private failure: RagtuiError | undefined;
  private readonly lanes: Promise<void>[];
  /** Characters queued and not yet embedded, for the forecast. */
  charactersWaiting = 0;

  constructor(private readonly deps: EmbedQueueDeps) {
    this.lanes = Array.from({ length: deps.lanes }, (_, lane) => this.runLane(lane));
  }

  /** Whether this text was added before; adding it again costs nothing. */
  knows({ embedder, hash }: MissingText): boolean {
    const key = `${embedder}\0${hash}`;
    return this.done.has(key) || this.waiting.has(key) || this.working.has(key);
  }

  async add(missing: MissingText, settled: Settled): Promise<void> {
    if (this.failure) throw this.failure;
    const key = `${missing.embedder}\0${missing.hash}`;
    if (this.done.has(key)) return settled(undefined);
    const pending = this.waiting.get(key) ?? this.working.get(key);
    if (pending) {
      pending.waiters.push(settled);
      return;
    }
    this.waiting.set(key, { missing, waiters: [settled] });
    this.charactersWaiting += missing.text.length;
    this.wakeLanes();
    while (this.isFull() && !this.failure) await new Promise<void>((resolve) => this.room.push(resolve));
    if (this.failure) throw this.failure;
  }

  private isFull(): boolean {
    return this.waiting.size > CAPACITY || (this.waiting.size > 0 && this.charactersWaiting > CAPACITY_CHARACTERS);
  }

  /** Embeds what is left and ends the lanes. Throws what broke the embedding as a whole. */
  async finish(): Promise<void> {
    this.closed = true;
    this.wakeLanes();
    await Promise.all(this.lanes);
    if (this.failure) throw this.failure;
  }

  /** Forgets what is left; batches in flight are awaited. */
  async abort(): Promise<void> {
    this.waiting.clear();
    this.sorted = [];
    this.closed = true;
    this.wakeLanes();
    await Promise.all(this.lanes);
  }

  private async runLane(lane: number): Promise<void> {
    while (true) {
      const batch = this.takeBatch();
      if (batch.length > 0) {
        await this.embedBatch(lane, batch);
      } else if (this.closed || this.failure) {
        return;
      } else {
        await new Promise<void>((resolve) => this.wake.push(resolve));
      }
    }
  }

  private takeBatch(): Pending[] {
    if (this.failure) return [];
    if (this.sorted.length === 0) this.sorted = this.nextWindow();
    const first = this.sorted[0];
    if (!first) return [];
    const size = this.sorted.findIndex((pending) => pending.missing.embedder !== first.missing.embedder);
    const most = this.deps.batch?.(first.missing.embedder) ?? BATCH;
    const batch = this.sorted.splice(0, Math.min(size < 0 ? most : size, most));
    for (const pending of batch) {
      const key = `${pending.missing.embedder}\0${pending.missing.hash}`;
      this.waiting.delete(key);
      this.working.set(key, pending);
    }
    return batch;
  }

  private nextWindow(): Pending[] {
    const window: Pending[] = [];
    for (const pending of this.waiting.values()) {
      if (window.push(pending) >= WINDOW) break;
    }
    return window.sort(
      (a, b) => a.missing.embedder.localeCompare(b.missing.embedder) || b.missing.text.length - a.missing.text.length,
    );
  }

  private async embedBatch(lane: number, batch: readonly Pending[]): Promise<void> {
    const embedder = batch[0]?.missing.embedder ?? '';
    try {
      await this.embedAndStore(lane, embedder, batch);
    } catch (error) {
      const problem = toRagtuiError(error);
      if (concernsAll(problem)) this.fail(problem);
      else await this.embedOneByOne(lane, embedder, batch);
    } finally {
      for (const release of this.room.splice(0)) release();
    }
  }

  /** After a batch failed: finds the text that cannot be embedded, so that it fails alone. */
  private async embedOneByOne(lane: number, embedder: string, batch: readonly Pending[]): Promise<void> {
    for (const pending of batch) {
      try {
        await this.embedAndStore(lane, embedder, [pending]);
      } catch (error) {
        const problem = toRagtuiError(error);
        if (concernsAll(problem)) return this.fail(problem);
        this.settle(pending, problem);
      }
    }
  }

  private async embedAndStore(lane: number, embedder: string, batch: readonly Pending[]): Promise<void> {
    const { vectors, tokens } = await this.deps.embed(
      lane,
      embedder,
      batch.map((p) => p.missing.text),
    );
    const embedded = batch.map((pending, i): EmbeddedText => {
      const vector = vectors[i];
      if (!vector)
        throw new RagtuiError(
          'internal',
          `The embedder "${embedder}" returned ${vectors.length} vectors for ${batch.length} texts.`,
        );
      return { hash: pending.missing.hash, vector };
    });
    await this.deps.store(embedder, embedded);
    let characters = 0;
    for (const pending of batch) {
      characters += pending.missing.text.length;
      this.settle(pending, undefined);
    }
    this.deps.onEmbedded(
      batch.length,
      tokens.reduce((sum, n) => sum + n, 0),
      characters,
    );
  }

  private settle(pending: Pending, problem: RagtuiError | undefined): void {
    const key = `${pending.missing.embedder}\0${pending.missing.hash}`;
    this.working.delete(key);
    if (!problem) this.done.add(key);
    this.charactersWaiting -= pending.missing.text.length;
    for (const settled of pending.waiters) settled(problem);
  }

  /** Embeds no more than the batches in flight: `add` and `finish` throw `problem` from now on. */
  fail(problem: RagtuiError): void {
    this.failure ??= problem;
    this.wakeLanes();
    for (const release of this.room.splice(0)) release();
  }

  private wakeLanes(): void {
    for (const wake of this.wake.splice(0)) wake();
  }
}

/** A set that forgets: it holds the last `most` keys at least, and twice as many at most. */
class RecentKeys {
  private young = new Set<string>();
  private old = new Set<string>();

  constructor(private readonly most: number) {}

  has(key: string): boolean {
    return this.young.has(key) || this.old.has(key);
  }

  add(key: string): void {
    if (this.young.size >= this.most) [this.young, this.old] = [new Set(), this.young];
    this.young.add(key);
  }
}
