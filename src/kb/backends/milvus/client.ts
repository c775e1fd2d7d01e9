import { rootCertificates } from 'node:tls';
import type { MilvusClient } from '@zilliz/milvus2-sdk-node';
import { z } from 'zod';
import type { RagtuiError } from '../../../platform/errors.ts';
import { isLoopback } from '../../../platform/network-proxy.ts';
import { consistencyOf, serverUrl, usesTls } from '../address.ts';
import type { ConnectOptions, VectorServer } from '../types.ts';
import { statusError, toMilvusError } from './faults.ts';

const PORT = 19530;
/** Of a call that no caller gives more time. */
export const CALL_MS = 60_000;

/** How fresh a search is, with the number that the protocol has for it. */
const CONSISTENCY = { strong: 0, bounded: 2, eventually: 3 } as const;
export const STRONG = CONSISTENCY.strong;

interface MilvusPlace {
  readonly url: URL;
  /** `host:port`. */
  readonly address: string;
  readonly user: string;
  readonly database: string;
  readonly consistency: (typeof CONSISTENCY)[keyof typeof CONSISTENCY];
}

/** Reads the URL of a server, `milvus://[USER@]HOST[:19530][/DATABASE][?consistency=bounded]`. Errors: `usage`. */
function milvusPlace(server: VectorServer): MilvusPlace {
  const url = serverUrl(server);
  return {
    url,
    address: `${url.hostname}:${url.port || PORT}`,
    user: decodeURIComponent(url.username),
    database: decodeURIComponent(url.pathname.slice(1)),
    consistency: CONSISTENCY[consistencyOf(url) ?? 'strong'],
  };
}

const statusSchema = z.object({
  error_code: z.union([z.string(), z.number()]),
  code: z.number().default(0),
  reason: z.string().default(''),
});
const answerSchema = z.looseObject({ status: statusSchema.optional() });

/** A connection to a server, made when it is first used. */
export class MilvusConnection {
  readonly place: MilvusPlace;
  /** The server's name in messages. */
  readonly at: string;
  readonly #options: ConnectOptions;
  #client: Promise<MilvusClient> | undefined;

  constructor(options: ConnectOptions) {
    this.#options = options;
    this.place = milvusPlace(options.server);
    this.at = `Milvus at ${this.place.address}`;
  }

  /**
   * Makes one call and proves by its status that it was done. Errors: RagtuiErrors. A collection that is gone makes the
   * client stumble over its own null: `collection` is what to look for then.
   */
  async call<T>(
    schema: z.ZodType<T>,
    run: (client: MilvusClient) => Promise<unknown>,
    collection?: string,
  ): Promise<T> {
    this.#client ??= this.#make();
    const client = await this.#client;
    let answer: unknown;
    try {
      answer = await run(client);
    } catch (error) {
      if (error instanceof TypeError && collection !== undefined && !(await this.has(collection))) {
        throw statusError({ code: 100, reason: `collection not found: ${collection}` }, this.at);
      }
      throw this.#told(error);
    }
    this.#assertDone(answer);
    return schema.parse(answer);
  }

  async has(collection: string): Promise<boolean> {
    const schema = z.object({ value: z.boolean() });
    return (await this.call(schema, (client) => client.hasCollection({ collection_name: collection }))).value;
  }

  async close(): Promise<void> {
    const client = await this.#client?.catch(() => undefined);
    this.#client = undefined;
    await client?.closeConnection();
  }

  /** Some calls answer with a status, some throw it. */
  #told(error: unknown): RagtuiError {
    const { status = statusSchema.safeParse(error).data } = answerSchema.safeParse(error).data ?? {};
    return status ? statusError({ code: status.code, reason: status.reason }, this.at) : toMilvusError(error, this.at);
  }

  #assertDone(answer: unknown): void {
    const { status = statusSchema.safeParse(answer).data } = answerSchema.safeParse(answer).data ?? {};
    if (status && (status.code !== 0 || !['Success', 0].includes(status.error_code))) {
      throw statusError({ code: status.code, reason: status.reason }, this.at);
    }
  }

  async #make(): Promise<MilvusClient> {
    const { server, secret, ca } = this.#options;
    const { url, address, user, database } = this.place;
    const sdk = await import('@zilliz/milvus2-sdk-node');
    const tls = usesTls(server);
    return new sdk.MilvusClient({
      address,
      ssl: tls,
      ...(tls && ca ? { tls: { rootCert: Buffer.from([...ca, ...rootCertificates].join('\n')) } } : {}),
      ...(secret === undefined ? {} : user ? { username: user, password: secret } : { token: secret }),
      ...(database ? { database } : {}),
      timeout: CALL_MS,
      // Who fills a server tries again by itself, and says so.
      maxRetries: 0,
      // What the client reports of itself to the server, and its search for other addresses of a global cluster.
      telemetry: { enabled: false },
      isGlobal: false,
      __SKIP_CONNECT__: true,
      logLevel: 'error',
      channelOptions: {
        // Servers hang up on clients that ask too often whether they are there.
        'grpc.keepalive_time_ms': 60_000,
        'grpc.keepalive_permit_without_calls': 0,
        'grpc.initial_reconnect_backoff_ms': 200,
        'grpc.max_reconnect_backoff_ms': 3000,
        ...(isLoopback(url) ? { 'grpc.enable_http_proxy': 0 } : {}),
      },
    });
  }
}
