import { RagtuiError } from '../../platform/errors.ts';
import type { ExtractedDocument } from '../types.ts';
import { ParserChild } from './parser-child.ts';
import { type LoadOptions, loadOptionsSchema } from './types.ts';

export interface ParserPoolOptions {
  /** Children at once. */
  readonly size: number;
  /** Resident memory that a child may take, MB. Default 512. */
  readonly memoryMb?: number;
  /** Time that a child may work on one file, ms; waiting for the consumer does not count. Default 60,000. */
  readonly timeoutMs?: number;
  /** Another program for the children, for tests. */
  readonly entry?: string;
}

export interface ParserPool {
  /**
   * The documents of a file in batches of at most 64 documents or about 2 MB of text; the next batch is made when it
   * is asked for. Leaving the loop early, or `signal`, stops the work at once. Throws RagtuiError: one line of what
   * and why, without the path; a child that died, hung or grew too large is such an error, and the next file goes on.
   */
  parse(path: string, options?: LoadOptions, signal?: AbortSignal): AsyncIterable<ExtractedDocument[]>;
  /** Ends all children; files still being parsed fail with `cancelled`. */
  close(): Promise<void>;
}

/** Children that parse one untrusted file at a time; they start when first needed. */
export function createParserPool(options: ParserPoolOptions): ParserPool {
  const { size, entry } = options;
  const limits = { memoryMb: options.memoryMb ?? 512, timeoutMs: options.timeoutMs ?? 60_000 };
  const idle: ParserChild[] = [];
  const all = new Set<ParserChild>();
  const waiting: (() => void)[] = [];
  let busy = 0;
  let closed = false;

  const cancelled = (): RagtuiError => new RagtuiError('cancelled', 'Reading it was stopped.');

  /** Until a slot is free, the pool closes or the signal comes. */
  async function turn(signal: AbortSignal | undefined): Promise<void> {
    let wake = (): void => {};
    const woken = new Promise<void>((resolve) => {
      wake = resolve;
    });
    waiting.push(wake);
    signal?.addEventListener('abort', wake, { once: true });
    await woken;
    signal?.removeEventListener('abort', wake);
    const left = waiting.indexOf(wake);
    if (left >= 0) waiting.splice(left, 1);
  }

  async function acquire(signal: AbortSignal | undefined): Promise<ParserChild> {
    while (busy >= size && !closed && !signal?.aborted) {
      await turn(signal);
    }
    if (closed || signal?.aborted) {
      waiting.shift()?.();
      throw cancelled();
    }
    busy++;
    const rested = idle.pop();
    if (rested?.alive) return rested;
    const child = new ParserChild(limits, entry);
    all.add(child);
    return child;
  }

  function release(child: ParserChild): void {
    busy--;
    if (child.reusable && !closed) idle.push(child);
    else {
      void child.kill();
      all.delete(child);
    }
    waiting.shift()?.();
  }

  return {
    async *parse(path, loadOptions = {}, signal) {
      const parsed = loadOptionsSchema.parse(loadOptions);
      const child = await acquire(signal);
      const stop = (): void => void child.kill(cancelled());
      signal?.addEventListener('abort', stop, { once: true });
      try {
        if (signal?.aborted) throw cancelled();
        yield* child.parse(path, parsed);
      } finally {
        signal?.removeEventListener('abort', stop);
        release(child);
      }
    },
    async close() {
      closed = true;
      for (const resume of waiting.splice(0)) resume();
      await Promise.all([...all].map((child) => child.kill(cancelled())));
      all.clear();
    },
  };
}
