import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { streamChat } from '../../../src/models/endpoint.ts';
import { RagtuiError } from '../../../src/platform/errors.ts';
import { waitUntil } from '../../../src/platform/processes.ts';
import { LlmHttpServer } from '../../../src/serving/llama/http.ts';
import { FAKE_CONTEXT, type FakeEngine, FakeHost } from '../../support/fake-llm.ts';

const KEY = 'the-key';
const CONTEXT = FAKE_CONTEXT;

let server: LlmHttpServer;
let host: FakeHost;
let engine: FakeEngine;
let url: string;
beforeEach(async () => {
  host = new FakeHost();
  engine = host.base;
  server = new LlmHttpServer({ model: 'tiny', key: KEY });
  url = await server.listen();
  server.serve(host);
});
afterEach(() => server.close());

const headers = { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' };
const CHAT = {
  messages: [{ role: 'user' as const, content: 'Hi' }],
  sampling: { temperature: 0, seed: 1, maxTokens: 9 },
};
const hi = { model: 'tiny', messages: [{ role: 'user', content: 'Hi' }] };
const post = (body: unknown, path = '/chat/completions') =>
  fetch(`${url}${path}`, { method: 'POST', headers, body: typeof body === 'string' ? body : JSON.stringify(body) });
const errorSchema = z.object({ error: z.object({ code: z.string(), message: z.string(), type: z.string() }) });
async function refusal(response: Response): Promise<[number, string, string]> {
  const { error } = errorSchema.parse(await response.json());
  return [response.status, error.code, error.message];
}

test('/health says 503 until there is an engine, and needs no key', async () => {
  const loading = new LlmHttpServer({ model: 'tiny', key: KEY });
  const base = new URL(await loading.listen());
  const health = () => fetch(new URL('/health', base)).then((response) => response.status);
  expect(await health()).toBe(503);
  const early = await fetch(`${base}/chat/completions`, { method: 'POST', headers, body: JSON.stringify(hi) });
  expect(await refusal(early)).toEqual([503, 'loading', expect.any(String)]);
  loading.serve(host);
  expect(await health()).toBe(200);
  expect(base.hostname).toBe('127.0.0.1');
  await loading.close();
});

describe('an answer', () => {
  test('in one piece is a chat completion with usage', async () => {
    const response = await post({ ...hi, temperature: 0, seed: 3, max_tokens: 5, stop: 'x' });
    expect(await response.json()).toMatchObject({
      object: 'chat.completion',
      model: 'tiny',
      choices: [{ index: 0, message: { role: 'assistant', content: 'Hello you' }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 2, completion_tokens: 2, total_tokens: 4 },
    });
    expect(engine.requests[0]).toMatchObject({
      temperature: 0,
      seed: 3,
      maxTokens: 5,
      stop: ['x'],
      strict: true,
      topP: 1,
    });
  });

  test('as a stream ends with usage (when asked for) and [DONE]', async () => {
    const text = await (await post({ ...hi, stream: true, stream_options: { include_usage: true } })).text();
    const events = text
      .split('\n\n')
      .filter((line) => line.startsWith('data: '))
      .map((line) => line.slice(6));
    expect(events.at(-1)).toBe('[DONE]');
    const chunks = events.slice(0, -1).map((data) => JSON.parse(data));
    expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? null)).toEqual(['', 'Hello', ' you', null, null]);
    expect(chunks.at(-2).choices[0].finish_reason).toBe('stop');
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { prompt_tokens: 2, completion_tokens: 2 } });
    expect(await (await post({ ...hi, stream: true })).text()).not.toContain('usage');
  });

  test('takes text parts and null for "not given", and fills the room when no length is given', async () => {
    const parts = [
      { type: 'text', text: 'a' },
      { type: 'text', text: 'b' },
    ];
    const sent = {
      model: 'tiny',
      messages: [{ role: 'developer', content: parts }],
      stop: null,
      max_tokens: null,
      tools: [],
      ragtui: { strict: false },
    };
    expect((await post(sent)).status).toBe(200);
    expect(engine.requests[0]).toMatchObject({
      tokens: [97, 98],
      maxTokens: CONTEXT - 2,
      strict: false,
      temperature: 1,
      stop: [],
    });
  });
});

