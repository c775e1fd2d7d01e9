import { startEmbedder } from '../../models/embedder-client.ts';
import type { Embedded, EmbedOptions, ResolvedEmbedder } from '../../models/embedder-types.ts';
import { type SupervisedEmbedder, supervisedEmbedder } from '../../models/supervised-embedder.ts';
import { RagtuiError } from '../../platform/errors.ts';
import { Gate } from '../http/gate.ts';
import type { EmbedPlain } from './promise.ts';

/** Texts of one turn: a request of thousands lets others in between. */
const WINDOW = 32;

export interface LaneOptions {
  /** Embedder processes of one thread each; each is started when all before it are busy. */
  readonly lanes: number;
  /** Told each time a dead process is replaced; its work is done again. */
  readonly onRestart?: (reason: string) => void;
  /** Looks at a process that has just read the model's files, before it is used; what it throws, the request gets. */
  readonly verify?: (embed: EmbedPlain) => Promise<unknown>;
  /** For tests: how a lane is made. */
  readonly make?: (
    resolved: ResolvedEmbedder,
    options: Pick<LaneOptions, 'onRestart' | 'verify'>,
  ) => SupervisedEmbedder;
}

interface Lane {
  readonly embedder: SupervisedEmbedder;
  busy: boolean;
}

/** Embeds the texts of many requests in a few processes: requests take turns, one window of texts at a time. */
export class EmbedderLanes {
  readonly resolved: ResolvedEmbedder;
  readonly #lanes: readonly Lane[];
  readonly #gate: Gate;
  #requests = 0;

  constructor(resolved: ResolvedEmbedder, { lanes, make = makeLane, ...options }: LaneOptions) {
    this.resolved = resolved;
    this.#gate = new Gate(lanes);
    this.#lanes = Array.from({ length: lanes }, () => ({ embedder: make(resolved, options), busy: false }));
  }

  /** Processes that run now. */
  get pids(): number[] {
    return this.#lanes.flatMap(({ embedder }) => embedder.pid() ?? []);
  }

  /**
   * Vectors of all texts, in their order. `onStart` is called when the first window begins. Throws as the embedder does:
   * `invalid` (a text without a usable vector), `unavailable`, the signal's reason.
   */
  async embed(
    texts: readonly string[],
    how: Pick<EmbedOptions, 'kind' | 'instruction'>,
    options: { readonly signal: AbortSignal; readonly onStart?: () => void },
  ): Promise<Embedded> {
    this.#requests += 1;
    const client = String(this.#requests);
    const failed = new AbortController();
    const signal = AbortSignal.any([options.signal, failed.signal]);
    let started = false;
    const start = () => {
      if (!started) options.onStart?.();
      started = true;
    };
    const windows = Array.from({ length: Math.ceil(texts.length / WINDOW) }, (_, index) => index * WINDOW);
    const parts = windows.map((first) =>
      this.#gate.run({ client, alone: false }, signal, async () => {
        start();
        return this.#window(texts.slice(first, first + WINDOW), first, { ...how, signal });
      }),
    );
    for (const part of parts) part.catch((error: unknown) => failed.abort(error));
    const done = await Promise.all(parts);
    return {
      vectors: done.flatMap(({ vectors }) => vectors),
      tokens: done.flatMap(({ tokens }) => tokens),
      cut: done.flatMap(({ cut = [] }, index) => cut.map((position) => index * WINDOW + position)),
    };
  }

  /** Resolves when nothing is embedded or in line. */
  whenIdle(): Promise<void> {
    return this.#gate.whenIdle();
  }

  async close(): Promise<void> {
    await Promise.all(this.#lanes.map(({ embedder }) => embedder.close()));
  }

  /** As many windows are let in as there are lanes: one is always free. */
  async #window(texts: readonly string[], first: number, how: EmbedOptions): Promise<Embedded> {
    const lane = this.#lanes.find(({ busy }) => !busy);
    if (!lane) throw new RagtuiError('internal', 'No embedder process is free.');
    lane.busy = true;
    try {
      return await lane.embedder.embed(texts, how);
    } catch (error) {
      // It counts from the first text it was given.
      if (first === 0 || !(error instanceof RagtuiError) || error.code !== 'invalid') throw error;
      throw new RagtuiError(error.code, `Counted from input[${first}]: ${error.message}`, error.hint, { cause: error });
    } finally {
      lane.busy = false;
    }
  }
}

function makeLane(
  resolved: ResolvedEmbedder,
  { onRestart, verify }: Pick<LaneOptions, 'onRestart' | 'verify'>,
): SupervisedEmbedder {
  return supervisedEmbedder(resolved, {
    threads: 1,
    ...(onRestart ? { onRestart } : {}),
    start: async (model, options) => {
      const started = await startEmbedder(model, options);
      try {
        await verify?.(async (texts) => (await started.embed(texts, { kind: 'query', instruction: false })).vectors);
      } catch (error) {
        await started.close();
        throw error;
      }
      return started;
    },
  });
}
