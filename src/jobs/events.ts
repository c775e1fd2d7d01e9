import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { type MachineClock, machineClock } from '../platform/clock.ts';
import { Bell } from './bell.ts';
import { jobFiles } from './folder.ts';
import { hasStarted, isOver, type JobEvent, type JobView, jobEventSchema } from './types.ts';

/** What is said in an event; `seq`, `time` and `writer` are added when it is written. */
type WithoutEnvelope<E> = E extends JobEvent ? Omit<E, 'seq' | 'time' | 'writer'> : never;
export type JobEventBody = WithoutEnvelope<JobEvent>;

const NEWLINE = 0x0a;
const POLL_MS = 500;
const READ_BYTES = 256 * 1024;

/**
 * Appends events to `events.jsonl`: one write() per line on an O_APPEND file, so lines of two writers never mix.
 * A line torn by a crash or a full disk is closed before the next one is written.
 */
export class EventWriter {
  readonly #fd: number;
  readonly #clock: MachineClock;
  readonly #writer: JobEvent['writer'];
  #seq = 0;

  constructor(folder: string, writer: JobEvent['writer'], clock: MachineClock = machineClock) {
    this.#clock = clock;
    this.#fd = openSync(jobFiles(folder).events, 'a+', 0o600);
    this.#writer = writer;
  }

  append(body: JobEventBody): JobEvent {
    const envelope = { seq: this.#seq, time: this.#clock.now().toISOString(), writer: this.#writer };
    this.#seq += 1;
    const event: JobEvent = { ...envelope, ...body };
    // The other writer may have died, or filled the disk, in the middle of a line.
    const before = endsInMidLine(this.#fd) ? '\n' : '';
    writeSync(this.#fd, `${before}${JSON.stringify(event)}\n`);
    return event;
  }

  close(): void {
    closeSync(this.#fd);
  }
}

function endsInMidLine(fd: number): boolean {
  const { size } = fstatSync(fd);
  if (size === 0) return false;
  const last = Buffer.alloc(1);
  readSync(fd, last, 0, 1, size - 1);
  return last[0] !== NEWLINE;
}

/** One line as an event; undefined for a torn or foreign line (a newer version may have written it). */
export function parseEvent(line: string): JobEvent | undefined {
  try {
    const parsed = jobEventSchema.safeParse(JSON.parse(line));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

export interface TailOptions {
  /** Byte offset to start at, or `end` for what comes from now on. */
  readonly from?: number | 'end';
  readonly signal: AbortSignal;
  /** `offset` is where the next line begins: hand it back as `from` to go on there. */
  readonly onEvent: (event: JobEvent, offset: number) => void;
}

/** Follows a job's events until `signal` aborts; returns the offset reached. A last line without its end is waited for. */
export async function tailEvents(folder: string, options: TailOptions): Promise<number> {
  const file = await open(jobFiles(folder).events, 'a+', 0o600);
  const bell = new Bell([folder], { pollMs: POLL_MS, signal: options.signal });
  try {
    let offset = options.from === 'end' ? await endOfLastLine(file) : (options.from ?? 0);
    for (;;) {
      offset = await readLines(file, offset, options);
      if (options.signal.aborted) return offset;
      await bell.next();
    }
  } finally {
    bell.close();
    await file.close();
  }
}

/** The last `maxBytes` of a job's events, whole lines only, and the offset to go on from with `tailEvents`. */
export async function readLastEvents(
  folder: string,
  maxBytes = 64 * 1024,
): Promise<{ events: JobEvent[]; offset: number }> {
  const file = await open(jobFiles(folder).events, 'a+', 0o600);
  try {
    const { size } = await file.stat();
    const events: JobEvent[] = [];
    const start = Math.max(0, size - maxBytes);
    const onEvent = (event: JobEvent) => events.push(event);
    const offset = await readLines(file, start, { onEvent, signal: new AbortController().signal }, size);
    return { events, offset };
  } finally {
    await file.close();
  }
}

/** All events so far, one after the other: however long the log, little of it is in memory at once. */
export async function readEvents(folder: string, onEvent: (event: JobEvent) => void): Promise<void> {
  const file = await open(jobFiles(folder).events, 'a+', 0o600);
  try {
    await readLines(file, 0, { onEvent, signal: new AbortController().signal });
  } finally {
    await file.close();
  }
}

async function readLines(
  file: FileHandle,
  from: number,
  { onEvent, signal }: Pick<TailOptions, 'onEvent' | 'signal'>,
  until = Number.POSITIVE_INFINITY,
): Promise<number> {
  let offset = from;
  let rest = Buffer.alloc(0);
  const { size } = await file.stat();
  // A file that became shorter was replaced: begin again.
  if (size < from) offset = 0;
  let position = offset;
  const buffer = Buffer.alloc(READ_BYTES);
  while (!signal.aborted && position < until) {
    const { bytesRead } = await file.read(buffer, 0, Math.min(READ_BYTES, until - position), position);
    if (bytesRead === 0) break;
    position += bytesRead;
    rest = Buffer.concat([rest, buffer.subarray(0, bytesRead)]);
    let start = 0;
    for (let end = rest.indexOf(NEWLINE, start); end >= 0; end = rest.indexOf(NEWLINE, start)) {
      const event = parseEvent(rest.toString('utf8', start, end));
      offset += end + 1 - start;
      start = end + 1;
      if (event) onEvent(event, offset);
      if (signal.aborted) return offset;
    }
    rest = rest.subarray(start);
  }
  return offset;
}

async function endOfLastLine(file: FileHandle): Promise<number> {
  const { size } = await file.stat();
  const buffer = Buffer.alloc(READ_BYTES);
  for (let end = size; end > 0; ) {
    const start = Math.max(0, end - READ_BYTES);
    const { bytesRead } = await file.read(buffer, 0, end - start, start);
    const newline = buffer.subarray(0, bytesRead).lastIndexOf(NEWLINE);
    if (newline >= 0) return start + newline + 1;
    end = start;
  }
  return 0;
}

/** What a view becomes by one more event. Pure. */
export function foldEvent(view: JobView, event: JobEvent): JobView {
  switch (event.type) {
    case 'state':
      return {
        ...view,
        state: event.state,
        reason: event.reason,
        startedAt: view.startedAt ?? (hasStarted(event.state) ? event.time : null),
        endedAt: isOver(event.state) ? event.time : view.endedAt,
      };
    case 'progress':
      return { ...view, progress: event.progress };
    case 'error':
      return { ...view, error: { code: event.code, message: event.message, hint: event.hint } };
    default:
      return view;
  }
}
