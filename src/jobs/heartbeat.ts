import { closeSync, openSync, statSync, writeSync } from 'node:fs';
import { z } from 'zod';
import { type MachineClock, machineClock } from '../platform/clock.ts';
import { type JobFiles, readJsonFile } from './folder.ts';

const BEAT_MS = 5000;
/** Each beat is written over the one before: a full disk does not stop it, and a reader finds it whole. */
const LINE_BYTES = 160;

/** `heartbeat.json`: the supervisor's sign of life. Times of day are for people; ages are told from `uptime`. */
export const heartbeatSchema = z.object({
  beat: z.number().int().nonnegative(),
  time: z.string(),
  /** Seconds since the machine started. */
  uptime: z.number(),
  /** Seconds since anything was last added to the job's events or its output. */
  quiet: z.number().nonnegative(),
});
export type Heartbeat = z.infer<typeof heartbeatSchema>;

/** Writes heartbeats until the returned function is called. `onBeat` is called with each. */
export function beat(
  files: JobFiles,
  options: { readonly onBeat?: () => void; readonly clock?: MachineClock; readonly everyMs?: number } = {},
): () => void {
  const heart = new Heart(files, options.clock ?? machineClock);
  const once = () => {
    heart.beat();
    options.onBeat?.();
  };
  once();
  const timer = setInterval(once, options.everyMs ?? BEAT_MS);
  return () => {
    clearInterval(timer);
    heart.close();
  };
}

/** One job's heart. Never throws: no job ends for want of a heartbeat. */
export class Heart {
  readonly #files: JobFiles;
  readonly #clock: MachineClock;
  #fd: number | undefined;
  #beat = 0;
  #bytes = -1;
  #lastWord = 0;

  constructor(files: JobFiles, clock: MachineClock) {
    this.#files = files;
    this.#clock = clock;
  }

  beat(): void {
    const uptime = this.#clock.uptime();
    const { events, stdout, stderr } = this.#files;
    const bytes = [events, stdout, stderr].reduce((sum, file) => sum + sizeOf(file), 0);
    if (bytes !== this.#bytes) this.#lastWord = uptime;
    this.#bytes = bytes;
    const quiet = Math.max(0, uptime - this.#lastWord);
    this.#write({ beat: this.#beat, time: this.#clock.now().toISOString(), uptime, quiet });
    this.#beat += 1;
  }

  #write(heartbeat: Heartbeat): void {
    try {
      this.#fd ??= openSync(this.#files.heartbeat, 'w', 0o600);
      writeSync(this.#fd, `${JSON.stringify(heartbeat).padEnd(LINE_BYTES)}\n`, 0);
    } catch {
      // A full disk or a deleted folder: the processes themselves tell whether the job lives.
    }
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }
}

export const readHeartbeat = (files: JobFiles): Heartbeat | null =>
  readJsonFile(files.heartbeat, heartbeatSchema) ?? null;

const sizeOf = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0;
