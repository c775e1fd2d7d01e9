import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { EmbedOptions } from '../../models/embedder-types.ts';
import { answering } from '../http/answering.ts';
import { parseBody, readJson } from '../http/body.ts';
import { HttpError } from '../http/errors.ts';
import { closeServer, KeyGuard, listenOnLoopback } from '../http/loopback.ts';
import { EXPOSITION_TYPE } from '../http/prometheus.ts';
import { sendJson, sendText } from '../http/replies.ts';
import { within } from '../http/within.ts';
import type { EmbedderLanes } from './lanes.ts';
import { EmbeddingMetrics } from './metrics.ts';
import { embeddingsReply, lengthWanted } from './reply.ts';
import { type EmbeddingsRequest, embeddingsRequestSchema } from './requests.ts';

const MAX_BODY_BYTES = 16 * 1024 * 1024;
const MAX_WAITING = 64;
/** Retry-After is a guess from how long answers took; nobody is sent away for longer. */
const MAX_RETRY_SECONDS = 120;
/** The names of the model, by what is put before each text: the passage instruction, the query instruction, nothing. */
const NAMES = {
  '': { kind: 'passage' },
  ':query': { kind: 'query' },
  ':plain': { kind: 'query', instruction: false },
} as const;
type Asked = Pick<EmbedOptions, 'kind' | 'instruction'>;

export interface EmbeddingServerOptions {
  /** Name of the embedder as clients ask for it. */
  readonly name: string;
  readonly key: string;
}

/**
 * The OpenAI-compatible server of one embedder, on loopback only: embeddings, models, `/metrics`. All but `/health` wants the
 * key. It can listen before the model is loaded; it then says 503.
 */
export class EmbeddingHttpServer {
  readonly metrics = new EmbeddingMetrics();
  readonly #options: EmbeddingServerOptions;
  readonly #guard: KeyGuard;
  readonly #server = http.createServer(answering((...all) => this.#route(...all)));
  #lanes: EmbedderLanes | undefined;
  #isDraining = false;
  #broken: HttpError | undefined;
  #lastUse = performance.now();

  constructor(options: EmbeddingServerOptions) {
    this.#options = options;
    this.#guard = new KeyGuard(options.key);
  }

  /** Listens on 127.0.0.1 at a free port and returns the base URL, with `/v1`. */
  listen(): Promise<string> {
    return listenOnLoopback(this.#server);
  }

  /** From now on requests are answered. */
  serve(lanes: EmbedderLanes): void {
    this.#lanes = lanes;
    this.#lastUse = performance.now();
  }

  /** From now on every request is refused with `message`: the vectors are not what they were. */
  refuse(message: string): void {
    this.#broken = new HttpError(500, 'other_vectors', message);
  }

  /** Milliseconds since the last answer ended; 0 while one is made or waits. */
  get idleMs(): number {
    return this.metrics.load > 0 ? 0 : performance.now() - this.#lastUse;
  }

  /** Takes no more requests and resolves when those it has are answered, or after `limitMs`. */
  async drain(limitMs: number): Promise<void> {
    this.#isDraining = true;
    await within(this.#lanes?.whenIdle(), limitMs);
  }

  close(): Promise<void> {
    return closeServer(this.#server);
  }

  async #route(request: IncomingMessage, response: ServerResponse, signal: AbortSignal): Promise<void> {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const route = `${request.method} ${pathname}`;
    if (route === 'GET /health') return this.#health(response);
    this.#guard.check(request);
    switch (route) {
      case 'GET /v1/models':
        return sendJson(response, 200, this.#models());
      case 'GET /metrics':
        return sendText(
          response,
          this.metrics.render(this.#options.name, this.#lanes?.pids.length ?? 0),
          EXPOSITION_TYPE,
        );
      case 'POST /v1/embeddings':
        return this.#embeddings(
          parseBody(embeddingsRequestSchema, await readJson(request, MAX_BODY_BYTES)),
          response,
          signal,
        );
      case 'GET /ragtui/state':
        return sendJson(response, 200, { idleMs: this.idleMs, requests: this.metrics.load });
      default:
        throw new HttpError(404, 'not_found', `There is no ${route} here.`);
    }
  }

  #health(response: ServerResponse): void {
    const status = this.#isDraining ? 'stopping' : this.#broken ? 'broken' : this.#lanes ? 'ok' : 'loading';
    sendJson(response, status === 'ok' ? 200 : 503, { status });
  }

  /** All names of the model; what its vectors are is beside them. */
  #models(): unknown {
    const { name } = this.#options;
    const resolved = this.#lanes?.resolved;
    const card = (id: string) => ({
      id,
      object: 'model',
      owned_by: 'ragtui',
      root: name,
      parent: id === name ? null : name,
      max_model_len: resolved?.config.maxTokens ?? null,
      dimension: resolved?.dimension ?? null,
      fingerprint: resolved?.fingerprint ?? null,
    });
    return { object: 'list', data: Object.keys(NAMES).map((suffix) => card(`${name}${suffix}`)) };
  }

  #askedOf(model: string): Asked {
    const { name } = this.#options;
    const [, asked] = Object.entries(NAMES).find(([suffix]) => model === `${name}${suffix}`) ?? [];
    if (asked) return asked;
    throw new HttpError(
      404,
      'model_not_found',
      `This server has ${name} (for passages), ${name}:query (with the query instruction) and ${name}:plain, not ${model}.`,
    );
  }

  async #embeddings(request: EmbeddingsRequest, response: ServerResponse, signal: AbortSignal): Promise<void> {
    if (this.#isDraining) throw new HttpError(503, 'stopping', 'The server is stopping.');
    if (!this.#lanes) throw new HttpError(503, 'loading', 'The model is still loading.', { 'retry-after': '1' });
    if (this.#broken) throw this.#broken;
    const { config } = this.#lanes.resolved;
    const asked = this.#askedOf(request.model);
    const length = lengthWanted(config, request);
    if (this.metrics.waiting >= MAX_WAITING) throw this.#tooMany();
    const record = this.metrics.request(request.input.length);
    try {
      const embedded = await this.#lanes.embed(request.input, asked, { signal, onStart: () => record.started() });
      record.ended(
        'stop',
        embedded.tokens.reduce((sum, count) => sum + count, 0),
      );
      sendJson(response, 200, embeddingsReply(request, embedded, { length, normalize: config.normalize }));
    } catch (error) {
      record.ended(signal.aborted ? 'abort' : 'error');
      throw error;
    } finally {
      this.#lastUse = performance.now();
    }
  }

  #tooMany(): HttpError {
    const { waiting, meanSeconds } = this.metrics;
    const seconds = Math.min(MAX_RETRY_SECONDS, Math.max(1, Math.ceil(waiting * meanSeconds)));
    return new HttpError(429, 'busy', `${waiting} requests are waiting already.`, { 'retry-after': String(seconds) });
  }
}