describe('a refusal', () => {
  test('is an OpenAI error with the right status', async () => {
    const long = 'x'.repeat(98);
    const cases: [unknown, [number, string, RegExp]][] = [
      [{ ...hi, model: 'other' }, [404, 'model_not_found', /tiny, not other/]],
      [
        { ...hi, messages: [{ role: 'user', content: 'x'.repeat(100) }] },
        [400, 'context_length_exceeded', /100 tokens; the context holds 100/],
      ],
      [
        { ...hi, messages: [{ role: 'user', content: long }], max_tokens: 3 },
        [400, 'context_length_exceeded', /98 tokens.*3; the context holds 100/],
      ],
      [{ ...hi, n: 2 }, [400, 'invalid_request', /^n: only n = 1/]],
      [{ ...hi, tools: [{}] }, [400, 'invalid_request', /^tools: .*not supported/]],
      [{ ...hi, temperature: -1 }, [400, 'invalid_request', /^temperature/]],
      [{ model: 'tiny', messages: [] }, [400, 'invalid_request', /^messages/]],
      ['{"model":', [400, 'invalid_json', /not JSON/]],
      [`"${'x'.repeat(5 * 1024 * 1024)}"`, [413, 'too_large', /4 MiB/]],
    ];
    for (const [body, [status, code, message]] of cases) {
      expect(await refusal(await post(body))).toEqual([status, code, expect.stringMatching(message)]);
    }
    expect(engine.requests).toHaveLength(0);
    expect((await post({ ...hi, messages: [{ role: 'user', content: long }], max_tokens: 2 })).status).toBe(200);
  });

  test('without the key, or with another, tells nothing', async () => {
    for (const authorization of [undefined, 'Bearer wrong', `Basic ${KEY}`, 'Bearer ']) {
      for (const path of ['/models', '/chat/completions', '/nowhere']) {
        const response = await fetch(`${url}${path}`, { headers: authorization ? { authorization } : {} });
        expect(await refusal(response)).toEqual([401, 'invalid_api_key', expect.any(String)]);
      }
    }
    expect(await refusal(await fetch(`${url}/nowhere`, { headers }))).toEqual([404, 'not_found', expect.any(String)]);
  });

  test('of the engine is a 400 or a 500, in a stream an event', async () => {
    engine.renderChat = () => {
      throw new RagtuiError('unsupported', 'No such role.');
    };
    expect(await refusal(await post(hi))).toEqual([400, 'unsupported', 'No such role.']);
    engine.renderChat = () => [1];
    engine.generateWith = async (_, { onText }) => {
      onText('half');
      throw new RagtuiError('unavailable', 'No memory.');
    };
    const asked = streamChat(
      { url, key: KEY, model: 'tiny' },
      { messages: [{ role: 'user', content: 'Hi' }], sampling: { temperature: 0, seed: 1, maxTokens: 5 } },
    );
    await expect(asked).rejects.toMatchObject({ code: 'unavailable', message: expect.stringContaining('No memory.') });
  });
});

test('tokens are counted for messages and for plain text', async () => {
  const count = async (body: unknown) => (await post(body, '/tokenize')).json();
  expect(await count({ messages: [{ role: 'user', content: 'abc' }] })).toEqual({
    count: 3,
    tokens: [97, 98, 99],
    token_strs: null,
    max_model_len: CONTEXT,
  });
  expect(await count({ prompt: 'ab', return_token_strs: true })).toMatchObject({ token_strs: ['a', 'b'] });
  expect(
    await (
      await fetch(new URL('/detokenize', url), {
        method: 'POST',
        headers,
        body: JSON.stringify({ tokens: [104, 105] }),
      })
    ).json(),
  ).toEqual({ prompt: 'hi' });
  expect(await count({ prompt: 'z' })).toMatchObject({ count: 1 });
  expect(await (await fetch(`${url}/models`, { headers })).json()).toMatchObject({
    data: [{ id: 'tiny', max_model_len: CONTEXT }],
  });
});

