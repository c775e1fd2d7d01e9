import type { z } from 'zod';
import { RagtuiError } from '../../../platform/errors.ts';
import { exchange } from '../../../platform/network.ts';
import { serverUrl, usesTls } from '../address.ts';
import type { ConnectOptions, VectorServer } from '../types.ts';
import { answerError, toWeaviateError } from './faults.ts';

const PORT = 8080;
const TLS_PORT = 443;
const CONNECT_SECONDS = 5;
/** Of a call that no caller gives more time. */
const CALL_MS = 30_000;

export interface WeaviateCall<T> {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Below `/v1/`, with its query. */
  readonly path: string;
  readonly body?: unknown;
  readonly schema: z.ZodType<T>;
  readonly timeoutMs?: number;
  /** Of the schema as the node that is asked knows it, also while the cluster has no leader. */
  readonly local?: boolean;
}

/**
 * Where to send requests, the first one first: `weaviate://HOST[:8080][?also=HOST:PORT]`, with `also` for each further
 * node that takes them, each encrypted unless it is this machine or was said to be open. Errors: `usage`.
 */
function placesOf(server: VectorServer): [URL, ...URL[]] {
  const url = serverUrl(server);
  const placeOf = ({ href, hostname, port }: URL): URL => {
    const encrypted = usesTls({ ...server, url: href });
    return new URL(`${encrypted ? 'https' : 'http'}://${hostname}:${port || (encrypted ? TLS_PORT : PORT)}`);
  };
  const further = url.searchParams.getAll('also').map((place) => serverUrl({ ...server, url: `weaviate://${place}` }));
  return [placeOf(url), ...further.map(placeOf)];
}

/** REST and GraphQL of a Weaviate. Asks the next node where one does not answer; every call may be repeated. */
export class WeaviateConnection {
  readonly #places: readonly [URL, ...URL[]];
  readonly #headers: Readonly<Record<string, string>>;
  #current = 0;

  constructor({ server, secret }: ConnectOptions) {
    this.#places = placesOf(server);
    this.#headers = {
      'content-type': 'application/json',
      ...(secret === undefined ? {} : { authorization: `Bearer ${secret}` }),
    };
  }

  /** The server's name in messages. */
  get at(): string {
    return `Weaviate at ${this.#place().host}`;
  }

  /** Errors: RagtuiErrors. */
  async call<T>(call: WeaviateCall<T>): Promise<T> {
    let last: RagtuiError | undefined;
    // Once more than there are nodes: a server that was started again closes connections we still hold.
    for (let tries = 0; tries <= this.#places.length; tries += 1) {
      try {
        return await this.#send(call);
      } catch (error) {
        last = toWeaviateError(error, this.at);
        if (last.code !== 'unavailable') throw last;
        this.#current = (this.#current + 1) % this.#places.length;
      }
    }
    throw last ?? new RagtuiError('internal', `${this.at} was not asked.`);
  }

  #place(): URL {
    return this.#places[this.#current] ?? this.#places[0];
  }

  async #send<T>({ method, path, body, schema, timeoutMs = CALL_MS, local = false }: WeaviateCall<T>): Promise<T> {
    const answer = await exchange(new URL(`/v1/${path}`, this.#place()), {
      method,
      headers: { ...this.#headers, ...(local ? { consistency: 'false' } : {}) },
      connectSeconds: CONNECT_SECONDS,
      signal: AbortSignal.timeout(timeoutMs),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const parts: Uint8Array[] = [];
    for await (const part of answer.body) parts.push(part);
    const text = Buffer.concat(parts).toString('utf8');
    if (answer.status >= 400) throw answerError(answer.status, text, this.at);
    return schema.parse(text === '' ? undefined : JSON.parse(text));
  }
}
