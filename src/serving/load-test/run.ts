import { type ChatRequest, streamChat } from '../../models/endpoint.ts';
import type { ChatEndpoint } from '../../models/endpoint-url.ts';
import { errorLine, RagtuiError } from '../../platform/errors.ts';
import { levelOf, type Measured } from './measure.ts';
import type { Prompts } from './prompts.ts';
import type { Level, LoadTest } from './types.ts';

export interface LoadRunOptions {
  readonly signal: AbortSignal;
  readonly prompts: Prompts;
  /** Our own server: chats may share work, as they do when people ask it. */
  readonly embedded: boolean;
  readonly onLevel: (level: Level) => void;
  readonly onRequest?: (done: { readonly level: number; readonly done: number; readonly of: number }) => void;
  /** ms of a clock that only goes forward. */
  readonly now?: () => number;
}

/** Requests of one level. Pure. */
export const requestsOf = (test: Pick<LoadTest, 'requests'>, concurrency: number): number =>
  test.requests ?? Math.max(8, 4 * concurrency);

/**
 * Asks a server with so many requests at a time, one level after the other, the lowest first; one request that is not
 * counted goes before. Each client asks again as soon as it was answered (closed loop). Errors: `unavailable` and those
 * of `streamChat` when the first request fails, `cancelled`; later failures are counted.
 */
export async function runLoadTest(endpoint: ChatEndpoint, test: LoadTest, options: LoadRunOptions): Promise<Level[]> {
  const { signal, onLevel, now = () => performance.now() } = options;
  // Neither waits nor second tries: both would be measured as the server's.
  const { limits: _limits, retries: _retries, ...bare } = endpoint;
  let number = 0;
  const ask = async (): Promise<Measured> => {
    const prompt = options.prompts(number++);
    const request: ChatRequest = {
      messages: [{ role: 'user', content: prompt }],
      sampling: { temperature: 0, seed: 1314, maxTokens: test.maxTokens },
      ...(options.embedded ? { strict: false } : {}),
    };
    const startedAt = now();
    try {
      const answer = await streamChat(bare, request, { signal });
      signal.throwIfAborted();
      const { firstTokenMs, stream, usage } = answer;
      return {
        ok: true,
        startedAt,
        endedAt: now(),
        firstTokenMs,
        pieceMs: stream.atMs,
        promptTokens: usage?.promptTokens ?? null,
        answerTokens: usage?.completionTokens ?? null,
      };
    } catch (error) {
      if (signal.aborted) throw new RagtuiError('cancelled', 'The load test was cancelled.');
      return { ok: false, startedAt, endedAt: now(), error: errorLine(error) };
    }
  };
  const warm = await ask();
  if (!warm.ok) throw new RagtuiError('unavailable', `The first request failed: ${warm.error}`, 'See its log.');
  const levels: Level[] = [];
  for (const concurrency of [...new Set(test.concurrency)].sort((a, b) => a - b)) {
    const of = requestsOf(test, concurrency);
    const measured: Measured[] = [];
    const until = now() + test.levelSeconds * 1000;
    let begun = 0;
    const client = async (): Promise<void> => {
      while (begun < of && (now() < until || begun < concurrency)) {
        begun += 1;
        measured.push(await ask());
        options.onRequest?.({ level: concurrency, done: measured.length, of });
      }
    };
    await Promise.all(Array.from({ length: Math.min(concurrency, of) }, client));
    const level = levelOf(concurrency, measured);
    levels.push(level);
    onLevel(level);
  }
  return levels;
}
