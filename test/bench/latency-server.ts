import { createServer, type ServerResponse } from 'node:http';
import { addEndpoint } from '../../src/models/endpoint-entries.ts';
import type { WorkspacePaths } from '../../src/platform/paths.ts';
import { promptOf } from '../support/evaluations.ts';
import { DONE, delta, usage } from '../support/fake-openai.ts';

/**
 * An OpenAI-compatible server on loopback whose every answer takes a known time, as many at once as there are requests: what
 * a client reaches at a concurrency can be held against concurrency ÷ latency. It counts, and says when how much was asked.
 */
export interface LatencyServer {
  readonly url: string;
  /** Forgets what was counted; from now on answers take so long. */
  begin(latencyMs: number): void;
  /** When the answers since `begin` ended, by `performance.now()`. */
  readonly ended: readonly number[];
  /** Resolves once so many were answered since `begin`. */
  after(count: number): Promise<void>;
  close(): Promise<void>;
}

/** `answer` makes an answer of the whole prompt: the same for the same prompt. */
export async function startLatencyServer(answer: (prompt: string) => string): Promise<LatencyServer> {
  let latency = 0;
  let ended: number[] = [];
  let waiting: { count: number; resolve: () => void }[] = [];
  const send = (response: ServerResponse, text: string, streamed: boolean) => {
    if (streamed) {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.end(
        delta({ role: 'assistant', content: '' }) + delta({ content: text }) + delta({}, 'stop') + usage(300, 8) + DONE,
      );
    } else {
      const message = { role: 'assistant', content: text };
      const used = { prompt_tokens: 300, completion_tokens: 8, total_tokens: 308 };
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(
        JSON.stringify({
          id: 'chat-1',
          object: 'chat.completion',
          model: 'known',
          choices: [{ index: 0, message, finish_reason: 'stop' }],
          usage: used,
        }),
      );
    }
    ended.push(performance.now());
    for (const { resolve } of waiting.filter(({ count }) => ended.length >= count)) resolve();
    waiting = waiting.filter(({ count }) => ended.length < count);
  };
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      if (!request.url?.endsWith('/chat/completions')) {
        response.writeHead(404).end();
        return;
      }
      const body: unknown = JSON.parse(Buffer.concat(pieces).toString('utf8'));
      const text = answer(promptOf({ path: request.url, headers: request.headers, body, closed: Promise.resolve() }));
      const streamed = typeof body === 'object' && body !== null && 'stream' in body && body.stream === true;
      if (latency === 0) send(response, text, streamed);
      else setTimeout(() => send(response, text, streamed), latency);
    });
  });
  // Nobody's connection is closed under a benchmark.
  server.keepAliveTimeout = 600_000;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no address');
  return {
    url: `http://127.0.0.1:${address.port}/v1`,
    begin: (latencyMs) => {
      latency = latencyMs;
      ended = [];
      waiting = [];
    },
    get ended() {
      return ended;
    },
    after: (count) => {
      if (ended.length >= count) return Promise.resolve();
      return new Promise((resolve) => waiting.push({ count, resolve }));
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

/** Adds the server to a workspace. */
export async function addLatencyServer(paths: WorkspacePaths, name: string, { url }: LatencyServer): Promise<void> {
  await addEndpoint(paths, { name, kind: 'chat', url, model: 'known' });
}
