import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { z } from 'zod';
import { answering } from '../http/answering.ts';
import { parseBody, readJson } from '../http/body.ts';
import { HttpError } from '../http/errors.ts';
import { Gate } from '../http/gate.ts';
import { closeServer, KeyGuard, listenOnLoopback } from '../http/loopback.ts';
import { EXPOSITION_TYPE } from '../http/prometheus.ts';
import { sendJson, sendText } from '../http/replies.ts';
import { within } from '../http/within.ts';
import { answerChat } from './chat.ts';
import type { Engine, ModelHost } from './engine.ts';
import { ServerMetrics } from './metrics.ts';
import {
  chatRequestSchema,
  detokenizeRequestSchema,
  loadAdapterSchema,
  type TokenizeRequest,
  tokenizeRequestSchema,
  unloadAdapterSchema,
} from './requests.ts';

const MAX_BODY_BYTES = 4 * 1024 * 1024;

export interface LlmHttpOptions {
  /** Name of the model as clients ask for it. */
  readonly model: string;
  readonly key: string;
}

/**
 * The OpenAI-compatible server, on loopback only: chats, models, and as vLLM has them `/tokenize`, `/detokenize`, `/metrics`
 * and adapters loaded while it runs. All but `/health` wants the key: other users of the machine reach loopback too.
 * It can listen before there is a model; it then says 503.
 */
export class LlmHttpServer {
  readonly #options: LlmHttpOptions;
  readonly #guard: KeyGuard;
  readonly #gate = new Gate();
  readonly #metrics = new ServerMetrics();
  readonly #server = http.createServer(answering((...all) => this.#route(...all)));
  readonly #retired = new AbortController();
  #host: ModelHost | undefined;
  #isDraining = false;
  #lastUse = performance.now();

  constructor(options: LlmHttpOptions) {
    this.#options = options;
    this.#guard = new KeyGuard(options.key);
  }

