import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, Server } from 'node:http';
import { RagtuiError } from '../../platform/errors.ts';
import { HttpError } from './errors.ts';

const LAST_WORDS_MS = 200;

/** Listens on 127.0.0.1 at a free port and returns the base URL, with `/v1`. */
export async function listenOnLoopback(server: Server): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new RagtuiError('internal', 'The server has no port.');
  return `http://127.0.0.1:${address.port}/v1`;
}

/** Ends a server with its connections; an answer that was just finished gets the time to leave. */
export async function closeServer(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, LAST_WORDS_MS).unref())]);
  server.closeAllConnections();
  await closed;
}

/** Lets those in who have the key: other users of the machine reach loopback too. */
export class KeyGuard {
  readonly #digest: Buffer;

  constructor(key: string) {
    this.#digest = digest(key);
  }

  /** Throws `HttpError` 401. */
  check(request: IncomingMessage): void {
    const given = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
    if (!timingSafeEqual(digest(given), this.#digest)) {
      throw new HttpError(401, 'invalid_api_key', 'The key is missing or wrong.');
    }
  }
}

const digest = (text: string) => createHash('sha256').update(text).digest();
