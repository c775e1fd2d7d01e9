import { fork } from 'node:child_process';
import os from 'node:os';
import { workerPath } from '../platform/entry.ts';
import { RagtuiError, toRagtuiError } from '../platform/errors.ts';
import { type FromChild, fromChildSchema, type LoadRequest, type ToChild } from './embedder-protocol.ts';

type Request = { type: 'embed'; texts: string[] } | { type: 'rerank'; query: string; texts: string[] };
type Reply = Exclude<FromChild, { type: 'failed' | 'ready' }>;

/** Our end of one `workers/embedder.ts`. */
export interface EmbedderChild {
  readonly pid: number | undefined;
  call(request: Request, signal?: AbortSignal): Promise<Reply>;
  close(): Promise<void>;
  onExit(listener: (reason: string) => void): () => void;
}

interface Waiting {
  resolve(reply: Reply): void;
  reject(error: RagtuiError): void;
}

/** What a model process needs of our environment; keys and tokens stay here. */
const PASSED_ENV = ['PATH', 'HOME', 'TMPDIR', 'LANG', 'LC_ALL', 'LD_LIBRARY_PATH', 'RAGTUI_DEBUG'];
const STDERR_KEPT = 4000;
const CLOSE_WITHIN_MS = 2000;

/** Forks the worker and loads its model; resolves when it is ready to work. */
export async function startChild(load: LoadRequest, nice: number): Promise<EmbedderChild> {
  const child = fork(workerPath('embedder'), [], {
    serialization: 'advanced',
    execArgv: [],
    env: Object.fromEntries(PASSED_ENV.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : []))),
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  const waiting = new Map<number, Waiting>();
  const listeners = new Set<(reason: string) => void>();
  let nextId = 0;
  let stderr = '';
  let gone: string | undefined;
  let closing = false;
  const ready = deferred();
  const exited = deferred();

  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-STDERR_KEPT);
  });
  child.on('message', (raw) => {
    const parsed = fromChildSchema.safeParse(raw);
    if (!parsed.success) return end('it sent a message we do not know');
    const message = parsed.data;
    if (message.type === 'ready') return ready.resolve();
    if (message.type === 'failed') {
      const error = new RagtuiError(message.code, message.message, message.hint);
      if (message.id === undefined) ready.reject(error);
      else take(message.id)?.reject(error);
      return;
    }
    take(message.id)?.resolve(message);
  });
  child.on('error', (error) => end(toRagtuiError(error).message));
  child.on('exit', (code, signal) => end(signal ? `killed by ${signal}` : `exit code ${code}`));

  function take(id: number): Waiting | undefined {
    const one = waiting.get(id);
    waiting.delete(id);
    return one;
  }
  function end(reason: string): void {
    if (gone !== undefined) return;
    const last = stderr.trim().split('\n').at(-1);
    gone = last ? `${reason}: ${last.slice(0, 200)}` : reason;
    child.kill('SIGKILL');
    ready.reject(died(gone));
    for (const one of waiting.values()) one.reject(died(gone));
    waiting.clear();
    if (!closing) for (const listener of listeners) listener(gone);
    listeners.clear();
    exited.resolve();
  }
  function send(message: ToChild): void {
    child.send(message, (error) => {
      if (error) end('its channel closed');
    });
  }

  if (child.pid !== undefined) renice(child.pid, nice);
  send({ type: 'load', load });
  try {
    await ready.promise;
  } catch (error) {
    closing = true;
    end('not loaded');
    throw error;
  }

  return {
    pid: child.pid,
    call(request, signal) {
      return new Promise<Reply>((resolve, reject) => {
        if (gone !== undefined) return reject(died(gone));
        if (signal?.aborted) return reject(new RagtuiError('cancelled', 'Cancelled.'));
        const id = nextId;
        nextId += 1;
        const abort = () => {
          // The child stops at the end of its current run; nobody waits for that.
          if (take(id)) send({ type: 'cancel', id });
          reject(new RagtuiError('cancelled', 'Cancelled.'));
        };
        signal?.addEventListener('abort', abort, { once: true });
        const settled = () => signal?.removeEventListener('abort', abort);
        waiting.set(id, {
          resolve: (reply) => {
            settled();
            resolve(reply);
          },
          reject: (error) => {
            settled();
            reject(error);
          },
        });
        send({ ...request, id });
      });
    },
    async close() {
      closing = true;
      if (gone !== undefined) return;
      if (child.connected) child.disconnect();
      const timer = setTimeout(() => end('closed'), CLOSE_WITHIN_MS);
      await exited.promise;
      clearTimeout(timer);
    },
    onExit(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

function deferred(): { promise: Promise<void>; resolve: () => void; reject: (error: RagtuiError) => void } {
  let resolve = (): void => {};
  let reject = (_error: RagtuiError): void => {};
  const promise = new Promise<void>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

const died = (reason: string): RagtuiError =>
  new RagtuiError('unavailable', `The embedding process ended (${reason}).`, 'It is started again at the next use.');

function renice(pid: number, nice: number): void {
  try {
    os.setPriority(pid, nice);
  } catch {
    // It may be gone already, or niceness may be forbidden: neither stops the work.
  }
}
