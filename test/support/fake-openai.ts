import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import https from 'node:https';
import type { TestCertificate } from './certificates.ts';

/** What the fake server does with one request. */
export type FakeReply = (response: ServerResponse, request: FakeRequest) => void | Promise<void>;

export interface FakeRequest {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: unknown;
  /** Resolves when the client has gone away. */
  readonly closed: Promise<void>;
}

export interface FakeOpenAi {
  /** Base URL, ending in `/v1`. */
  readonly url: string;
  readonly requests: readonly FakeRequest[];
  /** Replies to the next requests, in order; the last one stays. */
  script(...replies: FakeReply[]): void;
  close(): Promise<void>;
}

/** An OpenAI-compatible server that does what a test tells it, faults included. */
export async function fakeOpenAi(tls?: TestCertificate): Promise<FakeOpenAi> {
  let replies: FakeReply[] = [];
  const requests: FakeRequest[] = [];
  const listener = async (request: IncomingMessage, response: ServerResponse) => {
    const seen = await readRequest(request, response);
    requests.push(seen);
    const reply = replies.length > 1 ? replies.shift() : replies[0];
    await (reply ?? status(500, 'no script'))(response, seen);
  };
  const server = tls ? https.createServer({ ...tls }, listener) : http.createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return {
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${port}/v1`,
    requests,
    script: (...next) => {
      replies = next;
    },
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function readRequest(request: IncomingMessage, response: ServerResponse): Promise<FakeRequest> {
  const closed = new Promise<void>((resolve) => response.on('close', () => resolve()));
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return { path: request.url ?? '', headers: request.headers, body: text ? JSON.parse(text) : undefined, closed };
}

const SSE = { 'content-type': 'text/event-stream' };
const event = (data: unknown) => `data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`;
export const delta = (fields: Readonly<Record<string, unknown>>, finish: string | null = null): string =>
  event({ choices: [{ index: 0, delta: fields, finish_reason: finish }] });
export const usage = (prompt: number, completion: number): string =>
  event({ choices: [], usage: { prompt_tokens: prompt, completion_tokens: completion } });
export const DONE = event('[DONE]');

/** Streams these very bytes, one write each, and ends. */
export const stream =
  (...writes: (string | Uint8Array)[]): FakeReply =>
  async (response) => {
    response.writeHead(200, SSE);
    for (const bytes of writes) await write(response, bytes);
    response.end();
  };

/** A well-behaved streamed answer. */
export const says = (pieces: readonly string[], finish = 'stop'): FakeReply =>
  stream(
    delta({ role: 'assistant', content: '' }),
    ...pieces.map((content) => delta({ content })),
    delta({}, finish),
    usage(11, pieces.length),
    DONE,
  );

/** Streams these bytes, then cuts the connection. */
export const cutsAfter =
  (...writes: string[]): FakeReply =>
  async (response) => {
    response.writeHead(200, SSE);
    for (const bytes of writes) await write(response, bytes);
    response.destroy();
  };

/** Streams these bytes, then says nothing more and does not end. */
export const stallsAfter =
  (...writes: string[]): FakeReply =>
  async (response) => {
    response.writeHead(200, SSE);
    response.flushHeaders();
    for (const bytes of writes) await write(response, bytes);
  };

export const status =
  (code: number, body: unknown, headers: Readonly<Record<string, string>> = {}): FakeReply =>
  (response) => {
    response.writeHead(code, {
      'content-type': typeof body === 'string' ? 'text/plain' : 'application/json',
      ...headers,
    });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };

/** One write, given time to leave as a packet of its own. */
const write = (response: ServerResponse, bytes: string | Uint8Array): Promise<void> =>
  new Promise((resolve) => response.write(bytes, () => setImmediate(resolve)));
