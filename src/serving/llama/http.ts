import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { z } from 'zod';
import { RagtuiError, toRagtuiError } from '../../platform/errors.ts';
import type { Engine, Generated } from './engine.ts';
import { Turnstile } from './queue.ts';
import { type ChatRequest, chatRequestSchema, HttpError, tokenizeRequestSchema } from './requests.ts';

const MAX_BODY_BYTES = 4 * 1024 * 1024;
const MAX_WAITING = 64;
/** A stream that waits in line says so, or its client would think the server hangs. */
const HEARTBEAT_MS = 10_000;

export interface LlmHttpOptions {
  /** Name of the model as clients ask for it. */
  readonly model: string;
  readonly key: string;
}

/**
 * The OpenAI-compatible server: `/health`, `/v1/models`, `/v1/chat/completions`, `/tokenize`, on loopback only.
 * It can listen before there is an engine; it then says 503.
 */
export class LlmHttpServer {
  readonly #options: LlmHttpOptions;
  readonly #keyDigest: Buffer;
  readonly #turnstile = new Turnstile();
  readonly #server = http.createServer((request, response) => void this.#answer(request, response));
  #engines: ReadonlyMap<string, Engine> = new Map();
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
  serve(engine: Engine, adapters: ReadonlyMap<string, Engine> = new Map()): void {
    this.#engines = new Map([[this.#options.model, engine], ...adapters]);
    this.#lastUse = performance.now();
  }

  /** Milliseconds since the last request ended; 0 while one is served or waits. */
  get idleMs(): number {
    return this.#turnstile.load > 0 ? 0 : performance.now() - this.#lastUse;
  }

  /** Requests being served or in line. */
  get load(): number {
    return this.#turnstile.load;
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
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
    } finally {
      this.#lastUse = performance.now();
    }
  }

  async #route(request: IncomingMessage, response: ServerResponse, signal: AbortSignal): Promise<void> {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const route = `${request.method} ${pathname}`;
    if (route === 'GET /health') {
      return sendJson(response, this.#isReady ? 200 : 503, { status: this.#isReady ? 'ok' : 'loading' });
    }
    this.#authorise(request);
    switch (route) {
      case 'GET /v1/models':
        return sendJson(response, 200, this.#models());
      case 'POST /v1/chat/completions':
        return this.#chat(parse(chatRequestSchema, await readJson(request)), response, signal);
      case 'POST /tokenize':
      case 'POST /v1/tokenize':
        return sendJson(response, 200, this.#tokenize(parse(tokenizeRequestSchema, await readJson(request))));
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

  get #isReady(): boolean {
    return this.#engines.size > 0;
  }

  #ready(model: string = this.#options.model): Engine {
    if (!this.#isReady) throw new HttpError(503, 'loading', 'The model is still loading.');
    const engine = this.#engines.get(model);
    if (engine) return engine;
    throw new HttpError(
      404,
      'model_not_found',
      `This server has ${[...this.#engines.keys()].join(', ')}, not ${model}.`,
    );
  }

  /** As vLLM lists them: adapters have a parent. */
  #models(): unknown {
    const { model } = this.#options;
    const card = (id: string, tokens: number | null) => ({
      id,
      object: 'model',
      owned_by: 'ragtui',
      parent: id === model ? null : model,
      max_model_len: tokens,
    });
    const cards = [...this.#engines].map(([id, engine]) => card(id, engine.contextTokens));
    return { object: 'list', data: this.#isReady ? cards : [card(model, null)] };
  }

  #tokenize(request: z.infer<typeof tokenizeRequestSchema>): unknown {
    const engine = this.#ready(request.model);
    const tokens = 'messages' in request ? engine.renderChat(request.messages) : engine.tokenize(request.prompt);
    return { count: tokens.length, tokens, max_model_len: engine.contextTokens };
  }

  async #chat(request: ChatRequest, response: ServerResponse, signal: AbortSignal): Promise<void> {
    const engine = this.#ready(request.model);
    const tokens = engine.renderChat(request.messages);
    const wanted = request.max_completion_tokens ?? request.max_tokens;
    const maxTokens = roomFor(tokens.length, wanted ?? undefined, engine.contextTokens);
    if (this.#turnstile.load >= MAX_WAITING)
      throw new HttpError(429, 'busy', `${MAX_WAITING} requests are waiting already.`);

    const reply = request.stream ? new StreamReply(response, request) : new WholeReply(response, request);
    await this.#turnstile.run(signal, async () => {
      const generated = await engine.generate(
        {
          tokens,
          maxTokens,
          temperature: request.temperature ?? 1,
          topP: request.top_p ?? 1,
          seed: request.seed ?? randomBytes(4).readUInt32LE(),
          stop: request.stop,
          repetitionPenalty: request.repetition_penalty ?? 1,
          strict: request.ragtui?.strict ?? true,
        },
        { signal, onText: (text) => reply.text(text), onPrefill: (done) => reply.prefill(done, tokens.length) },
      );
      reply.end(generated, tokens.length);
    });
  }
}

