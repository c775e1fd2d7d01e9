import { randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { sendJson } from '../http/replies.ts';
import type { Generated, Logprob, TokenLogprob } from './engine.ts';
import type { ChatRequest } from './requests.ts';

/** A stream that waits in line says so, or its client would think the server hangs. */
const HEARTBEAT_MS = 10_000;

/** How an answer goes out. */
export interface Reply {
  text(text: string): void;
  logprob(logprob: TokenLogprob): void;
  prefill(done: number, total: number): void;
  end(generated: Generated, promptTokens: number): void;
}

export const replyTo = (request: ChatRequest, response: ServerResponse): Reply =>
  request.stream ? new StreamReply(response, request) : new WholeReply(response, request);

const completionId = () => `chatcmpl-${randomBytes(12).toString('hex')}`;
const usageOf = (generated: Generated, promptTokens: number) => ({
  prompt_tokens: promptTokens,
  completion_tokens: generated.completionTokens,
  total_tokens: promptTokens + generated.completionTokens,
});

/** As OpenAI writes them. A token that is a part of a character has bytes that nobody here knows. */
function logprobJson({ token, logprob }: Logprob): unknown {
  return { token, logprob, bytes: token.includes('\ufffd') ? null : [...Buffer.from(token)] };
}
const logprobsJson = (entries: readonly TokenLogprob[]): unknown => ({
  content: entries.map((entry) => ({ ...Object(logprobJson(entry)), top_logprobs: entry.top.map(logprobJson) })),
});

class WholeReply implements Reply {
  #text = '';
  readonly #logprobs: TokenLogprob[] = [];
  readonly #response: ServerResponse;
  readonly #request: ChatRequest;

  constructor(response: ServerResponse, request: ChatRequest) {
    this.#response = response;
    this.#request = request;
  }

  text(text: string): void {
    this.#text += text;
  }

  logprob(logprob: TokenLogprob): void {
    this.#logprobs.push(logprob);
  }

  prefill(): void {}

  end(generated: Generated, promptTokens: number): void {
    const message = { role: 'assistant', content: this.#text };
    const logprobs = this.#request.logprobs ? logprobsJson(this.#logprobs) : null;
    sendJson(this.#response, 200, {
      id: completionId(),
      object: 'chat.completion',
      created: Math.floor(Date.now() / 1000),
      model: this.#request.model,
      choices: [{ index: 0, message, logprobs, finish_reason: generated.finish }],
      usage: usageOf(generated, promptTokens),
    });
  }
}

/** Server-sent events. The stream opens at once, so that a client can tell waiting in line from a dead server. */
class StreamReply implements Reply {
  readonly #response: ServerResponse;
  readonly #withUsage: boolean;
  readonly #withLogprobs: boolean;
  readonly #head: Readonly<Record<string, unknown>>;
  /** Those of tokens whose text has not come yet. */
  #logprobs: TokenLogprob[] = [];

  constructor(response: ServerResponse, request: ChatRequest) {
    this.#response = response;
    this.#withUsage = request.stream_options?.include_usage === true;
    this.#withLogprobs = request.logprobs === true;
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

  logprob(logprob: TokenLogprob): void {
    this.#logprobs.push(logprob);
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
    const logprobs = this.#withLogprobs ? { logprobs: logprobsJson(this.#logprobs.splice(0)) } : {};
    this.#send({ ...this.#head, choices: [{ index: 0, delta, ...logprobs, finish_reason: finish }] });
  }

  #send(chunk: unknown): void {
    this.#response.write(`data: ${JSON.stringify(chunk)}\n\n`);
  }
}
