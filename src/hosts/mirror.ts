import { appendFileSync, existsSync, statSync, truncateSync } from 'node:fs';
import { z } from 'zod';
import { parseJson } from '../platform/json.ts';
import { type RunStatus, runStatusSchema } from './types.ts';

const frameSchema = z.union([
  z.object({ file: z.string(), at: z.number().int(), bytes: z.number().int().positive() }),
  z.object({ file: z.string(), reset: z.literal(true) }),
  z.object({ status: runStatusSchema, checkpoints: z.array(z.string()) }),
  z.object({ end: runStatusSchema }),
  z.object({ error: z.object({ code: z.string(), message: z.string() }) }),
]);

/** What the agent tells while it follows a run. */
export type Frame =
  | { readonly kind: 'data'; readonly file: string; readonly at: number; readonly data: Buffer }
  | { readonly kind: 'reset'; readonly file: string }
  | { readonly kind: 'status'; readonly status: RunStatus; readonly checkpoints: readonly string[] }
  | { readonly kind: 'end'; readonly status: RunStatus }
  | { readonly kind: 'error'; readonly code: string; readonly message: string };

const NEWLINE = 0x0a;

/** Cuts what comes over a connection into frames; a frame that the connection's end cut off is never told. */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0);

  push(chunk: Buffer): Frame[] {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const frames: Frame[] = [];
    for (;;) {
      const end = this.#rest.indexOf(NEWLINE);
      if (end < 0) return frames;
      const parsed = frameSchema.safeParse(parseJson(this.#rest.toString('utf8', 0, end)));
      const head = parsed.success ? parsed.data : undefined;
      if (head && 'bytes' in head) {
        const last = end + 1 + head.bytes;
        if (this.#rest.length < last) return frames;
        frames.push({ kind: 'data', file: head.file, at: head.at, data: this.#rest.subarray(end + 1, last) });
        this.#rest = this.#rest.subarray(last);
        continue;
      }
      // A line of something else: what the host's shell says at every login.
      if (head) frames.push(plainFrame(head));
      this.#rest = this.#rest.subarray(end + 1);
    }
  }
}

function plainFrame(head: Exclude<z.infer<typeof frameSchema>, { bytes: number }>): Frame {
  if ('reset' in head) return { kind: 'reset', file: head.file };
  if ('end' in head) return { kind: 'end', status: head.end };
  if ('error' in head) return { kind: 'error', ...head.error };
  return { kind: 'status', ...head };
}

/**
 * A file here that grows as one there does, byte for byte. The offset counts what has been written here: whatever comes
 * again after a connection broke is not written again, and nothing is left out.
 */
export class MirroredFile {
  readonly #file: string;
  /** Bytes of others before ours. */
  readonly #base: number;
  #offset: number;

  /** `same`: bytes at the end of the file here that are the beginning of the one there. */
  constructor(file: string, same = 0) {
    this.#file = file;
    const size = existsSync(file) ? statSync(file).size : 0;
    this.#base = size - same;
    this.#offset = same;
  }

  get offset(): number {
    return this.#offset;
  }

  write(at: number, data: Buffer): void {
    const skip = this.#offset - at;
    // More than a repetition: a gap. The next connection begins at our offset.
    if (skip < 0 || skip >= data.length) return;
    const fresh = skip === 0 ? data : data.subarray(skip);
    appendFileSync(this.#file, fresh, { mode: 0o600 });
    this.#offset += fresh.length;
  }

  /** The file there was begun anew. */
  reset(): void {
    if (existsSync(this.#file)) truncateSync(this.#file, this.#base);
    this.#offset = 0;
  }
}