  /** Listens on 127.0.0.1 at a free port and returns the base URL, with `/v1`. */
  listen(): Promise<string> {
    return listenOnLoopback(this.#server);
  }

  /** From now on requests are answered: for the model, and for adapters of it by their names. */
  serve(host: ModelHost): void {
    this.#host = host;
    this.#gate.parallel = host.parallel;
    this.#metrics.setContext(host.base.contextTokens);
    this.#lastUse = performance.now();
  }

  /** Milliseconds since the last answer ended; 0 while one is made or waits. Looking at it is no use of it. */
  get idleMs(): number {
    return this.#gate.load > 0 ? 0 : performance.now() - this.#lastUse;
  }

  /** Requests being served or in line. */
  get load(): number {
    return this.#gate.load;
  }

  /** Aborts when another program asked this server to make room, which it only does while it is idle. */
  get retired(): AbortSignal {
    return this.#retired.signal;
  }

  /** Takes no more chats and resolves when those it has are answered, or after `limitMs`. */
  async drain(limitMs: number): Promise<void> {
    this.#isDraining = true;
    await within(this.#gate.whenIdle(), limitMs);
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
        return sendText(response, this.#metricsText(), EXPOSITION_TYPE);
      case 'POST /v1/chat/completions':
        return this.#chat(parseBody(chatRequestSchema, await readJson(request, MAX_BODY_BYTES)), response, signal);
      case 'POST /tokenize':
      case 'POST /v1/tokenize':
        return sendJson(
          response,
          200,
          this.#tokenize(parseBody(tokenizeRequestSchema, await readJson(request, MAX_BODY_BYTES))),
        );
      case 'POST /detokenize': {
        const { model, tokens } = parseBody(detokenizeRequestSchema, await readJson(request, MAX_BODY_BYTES));
        return sendJson(response, 200, { prompt: this.#ready(model).detokenize(tokens) });
      }
      case 'POST /v1/load_lora_adapter':
        return sendText(
          response,
          await this.#load(parseBody(loadAdapterSchema, await readJson(request, MAX_BODY_BYTES))),
        );
      case 'POST /v1/unload_lora_adapter':
        return sendText(
          response,
          this.#unload(parseBody(unloadAdapterSchema, await readJson(request, MAX_BODY_BYTES)).lora_name),
        );
      case 'GET /ragtui/state':
        return sendJson(response, 200, { idleMs: this.idleMs, requests: this.load });
      case 'POST /ragtui/retire':
        return this.#retire(response);
      default:
        throw new HttpError(404, 'not_found', `There is no ${route} here.`);
    }
  }

  #health(response: ServerResponse): void {
    const status = this.#isDraining ? 'stopping' : this.#host ? 'ok' : 'loading';
    sendJson(response, status === 'ok' ? 200 : 503, { status });
  }

  #loaded(): ModelHost {
    if (!this.#host) throw new HttpError(503, 'loading', 'The model is still loading.', { 'retry-after': '1' });
    return this.#host;
  }

  #ready(model: string = this.#options.model): Engine {
    const { base, adapters } = this.#loaded();
    const engine = model === this.#options.model ? base : adapters.get(model);
    if (engine) return engine;
    const known = [this.#options.model, ...adapters.keys()].join(', ');
    throw new HttpError(404, 'model_not_found', `This server has ${known}, not ${model}.`);
  }

  /** As vLLM lists them: adapters have a parent. */
  #models(): unknown {
    const { model } = this.#options;
    const card = (id: string, tokens: number | null) => ({
      id,
      object: 'model',
      owned_by: 'ragtui',
      root: id,
      parent: id === model ? null : model,
      max_model_len: tokens,
    });
    if (!this.#host) return { object: 'list', data: [card(model, null)] };
    const { base, adapters } = this.#host;
    const data = [...adapters].map(([id, engine]) => card(id, engine.contextTokens));
    return { object: 'list', data: [card(model, base.contextTokens), ...data] };
  }

  #metricsText(): string {
    return this.#metrics.render(this.#options.model, {
      running: this.#gate.running,
      waiting: this.#gate.waiting,
      kvUsage: this.#host?.kvUsage() ?? 0,
      adapters: [...(this.#host?.adapters.keys() ?? [])],
    });
  }

  #tokenize(request: TokenizeRequest): unknown {
    const engine = this.#ready(request.model);
    const tokens = 'messages' in request ? engine.renderChat(request.messages) : engine.tokenize(request.prompt);
    const strings = request.return_token_strs ? tokens.map((token) => engine.detokenize([token])) : null;
    return { count: tokens.length, tokens, token_strs: strings, max_model_len: engine.contextTokens };
  }

  async #chat(request: z.infer<typeof chatRequestSchema>, response: ServerResponse, signal: AbortSignal) {
    if (this.#isDraining) throw new HttpError(503, 'stopping', 'The server is stopping.');
    const host = this.#loaded();
    const engine = this.#ready(request.model);
    try {
      await answerChat({ host, gate: this.#gate, metrics: this.#metrics }, engine, request, response, signal);
    } finally {
      this.#lastUse = performance.now();
    }
  }

  async #load({ lora_name: name, lora_path: source, load_inplace: inPlace }: z.infer<typeof loadAdapterSchema>) {
    const host = this.#loaded();
    if (name === this.#options.model || (host.adapters.has(name) && !inPlace)) {
      throw new HttpError(
        400,
        'already_loaded',
        `"${name}" is loaded already; load_inplace: true replaces an adapter.`,
      );
    }
    await host.load(name, source);
    this.#lastUse = performance.now();
    return `Success: LoRA adapter '${name}' added successfully.`;
  }

  #unload(name: string): string {
    const host = this.#loaded();
    if (!host.adapters.has(name)) throw new HttpError(404, 'not_found', `There is no adapter "${name}" here.`);
    host.unload(name);
    return `Success: LoRA adapter '${name}' removed successfully.`;
  }

  /** Between "is it idle?" and "stop" no request can slip in: both are this one turn of the event loop. */
  #retire(response: ServerResponse): void {
    if (this.load > 0) throw new HttpError(409, 'in_use', `${this.load} requests are being answered.`);
    this.#isDraining = true;
    response.once('finish', () => this.#retired.abort());
    sendJson(response, 200, { retired: true }, { connection: 'close' });
  }
}