describe('several requests', () => {
  test('are served one at a time, in the order they came', async () => {
    const gates: (() => void)[] = [];
    engine.generateWith = async (request, { onText }) => {
      await new Promise<void>((resolve) => gates.push(resolve));
      onText(String.fromCodePoint(...request.tokens));
      return { finish: 'stop', completionTokens: 1 };
    };
    const sent: Response[] = [];
    // A stream opens as soon as its request is in line.
    for (const content of ['a', 'b', 'c']) {
      sent.push(await post({ ...hi, messages: [{ role: 'user', content }], stream: true }));
    }
    for (let served = 1; served <= 3; served += 1) {
      expect(await waitUntil(() => gates.length === served, 5000, 1)).toBe(true);
      expect(engine.running).toBe(1);
      gates[served - 1]?.();
    }
    const texts = await Promise.all(sent.map((response) => response.text()));
    const answers = texts.map((text) => /"content":"([abc])"/.exec(text)?.[1]);
    expect(answers).toEqual(['a', 'b', 'c']);
    expect(engine.mostAtOnce).toBe(1);
  });

  test('whose client goes away are cancelled, also while they wait', async () => {
    const signals: AbortSignal[] = [];
    engine.generateWith = (_, { signal }) =>
      new Promise((_resolve, reject) => {
        signals.push(signal);
        signal.addEventListener('abort', () => reject(signal.reason));
      });
    const [first, second] = [new AbortController(), new AbortController()];
    const send = (controller: AbortController) =>
      fetch(`${url}/chat/completions`, {
        method: 'POST',
        headers,
        body: JSON.stringify({ ...hi, stream: true }),
        signal: controller.signal,
      });
    const [one, two] = [await send(first), await send(second)];
    expect(await waitUntil(() => signals.length === 1, 5000, 1)).toBe(true);
    expect(server.idleMs).toBe(0);
    expect(server.load).toBe(2);
    second.abort();
    await expect(two.text()).rejects.toThrow();
    expect(await waitUntil(() => server.load === 1, 5000, 1)).toBe(true);
    first.abort();
    await expect(one.text()).rejects.toThrow();
    expect(await waitUntil(() => signals[0]?.aborted === true && engine.running === 0, 5000, 1)).toBe(true);
    expect(await waitUntil(() => server.idleMs > 0, 5000, 1)).toBe(true);
    expect(signals).toHaveLength(1);
  });
});

test('adapters are listed with their parent and asked by their names', async () => {
  await host.load('sft', '/a/tune');
  const tuned = host.adapters.get('sft');
  if (!tuned) throw new Error('no adapter');
  tuned.generateWith = async (_, { onText }) => {
    onText('tuned');
    return { finish: 'stop', completionTokens: 1 };
  };
  const cards = z.object({ data: z.array(z.object({ id: z.string(), parent: z.string().nullable() })) });
  const listed = cards.parse(await (await fetch(`${url}/models`, { headers })).json());
  expect(listed.data.map(({ id, parent }) => [id, parent])).toEqual([
    ['tiny', null],
    ['sft', 'tiny'],
  ]);
  const text = async (model: string) => (await streamChat({ url, key: KEY, model }, CHAT)).text;
  expect(await text('sft')).toBe('tuned');
  expect(await text('tiny')).toBe('Hello you');
  await expect(text('other')).rejects.toMatchObject({ code: 'not-found', message: expect.stringMatching(/tiny, sft/) });
});

test('a repetition penalty reaches the engine; without one it is off', async () => {
  await post({ ...hi, repetition_penalty: 1.2 });
  await post(hi);
  expect(engine.requests.map(({ repetitionPenalty }) => repetitionPenalty)).toEqual([1.2, 1]);
  expect((await post({ ...hi, repetition_penalty: 0 })).status).toBe(400);
});
