import { createHash, timingSafeEqual } from 'node:crypto';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { z } from 'zod';
import { RagtuiError } from '../../platform/errors.ts';
import { answerChat } from './chat.ts';
import type { Engine, ModelHost } from './engine.ts';
import { Gate } from './gate.ts';
import { ServerMetrics } from './metrics.ts';
import { EXPOSITION_TYPE } from './prometheus.ts';
import { sendError, sendJson, sendText } from './replies.ts';
import {
  chatRequestSchema,
  detokenizeRequestSchema,
  HttpError,
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
  readonly #keyDigest: Buffer;
  readonly #gate = new Gate();
  readonly #metrics = new ServerMetrics();
  readonly #server = http.createServer((request, response) => void this.#answer(request, response));
  readonly #retired = new AbortController();
  #host: ModelHost | undefined;
  #isDraining = false;
  #lastUse = performance.now();

  constructor(options: LlmHttpOptions) {
    this.#options = options;
    this.#keyDigest = digest(options.key);
  }

  /** Listens on 127.0.0.1 at a free port and returns the base URL, with `/v1`. */
  async listen(): Promise<string> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(0, '127.0.0.1', resolve);
    });
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new RagtuiError('internal', 'The server has no port.');
    return `http://127.0.0.1:${address.port}/v1`;
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
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, limitMs);
    });
    await Promise.race([this.#gate.whenIdle(), limit]);
    clearTimeout(timer);
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    // An answer that was just finished may not have left yet.
    this.#server.closeIdleConnections();
    await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, 200).unref())]);
    this.#server.closeAllConnections();
    await closed;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const gone = new AbortController();
    response.on('close', () => {
      if (!response.writableFinished) gone.abort(new RagtuiError('cancelled', 'The client went away.'));
    });
    try {
      await this.#route(request, response, gone.signal);
    } catch (error) {
      if (!gone.signal.aborted) sendError(response, error);
    }
  }

  async #route(request: IncomingMessage, response: ServerResponse, signal: AbortSignal): Promise<void> {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const route = `${request.method} ${pathname}`;
    if (route === 'GET /health') return this.#health(response);
    this.#authorise(request);
    switch (route) {
      case 'GET /v1/models':
        return sendJson(response, 200, this.#models());
      case 'GET /metrics':
        return sendText(response, this.#metricsText(), EXPOSITION_TYPE);
      case 'POST /v1/chat/completions':
        return this.#chat(parse(chatRequestSchema, await readJson(request)), response, signal);
      case 'POST /tokenize':
      case 'POST /v1/tokenize':
        return sendJson(response, 200, this.#tokenize(parse(tokenizeRequestSchema, await readJson(request))));
      case 'POST /detokenize': {
        const { model, tokens } = parse(detokenizeRequestSchema, await readJson(request));
        return sendJson(response, 200, { prompt: this.#ready(model).detokenize(tokens) });
      }
      case 'POST /v1/load_lora_adapter':
        return sendText(response, await this.#load(parse(loadAdapterSchema, await readJson(request))));
      case 'POST /v1/unload_lora_adapter':
        return sendText(response, this.#unload(parse(unloadAdapterSchema, await readJson(request)).lora_name));
      case 'GET /ragtui/state':
        return sendJson(response, 200, { idleMs: this.idleMs, requests: this.load });
      case 'POST /ragtui/retire':
        return this.#retire(response);
      default:
        throw new HttpError(404, 'not_found', `There is no ${route} here.`);
    }
  }

  #authorise(request: IncomingMessage): void {
    const given = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
    if (!timingSafeEqual(digest(given), this.#keyDigest)) {
      throw new HttpError(401, 'invalid_api_key', 'The key is missing or wrong.');
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

async function readJson(request: IncomingMessage): Promise<unknown> {
  const body = await readBody(request);
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    throw new HttpError(400, 'invalid_json', 'The body is not JSON.');
  }
}

/** Not `for await`: leaving that loop early would cut the connection before the refusal is sent. */
function readBody(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= MAX_BODY_BYTES) chunks.push(chunk);
      else reject(new HttpError(413, 'too_large', `A request may have ${MAX_BODY_BYTES / 1024 / 1024} MiB.`));
    });
    request.once('end', () => resolve(Buffer.concat(chunks)));
    request.once('error', reject);
  });
}

function parse<S extends z.ZodType>(schema: S, body: unknown): z.output<S> {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new HttpError(400, 'invalid_request', `${issue?.path.join('.') || 'body'}: ${issue?.message ?? 'invalid'}`);
}

const digest = (text: string) => createHash('sha256').update(text).digest();
