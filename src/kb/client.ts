import { readFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { workerPath } from '../platform/entry.ts';
import { errnoOf, errorCode, RagtuiError, toRagtuiError } from '../platform/errors.ts';
import { assertOwnRunFolder, ensureWorkspace, type WorkspacePaths } from '../platform/paths.ts';
import { spawnDetached } from '../platform/processes.ts';
import { encodeLine, LineReader } from './framing.ts';
import {
  type KbClient,
  type Method,
  methods,
  type Params,
  PROTOCOL_VERSION,
  type Result,
  responseSchema,
} from './protocol.ts';

/** How long a service may take to answer after it was started (it may have to check a large database first). */
const START_MS = 60_000;

/** A service that was killed so often while it started will not start. */
const MAX_DEATHS = 4;

/** Calls that may be sent again when the service died before it answered: twice has the same effect as once. */
const REPEATABLE: ReadonlySet<Method> = new Set<Method>([
  'kb.list',
  'kb.show',
  'kb.verify',
  'kb.documents',
  'kb.document',
  'kb.chunks',
  'kb.remove',
  'kb.restore',
  'kb.switch',
  'shadow.begin',
  'shadow.missing',
  'shadow.vectors',
  'shadow.settle',
  'kb.reindex',
  'search',
  'texts.embed',
  'db.gc',
  'answers.list',
  'kb.state',
  'comparisons.column',
  'comparisons.end',
  'comparisons.list',
  'comparisons.get',
  'comparisons.remove',
  'comparisons.restore',
  'comparisons.vote',
  'comparisons.votes',
  'columnSets.list',
  'columnSets.save',
]);

/** Connects to the workspace's kb service, starting it if nobody has. Throws what kept it from starting. */
export async function connectKb(paths: WorkspacePaths, options: { signal?: AbortSignal } = {}): Promise<KbClient> {
  assertOwnRunFolder(paths);
  const client = new SocketClient(paths);
  await abortable(client.connect(), options.signal);
  return client;
}

class SocketClient implements KbClient {
  #link: Promise<Link> | undefined;
  #current: Link | undefined;
  #closed = false;
  #connectedOnce = false;
  readonly #listeners = new Set<() => void>();

  constructor(readonly paths: WorkspacePaths) {}

  async call<M extends Method>(
    method: M,
    params: Params<M>,
    options: { signal?: AbortSignal } = {},
  ): Promise<Result<M>> {
    options.signal?.throwIfAborted();
    const answer = await abortable(this.#answer(method, params), options.signal);
    return checked(method, answer);
  }

  async #answer(method: Method, params: unknown): Promise<unknown> {
    if (method.startsWith('ingest.') && method !== 'ingest.begin' && !this.#current?.open) throw gone();
    const link = await this.connect();
    try {
      return await link.request(method, params);
    } catch (error) {
      if (!(error instanceof ConnectionLost)) throw error;
      if (!REPEATABLE.has(method) || this.#closed) throw gone();
    }
    try {
      return await (await this.connect()).request(method, params);
    } catch (error) {
      throw error instanceof ConnectionLost ? gone() : error;
    }
  }

  /** The open connection, or a new one. */
  connect(): Promise<Link> {
    if (this.#closed) return Promise.reject(new RagtuiError('unavailable', 'This client is closed.'));
    if (this.#current?.open) return Promise.resolve(this.#current);
    this.#link ??= openLink(this.paths).then(
      (link) => {
        this.#link = undefined;
        this.#current = link;
        if (this.#closed) link.end();
        if (this.#connectedOnce) for (const listener of this.#listeners) listener();
        this.#connectedOnce = true;
        return link;
      },
      (error: unknown) => {
        this.#link = undefined;
        throw error;
      },
    );
    return this.#link;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#current?.end();
  }

  onRestart(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

const gone = () =>
  new RagtuiError('unavailable', 'The knowledge base service stopped in the middle of this call.', 'Try again.');

const answers: { readonly [M in Method]: { readonly result: z.ZodType<Result<M>> } } = methods;

function checked<M extends Method>(method: M, answer: unknown): Result<M> {
  const parsed = answers[method].result.safeParse(answer);
  if (parsed.success) return parsed.data;
  throw new RagtuiError('internal', `The knowledge base service gave a wrong answer to ${method}.`, '', {
    cause: parsed.error,
  });
}

class ConnectionLost extends Error {}

/** One connection. */
class Link {
  open = true;
  #next = 1;
  readonly #waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  readonly #lines = new LineReader();

  constructor(readonly socket: net.Socket) {
    socket.on('data', (data: Buffer) => {
      try {
        for (const line of this.#lines.push(data)) this.#receive(line);
      } catch {
        socket.destroy();
      }
    });
    socket.on('error', () => undefined);
    socket.once('close', () => {
      this.open = false;
      for (const { reject } of this.#waiting.values()) reject(new ConnectionLost());
      this.#waiting.clear();
    });
  }

  request(method: string, params: unknown): Promise<unknown> {
    const id = this.#next;
    this.#next += 1;
    return new Promise((resolve, reject) => {
      if (!this.open) throw new ConnectionLost();
      const line = encodeLine({ id, method, params });
      this.#waiting.set(id, { resolve, reject });
      this.socket.write(line);
    });
  }

  end(): void {
    this.open = false;
    this.socket.end();
  }

  #receive(line: string): void {
    const message = responseSchema.parse(JSON.parse(line));
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if (!waiting) return;
    if (message.error) waiting.reject(toError(message.error));
    else waiting.resolve(message.result);
  }
}

function toError(error: { code: string; message: string; hint: string }): RagtuiError {
  return new RagtuiError(errorCode(error.code), error.message, error.hint);
}

/** Connects and greets; starts the service when nobody answers; asks an older one to leave first. */
async function openLink(paths: WorkspacePaths): Promise<Link> {
  const end = performance.now() + START_MS;
  let starter: Starter | undefined;
  let link: Link | undefined;
  const attempt = async () => {
    link = await greet(paths);
    if (link) return true;
    starter ??= new Starter(paths);
    starter.check();
    return false;
  };
  while (performance.now() < end && !(await attempt())) await delay(20);
  if (link) return link;
  throw new RagtuiError(
    'unavailable',
    'The knowledge base service did not start in time.',
    `Its log is in ${path.join(paths.logs, 'kb-service')}.`,
  );
}

/** A connection to a service of our version; undefined when there is none (yet). */
async function greet(paths: WorkspacePaths): Promise<Link | undefined> {
  const socket = await dial(paths.socket);
  if (!socket) return undefined;
  const link = new Link(socket);
  try {
    const { version } = checked('hello', await link.request('hello', { version: PROTOCOL_VERSION }));
    if (version === PROTOCOL_VERSION) return link;
    link.end();
    if (version < PROTOCOL_VERSION) return undefined;
    throw new RagtuiError(
      'unsupported',
      'A newer ragtui is using this workspace.',
      'Update this one, or close the other and wait a minute.',
    );
  } catch (error) {
    if (error instanceof ConnectionLost) return undefined;
    throw error;
  }
}

function dial(socketPath: string): Promise<net.Socket | undefined> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(socketPath);
    socket.once('connect', () => {
      socket.removeAllListeners('error');
      resolve(socket);
    });
    socket.once('error', (error) => {
      const errno = errnoOf(error);
      if (errno === 'ENOENT' || errno === 'ECONNREFUSED' || errno === 'EAGAIN') resolve(undefined);
      else reject(toRagtuiError(error));
    });
  });
}

/** Starts the service; several at once are fine, one of them gets the lock and the others leave. */
class Starter {
  #exit: { code: number | null } | undefined;
  #deaths = 0;
  readonly #logFolder: string;
  #child: ReturnType<typeof spawnDetached> | undefined;

  constructor(readonly paths: WorkspacePaths) {
    this.#logFolder = path.join(paths.logs, 'kb-service');
    this.#start();
  }

  /** Throws when the service said why it could not start; starts another when it left without serving us. */
  check(): void {
    if (!this.#exit) return;
    if (this.#exit.code === 1) throw this.#reason();
    if (this.#exit.code !== 0) this.#deaths += 1;
    if (this.#deaths >= MAX_DEATHS) {
      throw new RagtuiError(
        'unavailable',
        'The knowledge base service dies each time it starts.',
        `Its log is in ${this.#logFolder}.`,
      );
    }
    this.#exit = undefined;
    this.#start();
  }

  #start(): void {
    ensureWorkspace(this.paths);
    this.#child = spawnDetached(process.execPath, [workerPath('kb-service'), this.paths.home], {
      logFolder: this.#logFolder,
      env: { ...process.env, RAGTUI_MODELS_CACHE: this.paths.models },
    });
    this.#child.once('exit', (code) => {
      this.#exit = { code };
    });
    this.#child.once('error', () => {
      this.#exit = { code: null };
    });
  }

  #reason(): RagtuiError {
    const log = path.join(this.#logFolder, 'stderr.log');
    const line = readFileSync(log, 'utf8').trimEnd().split('\n').at(-1) ?? '';
    try {
      const { error } = startErrorSchema.parse(JSON.parse(line));
      return toError(error);
    } catch {
      return new RagtuiError('unavailable', 'The knowledge base service could not start.', `See ${log}.`);
    }
  }
}

const startErrorSchema = z.object({
  error: z.object({ code: z.string(), message: z.string(), hint: z.string() }),
});

function abortable<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  return new Promise((resolve, reject) => {
    const stop = () => reject(new RagtuiError('cancelled', 'Cancelled.', '', { cause: signal.reason }));
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}
