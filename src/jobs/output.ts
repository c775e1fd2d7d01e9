import { type FileHandle, open } from 'node:fs/promises';
import path from 'node:path';
import { errnoOf } from '../platform/errors.ts';
import { LineCutter } from '../training/readers/lines.ts';
import { Bell } from './bell.ts';
import { jobFiles } from './folder.ts';

/** What a job's processes print. */
export type OutputName = 'stdout' | 'stderr';

export interface OutputOptions {
  readonly signal: AbortSignal;
  /** How much of the end is read at first, and at most at once later. */
  readonly lastBytes?: number;
  /** True = nothing more will come: ends when the end of the file is reached. Absent: goes on until the signal. */
  readonly isOver?: () => boolean;
  readonly onLines: (lines: readonly string[]) => void;
}

const LAST_BYTES = 64 * 1024;
const POLL_MS = 500;

export const outputFile = (folder: string, name: OutputName): string => jobFiles(folder)[name];

/**
 * The last lines of what a job printed, then what comes, by offset: however long the file, only its end is read. What
 * comes faster than it can be shown is left out. A line without its end waits for it, or for the end of the job.
 */
export async function tailOutput(file: string, options: OutputOptions): Promise<void> {
  const { signal, lastBytes = LAST_BYTES, isOver = () => false, onLines } = options;
  const bell = new Bell([path.dirname(file)], { pollMs: POLL_MS, signal });
  const reader = new EndReader(lastBytes);
  try {
    for (;;) {
      // Asked before the file is read: what was written last is told too.
      const last = isOver();
      const lines = await reader.read(file);
      if (signal.aborted) return;
      if (lines.length > 0) onLines(lines);
      if (last) break;
      await bell.next();
      if (signal.aborted) return;
    }
    const rest = reader.rest();
    if (rest) onLines([rest]);
  } finally {
    bell.close();
  }
}

/** Reads what a file got since the last time, never more than `most` bytes of it. */
class EndReader {
  readonly #most: number;
  #cutter = new LineCutter();
  #offset: number | undefined;

  constructor(most: number) {
    this.#most = most;
  }

  async read(file: string): Promise<string[]> {
    const handle = await openIfThere(file);
    if (!handle) return [];
    try {
      const { size } = await handle.stat();
      const from = this.#offset === undefined || size < this.#offset ? 0 : this.#offset;
      const start = Math.max(from, size - this.#most);
      if (start === size) return [];
      const buffer = Buffer.alloc(size - start);
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, start);
      // In the middle of a line: it begins somewhere else, so its end says nothing.
      const cut = start > from;
      if (cut || from === 0) this.#cutter = new LineCutter();
      this.#offset = start + bytesRead;
      const lines = this.#cutter.push(buffer.subarray(0, bytesRead));
      return (cut ? lines.slice(1) : lines).filter((line) => line !== '');
    } finally {
      await handle.close();
    }
  }

  rest(): string {
    return this.#cutter.end();
  }
}

async function openIfThere(file: string): Promise<FileHandle | undefined> {
  try {
    return await open(file, 'r');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
