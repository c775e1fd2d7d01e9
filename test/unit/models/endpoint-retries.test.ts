import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ChatOptions, streamChat } from '../../../src/models/endpoint.ts';
import { retryAfter } from '../../../src/models/endpoint-faults.ts';
import type { ChatEndpoint } from '../../../src/models/endpoint-url.ts';
import {
  cutsAfter,
  delta,
  type FakeOpenAi,
  type FakeReply,
  fakeOpenAi,
  says,
  status,
} from '../../support/fake-openai.ts';

const request = {
  messages: [{ role: 'user' as const, content: 'Hi' }],
  sampling: { temperature: 0, seed: 7, maxTokens: 32 },
};
let server: FakeOpenAi;
let made = 0;
beforeEach(async () => {
  server = await fakeOpenAi();
});
afterEach(() => server.close());

/** A name of its own: limits and pauses are kept by name. */
const endpoint = (more: Partial<ChatEndpoint> = {}): ChatEndpoint => ({
  name: `box-${made++}`,
  url: server.url,
  model: 'm',
  retries: 4,
  ...more,
});
const ask = (replies: readonly FakeReply[], options: ChatOptions = {}, more: Partial<ChatEndpoint> = {}) => {
  server.script(...replies);
  return streamChat(endpoint(more), request, { firstWaitMs: 4, ...options });
};

describe('what was not answered', () => {
  test('is asked again, with a status that says why and how long', async () => {
    const told: string[] = [];
    const result = await ask(
      [status(429, '', { 'retry-after': '0.02' }), status(503, ''), status(502, ''), says(['yes'])],
      { onStatus: (text) => told.push(text) },
    );
    expect(result).toMatchObject({ text: 'yes', retries: 3 });
    expect(server.requests).toHaveLength(4);
    const waits = told.filter((text) => text.includes('try'));
    expect(waits).toEqual([
      expect.stringMatching(/^waits 0\.0 s: 429 \(try 2 of 5\)$/),
      expect.stringMatching(/^waits 0\.0 s: 503 \(try 3 of 5\)$/),
      expect.stringMatching(/^waits 0\.0 s: 502 \(try 4 of 5\)$/),
    ]);
  });

  test('is given up after so many times, with the last fault', async () => {
    await expect(ask([status(504, 'gateway')])).rejects.toMatchObject({
      code: 'unavailable',
      message: /\(504\): gateway/,
    });
    expect(server.requests).toHaveLength(5);
  });

  test.each([
    ['400', status(400, 'bad')],
    ['401', status(401, 'no')],
    ['500', status(500, 'bug')],
    ['no credit', status(429, { error: { message: 'You exceeded your quota', code: 'insufficient_quota' } })],
    ['a wait longer than a minute', status(429, '', { 'retry-after': '3600' })],
    ['a cut before the first word', cutsAfter(delta({ role: 'assistant' }))],
    ['a cut after it', cutsAfter(delta({ content: 'a' }))],
  ])('is not asked again: %s', async (_name, reply) => {
    await expect(ask([reply, says(['yes'])])).rejects.toThrow();
    expect(server.requests).toHaveLength(1);
  });

  test('waits as long as the server asks', async () => {
    const startedAt = performance.now();
    await ask([status(429, '', { 'retry-after': '0.2' }), says(['a'])], { firstWaitMs: 1 });
    expect(performance.now() - startedAt).toBeGreaterThan(190);
  });

  test('of a server that is not there is not waited for long', async () => {
    const { url } = server;
    await server.close();
    const told: string[] = [];
    const asked = streamChat(endpoint({ url }), request, { firstWaitMs: 1, onStatus: (text) => told.push(text) });
    await expect(asked).rejects.toMatchObject({ code: 'unavailable', message: `Nothing answers at ${url}.` });
    expect(told.map((text) => text.replace(/^.*s: /, ''))).toEqual([
      'nothing answers (try 2 of 3)',
      'nothing answers (try 3 of 3)',
    ]);
    server = await fakeOpenAi();
  });

  test('can be cancelled while it waits', async () => {
    const stop = new AbortController();
    const result = await ask([status(429, '', { 'retry-after': '50' })], {
      signal: stop.signal,
      onStatus: () => stop.abort(),
    });
    expect(result).toMatchObject({ finish: 'cancelled', text: '', usage: null });
    expect(server.requests).toHaveLength(1);
  });
});

