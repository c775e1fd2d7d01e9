import { programVersion } from '../../datasets/program-version.ts';
import type { KbClient } from '../../kb/protocol.ts';
import type { Hit } from '../../kb/types.ts';
import { type RagtuiError, toRagtuiError } from '../../platform/errors.ts';
import { redactSecrets } from '../../platform/redact.ts';
import {
  type ColumnResult,
  type CompareEvent,
  type CompareOptions,
  type CompareRequest,
  type Comparison,
  checkRequest,
  compare,
  orderOf,
} from '../compare.ts';
import type { AnswerDependencies } from '../pipeline.ts';
import type { Message } from '../types.ts';
import type { ComparedColumn, ComparisonHead, Gathered } from './types.ts';

/** A kill loses what was said in at most this long (ms). */
const SAY_EVERY_MS = 1000;

/** Keeps one comparison in the history while it is made. Nothing here throws or slows the comparison. */
export interface Recording {
  /** Feed it every event of `compare`. */
  onEvent(column: number, event: CompareEvent): void;
  /** Sends what was said since the last time; resolves when it is on disk. */
  flush(): Promise<void>;
  /**
   * The comparison is over (`cut`: the program is being stopped): resolves when all of it is on disk. `id` is null and
   * `fault` says why when it could not be kept.
   */
  end(state?: 'ended' | 'cut'): Promise<Kept>;
}

export interface Kept {
  /** In the history. */
  readonly id: number | null;
  readonly fault: RagtuiError | null;
}

/** Makes a comparison and keeps it. `kept` resolves after `comparison`; errors: those of `compare`. */
export async function compareAndKeep(
  deps: AnswerDependencies,
  request: CompareRequest,
  options: CompareOptions & { readonly stopped?: () => boolean } = {},
): Promise<{ readonly comparison: Comparison; readonly kept: Kept }> {
  checkRequest(request);
  const recording = recordComparison(deps.kb, request);
  try {
    const comparison = await compare(deps, request, {
      ...options,
      onEvent: (column, event) => {
        recording.onEvent(column, event);
        options.onEvent?.(column, event);
      },
    });
    return { comparison, kept: await recording.end(options.stopped?.() ? 'cut' : 'ended') };
  } catch (error) {
    await recording.end('cut');
    throw error;
  }
}

/**
 * Begins to keep a comparison. What columns say goes to the service once a second, each column whole when it ends: the
 * history is whole also when this process is killed.
 */
export function recordComparison(
  kb: Pick<KbClient, 'call'>,
  request: CompareRequest,
  { everyMs = SAY_EVERY_MS }: { readonly everyMs?: number } = {},
): Recording {
  return new Recorder(kb, request, everyMs);
}

/** The head of a request in the history. Pure but for the version of the program. */
export function headOf(request: CompareRequest): ComparisonHead {
  const { question, kb, columns, passage = null, references = [], source = '' } = request;
  const { mode, sequence } = orderOf(request);
  return {
    format: 1,
    question,
    kb,
    order: { mode, sequence: [...sequence] },
    passage,
    references: [...references],
    source,
    columns: [...columns],
    programVersion: programVersion(),
  };
}

/** A column as the history keeps it; without an answer, with what was gathered until then. Pure. */
export function comparedColumn(result: ColumnResult, gathered: Gathered | null): ComparedColumn {
  const { column, state, answer, partial, error, metrics = {}, server = {} } = result;
  return {
    column,
    state,
    answer,
    partial: answer ? '' : partial,
    gathered: answer ? null : gathered,
    error: error && { code: error.code, message: redactSecrets(error.message), hint: redactSecrets(error.hint) },
    metrics: { ...metrics },
    server: { ...server },
  };
}

/** What one column has brought so far. */
class Heard {
  hits: readonly Hit[] = [];
  messages: readonly Message[] = [];
  reasoning = '';
  /** Not sent yet. */
  text = '';
  changed = false;

  take(event: CompareEvent): void {
    if (event.type === 'retrieved') this.hits = event.search.hits;
    else if (event.type === 'prompt') this.messages = event.messages;
    else if (event.type === 'delta') {
      this.text += event.text;
      this.reasoning += event.reasoning;
      if (event.reasoning === '') return;
    } else return;
    this.changed = true;
  }

  gathered(): Gathered {
    return { hits: [...this.hits], messages: [...this.messages], reasoning: this.reasoning };
  }

  piece(column: number) {
    const piece = { column, text: this.text, ...(this.changed ? { gathered: this.gathered() } : {}) };
    this.text = '';
    this.changed = false;
    return piece;
  }
}

class Recorder implements Recording {
  readonly #kb: Pick<KbClient, 'call'>;
  readonly #everyMs: number;
  readonly #heard: Heard[];
  #id: number | null = null;
  #fault: RagtuiError | null = null;
  #timer: NodeJS.Timeout | undefined;
  /** Writes go out one after another, in the order of what happened. */
  #last: Promise<void>;

  constructor(kb: Pick<KbClient, 'call'>, request: CompareRequest, everyMs: number) {
    this.#kb = kb;
    this.#everyMs = everyMs;
    this.#heard = request.columns.map(() => new Heard());
    this.#last = this.#begin(request);
  }

  onEvent(column: number, event: CompareEvent): void {
    const heard = this.#heard[column];
    if (!heard) return;
    if (event.type === 'ended') {
      const result = comparedColumn(event.result, heard.gathered());
      // What it said stands in its result.
      heard.text = '';
      heard.changed = false;
      this.#write((id) => this.#kb.call('comparisons.column', { id, column, result }));
      return;
    }
    heard.take(event);
    if (heard.text !== '' || heard.changed) this.#timer ??= setTimeout(() => void this.flush(), this.#everyMs).unref();
  }

  flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const pieces = this.#heard.flatMap((heard, column) =>
      heard.text !== '' || heard.changed ? [heard.piece(column)] : [],
    );
    // Lost when the service restarts just then; the column brings it again when it ends.
    if (pieces.length > 0) this.#write((id) => this.#kb.call('comparisons.said', { id, pieces }), false);
    return this.#last;
  }

  async end(state: 'ended' | 'cut' = 'ended'): Promise<Kept> {
    void this.flush();
    this.#write((id) => this.#kb.call('comparisons.end', { id, state }));
    await this.#last;
    return { id: this.#fault ? null : this.#id, fault: this.#fault };
  }

  async #begin(request: CompareRequest): Promise<void> {
    try {
      this.#id = (await this.#kb.call('comparisons.begin', { head: headOf(request) })).id;
    } catch (error) {
      this.#fault = toRagtuiError(error);
    }
  }

  #write(send: (id: number) => Promise<unknown>, matters = true): void {
    this.#last = this.#last.then(async () => {
      if (this.#id === null) return;
      try {
        await send(this.#id);
      } catch (error) {
        if (matters) this.#fault ??= toRagtuiError(error);
      }
    });
  }
}