/** Tokens the answer may have. Never more than fit: a prompt that does not is refused with the counts, not shifted. */
function roomFor(promptTokens: number, wanted: number | undefined, contextTokens: number): number {
  const room = contextTokens - promptTokens;
  if (room < (wanted ?? 1)) {
    throw new HttpError(
      400,
      'context_length_exceeded',
      `The prompt has ${promptTokens} tokens${wanted ? ` and the answer may have ${wanted}` : ''}; the context holds ${contextTokens}.`,
    );
  }
  return wanted ?? room;
}

interface Reply {
  text(text: string): void;
  prefill(done: number, total: number): void;
  end(generated: Generated, promptTokens: number): void;
}

const completionId = () => `chatcmpl-${randomBytes(12).toString('hex')}`;
const usageOf = (generated: Generated, promptTokens: number) => ({
  prompt_tokens: promptTokens,
  completion_tokens: generated.completionTokens,
  total_tokens: promptTokens + generated.completionTokens,
});

class WholeReply implements Reply {
  #text = '';
  readonly #response: ServerResponse;
  readonly #model: string;

  constructor(response: ServerResponse, request: ChatRequest) {
    this.#response = response;
    this.#model = request.model;
  }

  text(text: string): void {
    this.#text += text;
  }

  prefill(): void {}

  end(generated: Generated, promptTokens: number): void {
    const message = { role: 'assistant', content: this.#text };
    sendJson(this.#response, 200, {
      id: completionId(),
      object: 'chat.completion',
      created: Math.floor(Date.now() / 1000),
      model: this.#model,
      choices: [{ index: 0, message, finish_reason: generated.finish }],
      usage: usageOf(generated, promptTokens),
    });
  }
}

/** Server-sent events. The stream opens at once, so that a client can tell waiting in line from a dead server. */
class StreamReply implements Reply {
  readonly #response: ServerResponse;
  readonly #withUsage: boolean;
  readonly #head: Readonly<Record<string, unknown>>;

  constructor(response: ServerResponse, request: ChatRequest) {
    this.#response = response;
    this.#withUsage = request.stream_options?.include_usage === true;
    const created = Math.floor(Date.now() / 1000);
    this.#head = { id: completionId(), object: 'chat.completion.chunk', created, model: request.model };
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store' });
    this.#choice({ role: 'assistant', content: '' }, null);
    const beat = setInterval(() => response.write(': waiting\n\n'), HEARTBEAT_MS);
    response.on('close', () => clearInterval(beat));
  }

  text(text: string): void {
    this.#choice({ content: text }, null);
  }

  prefill(done: number, total: number): void {
    this.#response.write(`: prompt ${done}/${total}\n\n`);
  }

  end(generated: Generated, promptTokens: number): void {
    this.#choice({}, generated.finish);
    if (this.#withUsage) this.#send({ ...this.#head, choices: [], usage: usageOf(generated, promptTokens) });
    this.#response.end('data: [DONE]\n\n');
  }

  #choice(delta: Readonly<Record<string, string>>, finish: string | null): void {
    this.#send({ ...this.#head, choices: [{ index: 0, delta, finish_reason: finish }] });
  }

  #send(chunk: unknown): void {
    this.#response.write(`data: ${JSON.stringify(chunk)}\n\n`);
  }
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' });
  response.end(JSON.stringify(body));
}

function sendError(response: ServerResponse, thrown: unknown): void {
  const error = toHttpError(thrown);
  if (!response.headersSent) sendJson(response, error.status, error.body);
  // In the middle of a stream an error is one more event.
  else if (!response.writableEnded) response.end(`data: ${JSON.stringify(error.body)}\n\n`);
}

function toHttpError(thrown: unknown): HttpError {
  if (thrown instanceof HttpError) return thrown;
  const { code, message } = toRagtuiError(thrown);
  if (code === 'unsupported' || code === 'invalid') return new HttpError(400, code, message);
  if (!(thrown instanceof RagtuiError)) console.error(thrown);
  return new HttpError(500, code, message);
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