test('Retry-After: seconds, a date, nonsense', () => {
  const now = Date.parse('2026-11-23T10:00:00Z');
  expect(retryAfter('17', now)).toBe(17_000);
  expect(retryAfter('0.5', now)).toBe(500);
  expect(retryAfter('Mon, 23 Nov 2026 10:00:30 GMT', now)).toBe(30_000);
  // A clock that goes wrong must not make us ask without a pause: our own back-off counts.
  for (const past of ['Mon, 23 Nov 2026 09:00:00 GMT', '0', '-5']) expect(retryAfter(past, now)).toBeUndefined();
  expect(retryAfter('soon', now)).toBeUndefined();
  expect(retryAfter(null, now)).toBeUndefined();
});

describe('limits', () => {
  test('hold across everyone who asks the endpoint, and queue time is no answer time', async () => {
    let running = 0;
    let most = 0;
    server.script(async (response, seen) => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setTimeout(resolve, 30));
      running -= 1;
      await says(['x'])(response, seen);
    });
    const told: string[] = [];
    const shared = endpoint({ limits: { concurrency: 2 } });
    const all = await Promise.all(
      Array.from({ length: 6 }, () => streamChat(shared, request, { onStatus: (text) => told.push(text) })),
    );
    expect(most).toBe(2);
    expect(told).toContain('waits its turn: 2 at a time');
    expect(all.map(({ text }) => text)).toEqual(Array(6).fill('x'));
  });
});

describe('a dialect', () => {
  const dialect = {
    omit: ['seed' as const, 'stream_options' as const],
    maxTokensField: 'max_completion_tokens' as const,
  };

  test('leaves out and renames fields, and the answer says which sampling was not sent', async () => {
    const result = await ask([says(['x'])], {}, { dialect });
    expect(server.requests[0]?.body).toEqual({
      model: 'm',
      messages: request.messages,
      stream: true,
      temperature: 0,
      max_completion_tokens: 32,
    });
    expect(result.notSent).toEqual(['seed']);
  });

  test('what form the answer must have is sent as it is, and nothing where none is wished', async () => {
    server.script(says(['{}']));
    const schema = { type: 'object', properties: { better: { enum: ['A', 'B'] } }, required: ['better'] };
    const responseFormat = { type: 'json_schema', json_schema: { name: 'judge', strict: true, schema } } as const;
    await streamChat(endpoint(), { ...request, responseFormat });
    await streamChat(endpoint(), request);
    const [first, second] = server.requests.slice(-2).map(({ body }) => body);
    expect(first).toMatchObject({ response_format: responseFormat });
    expect(second).not.toHaveProperty('response_format');
  });

  test.each([
    [
      400,
      {
        error: {
          message: "Unsupported parameter: 'max_tokens' is not supported with this model.",
          param: 'max_tokens',
          code: 'unsupported_parameter',
        },
      },
      'max_tokens',
      '--max-tokens-field max_completion_tokens',
    ],
    [
      400,
      {
        error: {
          message: "Unsupported value: 'temperature' does not support 0 with this model.",
          param: 'temperature',
          code: 'unsupported_value',
        },
      },
      'temperature',
      '--omit temperature',
    ],
    [
      422,
      { detail: [{ type: 'extra_forbidden', loc: ['body', 'seed'], msg: 'Extra inputs are not permitted' }] },
      'seed',
      '--omit seed',
    ],
    [
      400,
      { error: { message: 'Unrecognized request argument supplied: stream_options' } },
      'stream_options',
      '--omit stream_options',
    ],
    [
      400,
      { error: { message: 'Invalid JSON payload received. Unknown name "seed": Cannot find field.' } },
      'seed',
      '--omit seed',
    ],
  ])('a field that is refused is named (%i %j)', async (code, body, field, hint) => {
    await expect(ask([status(code, body)])).rejects.toMatchObject({
      code: 'invalid',
      message: expect.stringContaining(`does not take the field ${field} (${code})`),
      hint: expect.stringContaining(hint),
    });
  });
});
