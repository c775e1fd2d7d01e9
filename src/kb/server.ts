import { chmodSync, rmSync } from 'node:fs';
import net from 'node:net';
import { z } from 'zod';
import { toDbError } from '../db/errors.ts';
import { RagtuiError } from '../platform/errors.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { encodeLine, LineReader } from './framing.ts';
import { type Method, methods, PROTOCOL_VERSION, requestSchema } from './protocol.ts';
import type { KbService } from './service.ts';

/** Requests of one client in work at once; more wait in its socket. */
const MAX_IN_FLIGHT = 32;

export interface KbServer {
  /** Resolves when the last client has been gone for `idleMs`, or a newer program asked us to leave. */
  readonly done: Promise<void>;
  close(): Promise<void>;
}

/**
 * Serves `service` on the workspace's socket. The caller holds the writer lock, so a socket file that is there is stale.
 */
export async function serve(paths: WorkspacePaths, service: KbService, idleMs: number): Promise<KbServer> {
  rmSync(paths.socket, { force: true });
  const clients = new Set<net.Socket>();
  let finish: () => void = () => undefined;
  const done = new Promise<void>((resolve) => {
    finish = resolve;
  });
  let idle: NodeJS.Timeout | undefined;
  const watchIdle = () => {
    clearTimeout(idle);
    if (clients.size > 0) return;
    idle = setTimeout(() => {
      if (clients.size > 0) return;
      if (service.busy()) watchIdle();
      else finish();
    }, idleMs);
  };
  let nextClient = 1;
  const server = net.createServer((socket) => {
    const client = nextClient;
    nextClient += 1;
    clients.add(socket);
    clearTimeout(idle);
    socket.once('close', () => {
      clients.delete(socket);
      service.clientGone(client);
      watchIdle();
    });
    // A client that vanished is not our error; 'close' follows.
    socket.on('error', () => undefined);
    new Connection(socket, client, service, finish).start();
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(paths.socket, resolve);
  });
  chmodSync(paths.socket, 0o600);
  watchIdle();
  return {
    done,
    async close() {
      clearTimeout(idle);
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of clients) socket.destroy();
      await closed;
    },
  };
}

/** One client: its requests run at once, up to a limit, and its answers go out in the order they are ready. */
class Connection {
  readonly #lines = new LineReader();
  readonly #waiting: string[] = [];
  #inFlight = 0;

  constructor(
    readonly socket: net.Socket,
    readonly client: number,
    readonly service: KbService,
    readonly leave: () => void,
  ) {}

  start(): void {
    this.socket.on('data', (data: Buffer) => {
      try {
        this.#waiting.push(...this.#lines.push(data));
      } catch (error) {
        this.#send({ id: -1, error: describe(error) });
        this.socket.destroySoon();
      }
      this.#next();
    });
    this.socket.on('drain', () => this.#next());
  }

  /** Takes up requests while the client reads its answers; what it sends meanwhile stays in its socket. */
  #next(): void {
    while (this.#inFlight < MAX_IN_FLIGHT && !this.socket.writableNeedDrain && !this.socket.destroyed) {
      const line = this.#waiting.shift();
      if (line === undefined) break;
      this.#inFlight += 1;
      void this.#handle(line).finally(() => {
        this.#inFlight -= 1;
        this.#next();
      });
    }
    if (this.#waiting.length > 0) this.socket.pause();
    else this.socket.resume();
  }

  async #handle(line: string): Promise<void> {
    let id = -1;
    try {
      const request = requestSchema.parse(JSON.parse(line));
      id = request.id;
      this.#send({ id, result: await this.#call(request.method, request.params) });
    } catch (error) {
      this.#send({ id, error: describe(error) });
    }
  }

  async #call(name: string, params: unknown): Promise<unknown> {
    if (!isMethod(name)) {
      throw new RagtuiError('unsupported', `The knowledge base service has no method "${name}".`);
    }
    const answer = await this.service.routes[name](params, { client: this.client });
    if (name === 'hello') this.#leaveIfOlder(params);
    return answer;
  }

  /** A newer program speaks another protocol: it will start its own service once we are gone. */
  #leaveIfOlder(input: unknown): void {
    const hello = methods.hello.params.safeParse(input);
    if (hello.success && hello.data.version > PROTOCOL_VERSION) setImmediate(this.leave);
  }

  #send(message: { id: number; result?: unknown; error?: unknown }): void {
    if (this.socket.destroyed) return;
    let line: Buffer;
    try {
      line = encodeLine(message);
    } catch (error) {
      line = encodeLine({ id: message.id, error: describe(error) });
    }
    this.socket.write(line);
  }
}

const isMethod = (name: string): name is Method => Object.hasOwn(methods, name);

function describe(error: unknown): { code: string; message: string; hint: string } {
  if (error instanceof z.ZodError) {
    const issue = error.issues[0];
    const where = issue?.path.join('.') || 'message';
    return { code: 'invalid', message: `Wrong message to the service: ${where}: ${issue?.message ?? ''}`, hint: '' };
  }
  if (error instanceof SyntaxError) {
    return { code: 'invalid', message: 'Wrong message to the service: not JSON.', hint: '' };
  }
  const { code, message, hint } = toDbError(error);
  return { code, message, hint };
}
