import { type ChildProcess, fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { workerPath } from '../../platform/entry.ts';
import { RagtuiError } from '../../platform/errors.ts';
import type { ExtractedDocument } from '../types.ts';
import { type FromParser, fromParserSchema, type ToParser } from './parser-protocol.ts';
import type { ParsedLoadOptions } from './types.ts';

export interface ParserLimits {
  readonly memoryMb: number;
  readonly timeoutMs: number;
}

const WATCH_MS = 50;

/** One parser process. `parse` one file at a time; after an error of its own making it is dead and must be replaced. */
export class ParserChild {
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;
  readonly #limits: ParserLimits;
  #gone: RagtuiError | undefined;
  #settle: ((reply: FromParser | RagtuiError) => void) | undefined;
  #files = 0;
  /** False while a file is unfinished. */
  #rested = true;

  constructor(limits: ParserLimits, entry: string = workerPath('parser')) {
    this.#limits = limits;
    this.#child = fork(entry, [], {
      serialization: 'advanced',
      // Buffers are outside the heap; the watch on resident memory covers those.
      execArgv: [`--max-old-space-size=${Math.max(64, Math.floor(limits.memoryMb * 0.75))}`],
      // What libraries print about a bad file is of no use; nobody would read the pipe.
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      // The child reads untrusted files: it gets none of our secrets.
      env: {
        PATH: process.env['PATH'],
        TMPDIR: process.env['TMPDIR'],
        TZ: process.env['TZ'],
        LANG: process.env['LANG'],
      },
      cwd: '/',
    });
    this.#exited = new Promise((resolve) => {
      this.#child.once('exit', (code, signal) => {
        this.#end(death(code, signal, limits));
        resolve();
      });
      this.#child.once('error', (error) => {
        this.#end(new RagtuiError('internal', `The parser did not start: ${error.message}`, 'Run: npm run setup'));
        if (this.#child.pid === undefined) resolve();
      });
    });
    this.#child.on('message', (raw) => this.#receive(raw));
  }

  get alive(): boolean {
    return this.#gone === undefined;
  }

  /** Whether it may take another file: none is unfinished, and the last one left room in memory. */
  get reusable(): boolean {
    return this.alive && this.#rested && residentMb(this.#child.pid) < this.#limits.memoryMb / 2;
  }

  async *parse(path: string, options: ParsedLoadOptions): AsyncGenerator<ExtractedDocument[]> {
    const id = ++this.#files;
    this.#rested = false;
    let spentMs = 0;
    let request: ToParser = { type: 'parse', id, path, options };
    for (;;) {
      const started = performance.now();
      const reply = await this.#ask(request, this.#limits.timeoutMs - spentMs);
      spentMs += performance.now() - started;
      if (reply.type === 'batch') {
        yield reply.documents;
        request = { type: 'next', id };
        continue;
      }
      this.#rested = true;
      if (reply.type === 'end') return;
      throw new RagtuiError(reply.code, reply.message, reply.hint);
    }
  }

  /** Ends the process at once; a file being parsed fails with `reason`. */
  kill(reason: RagtuiError = new RagtuiError('cancelled', 'Reading it was stopped.')): Promise<void> {
    this.#end(reason);
    this.#child.kill('SIGKILL');
    return this.#exited;
  }

  #end(reason: RagtuiError): void {
    this.#gone ??= reason;
    this.#settle?.(this.#gone);
  }

  #receive(raw: unknown): void {
    const reply = fromParserSchema.safeParse(raw);
    if (reply.success) this.#settle?.(reply.data);
    else void this.kill(new RagtuiError('internal', 'The parser sent a message that makes no sense.'));
  }

  /** Sends a request and waits for its reply, under the watch on time and memory. */
  async #ask(request: ToParser, leftMs: number): Promise<FromParser> {
    if (this.#gone) throw this.#gone;
    const deadline = performance.now() + leftMs;
    const watch = setInterval(() => this.#watch(deadline), WATCH_MS);
    try {
      const reply = await new Promise<FromParser | RagtuiError>((resolve) => {
        this.#settle = resolve;
        this.#child.send(request, (error) => {
          if (error) this.#end(new RagtuiError('internal', 'The parser ended before it could begin.'));
        });
      });
      if (reply instanceof RagtuiError) throw reply;
      return reply;
    } finally {
      clearInterval(watch);
      this.#settle = undefined;
    }
  }

  #watch(deadline: number): void {
    const { memoryMb, timeoutMs } = this.#limits;
    if (performance.now() > deadline) {
      const seconds = Math.round(timeoutMs / 1000);
      void this.kill(
        new RagtuiError('timeout', `It was not read within ${seconds} s.`, 'Split it, or save it in a simpler format.'),
      );
    } else if (residentMb(this.#child.pid) > memoryMb) {
      void this.kill(tooLarge(memoryMb));
    }
  }
}

/** Resident memory from /proc (Linux; elsewhere 0, and only the heap limit holds). */
function residentMb(pid: number | undefined): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}

function tooLarge(memoryMb: number): RagtuiError {
  return new RagtuiError(
    'unsupported',
    `Reading it takes more than ${memoryMb} MB of memory.`,
    'Split it, or save it in a simpler format.',
  );
}

/** What an exit means: V8 aborts when the heap is full. */
function death(code: number | null, signal: NodeJS.Signals | null, limits: ParserLimits): RagtuiError {
  if (signal === 'SIGABRT' || code === 134) return tooLarge(limits.memoryMb);
  const how = signal ? `signal ${signal}` : `exit code ${code}`;
  return new RagtuiError('corrupt', `The parser broke down on it (${how}).`, 'The file may be damaged; save it again.');
}
