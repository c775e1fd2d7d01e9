import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ChatOptions, countTokens, streamChat } from '../../../src/models/endpoint.ts';
import { RagtuiError } from '../../../src/platform/errors.ts';
import {
  cutsAfter,
  DONE,
  delta,
  type FakeOpenAi,
  type FakeReply,
  fakeOpenAi,
  says,
  stallsAfter,
  status,
  stream,
  usage,
} from '../../support/fake-openai.ts';

const KEY = 'sk-very-secret-0123456789';
const request = {
  messages: [{ role: 'user' as const, content: 'Hi' }],
  sampling: { temperature: 0, seed: 7, maxTokens: 32 },
};
let server: FakeOpenAi;
beforeEach(async () => {
  server = await fakeOpenAi();
});
afterEach(() => server.close());

const ask = (reply: FakeReply, options: ChatOptions = {}) => {
  server.script(reply);
  return streamChat({ url: server.url, key: KEY, model: 'm' }, request, options);
};
async function fault(reply: FakeReply, options: ChatOptions = {}): Promise<RagtuiError> {
  const error = await ask(reply, options).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof RagtuiError)) throw new Error(`not a RagtuiError: ${error}`);
  expect(`${error.message} ${error.hint}`).not.toContain(KEY);
  expect(error.hint).not.toBe('');
  return error;
}

describe('an answer', () => {
  test('is streamed, with usage and finish', async () => {
    const deltas: string[] = [];
    const result = await ask(says(['Par', 'is', '.']), { onDelta: ({ text }) => deltas.push(text) });
    expect(deltas).toEqual(['Par', 'is', '.']);
    expect(result).toMatchObject({
      text: 'Paris.',
      reasoning: '',
      finish: 'stop',
      usage: { promptTokens: 11, completionTokens: 3 },
      pieces: 3,
    });
    expect(result.firstTokenMs).toBeGreaterThan(0);
    expect(result.totalMs).toBeGreaterThanOrEqual(result.firstTokenMs ?? 0);
  });

  test('is asked for with the sampling, the key in a header, and no fields a stranger would not know', async () => {
    await ask(says(['x']));
    expect(server.requests[0]).toMatchObject({
      path: '/v1/chat/completions',
      headers: { authorization: `Bearer ${KEY}` },
    });
    expect(server.requests[0]?.body).toEqual({
      model: 'm',
      messages: request.messages,
      stream: true,
      stream_options: { include_usage: true },
      temperature: 0,
      seed: 7,
      max_tokens: 32,
    });
  });

  test('that was cut by its length or by a content filter says so; other reasons count as an end', async () => {
    expect((await ask(says(['x'], 'length'))).finish).toBe('length');
    expect((await ask(says(['x'], 'content_filter'))).finish).toBe('filtered');
    expect((await ask(says(['x'], 'eos'))).finish).toBe('stop');
  });

  test('survives any cut of its bytes, also within a character', async () => {
    const whole = Buffer.from(delta({ content: '漢字🙂' }) + delta({}, 'stop') + DONE);
    for (let at = 1; at < whole.length; at += 1) {
      expect((await ask(stream(whole.subarray(0, at), whole.subarray(at)))).text).toBe('漢字🙂');
    }
  });

  test('of a server that does not stream is taken whole', async () => {
    const body = {
      choices: [{ message: { role: 'assistant', content: '<think>hm</think>Paris' }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 3, completion_tokens: 4 },
    };
    expect(await ask(status(200, body))).toMatchObject({
      text: 'Paris',
      reasoning: 'hm',
      usage: { completionTokens: 4 },
    });
  });

  test('without usage, comments, CRLF and a missing blank line at the end are fine', async () => {
    const bytes = `: hello\r\n\r\n${delta({ content: 'a' }).replaceAll('\n', '\r\n')}data: {"choices":[{"delta":{"content":"b"},"finish_reason":"stop"}]}`;
    expect(await ask(stream(bytes))).toMatchObject({ text: 'ab', finish: 'stop', usage: null, pieces: 2 });
  });

  test('of nothing is an empty answer when the server says it is finished', async () => {
    expect(await ask(stream(delta({}, 'stop'), usage(5, 0), DONE))).toMatchObject({
      text: '',
      finish: 'stop',
      firstTokenMs: null,
    });
  });
});

describe('a server without an end', () => {
  test('that ended its answer and then says nothing has answered', async () => {
    const reply = stallsAfter(delta({ content: 'All of it.' }), delta({}, 'stop'), usage(3, 4));
    const result = await ask(reply, { stallSeconds: 0.1 });
    expect(result).toMatchObject({ text: 'All of it.', finish: 'stop', usage: { completionTokens: 4 } });
  });

  const endless =
    (code: number): FakeReply =>
    async (response, { closed }) => {
      response.writeHead(code, { 'content-type': 'application/json' });
      const gone = closed.then(() => 'gone' as const);
      const page = '{"error": "never '.padEnd(1 << 20, 'x');
      const next = () => new Promise<'next'>((resolve) => response.write(page, () => resolve('next')));
      while ((await Promise.race([gone, next()])) === 'next');
    };

  test('is not listened to for longer than an answer can be', async () => {
    expect((await fault(endless(500))).code).toBe('unavailable');
    expect(await fault(endless(200))).toMatchObject({
      code: 'corrupt',
      message: expect.stringContaining('sends an answer that does not end'),
    });
  });
});

describe('reasoning', () => {
  test('comes apart, from its own field and from tags cut anywhere', async () => {
    const own = stream(delta({ reasoning_content: 'let me see' }), delta({ content: 'Paris' }, 'stop'), DONE);
    expect(await ask(own)).toMatchObject({ text: 'Paris', reasoning: 'let me see' });
    const text = '\n<think>\nlet me see\n</think>\n\nParis <think> is text';
    for (let at = 1; at < text.length; at += 1) {
      const seen = { text: '', reasoning: '' };
      const onDelta: ChatOptions['onDelta'] = (piece) => {
        seen.text += piece.text;
        seen.reasoning += piece.reasoning;
      };
      const result = await ask(says([text.slice(0, at), text.slice(at)]), { onDelta });
      expect(result).toMatchObject({ text: 'Paris <think> is text', reasoning: '\nlet me see\n' });
      expect(seen).toEqual({ text: result.text, reasoning: result.reasoning });
    }
  });

  test('whose opening tag stood in the prompt is parted at the end', async () => {
    expect(await ask(says(['let me see</think>', '\n\nParis']))).toMatchObject({
      text: 'Paris',
      reasoning: 'let me see',
    });
  });

  test('that never ends is all reasoning', async () => {
    expect(await ask(says(['<think>and on </thi'], 'length'))).toMatchObject({ text: '', reasoning: 'and on </thi' });
  });
});

describe('a fault', () => {
  test('has a stable code, and says what and why without the key', async () => {
    const said = (message: string) => ({ error: { message, type: 't', code: 'c' } });
    const cases: [FakeReply, RagtuiError['code'], RegExp][] = [
      [status(401, said(`Incorrect API key provided: ${KEY}`)), 'permission', /refused the key.*\[key\]/],
      [status(404, said('The model `m` does not exist')), 'not-found', /does not exist/],
      [status(404, '<html>nginx</html>'), 'not-found', /nothing at \/v1\/chat\/completions \(404\)\.$/],
      [status(400, said("This model's maximum context length is 8 tokens")), 'invalid', /does not fit m/],
      [status(400, { detail: 'seed must be positive' }), 'invalid', /seed must be positive/],
      [status(429, said('slow down'), { 'retry-after': '17' }), 'busy', /slow down/],
      [status(500, 'out of memory\nat line 3'), 'unavailable', /\(500\): out of memory$/],
      [status(502, ''), 'unavailable', /\(502\)\.$/],
      [stream('<html>not an event</html>'), 'corrupt', /without a single event/],
      [stream('data: {"choices": [\n\n'), 'corrupt', /no chat completion/],
      [stream('data: {"object": "list", "choices": "none"}\n\n'), 'corrupt', /no chat completion/],
      [stream(DONE), 'corrupt', /nothing in it/],
      [stream(delta({ content: 'a' }), 'data: {"error": {"message": "CUDA error"}}\n\n'), 'unavailable', /CUDA error/],
      [stream(delta({ content: 'a' })), 'network', /in the middle of an answer/],
      [cutsAfter(delta({ content: 'a' })), 'network', /in the middle of an answer/],
      [
        status(302, '', { location: 'http://127.0.0.1:1/' }),
        'network',
        /sends us on to http:\/\/127\.0\.0\.1:1\/ \(302\)/,
      ],
    ];
    for (const [reply, code, message] of cases) {
      const error = await fault(reply);
      expect([error.code, error.message]).toEqual([code, expect.stringMatching(message)]);
    }
  });

  test('of too many requests says when to try again', async () => {
    expect((await fault(status(429, '', { 'retry-after': '17' }))).hint).toBe('Try again in 17 s.');
    expect((await fault(status(429, '', { 'retry-after': '-5' }))).hint).toBe('Try again in a while.');
    expect((await fault(status(429, '', { 'retry-after': '31536000' }))).hint).toBe('Try again in 365 days.');
  });

  test('of a server that hangs is a timeout, before and within an answer', async () => {
    for (const reply of [stallsAfter(), stallsAfter(delta({ content: 'a' }))]) {
      expect((await fault(reply, { stallSeconds: 0.2 })).code).toBe('timeout');
    }
  });

  test('of a server that is not there', async () => {
    const url = server.url;
    await server.close();
    const refused = streamChat({ url, model: 'm' }, request);
    await expect(refused).rejects.toMatchObject({ code: 'unavailable', message: `Nothing answers at ${url}.` });
    server = await fakeOpenAi();
  });

  test('shows an address without what is secret in it', async () => {
    const { port } = new URL(server.url);
    server.script(status(500, ''));
    const asked = streamChat({ url: `http://127.0.0.1:${port}/v1?key=${KEY}`, model: 'm' }, request);
    await expect(asked).rejects.toMatchObject({ message: `http://127.0.0.1:${port}/v1 failed (500).` });
  });

  test('with control characters in it is made harmless', async () => {
    const error = await fault(status(500, { error: { message: '\u001b[2Jboo\u202e\nmore' } }));
    expect(error.message).toMatch(/: boo more$/);
  });
});

describe('cancelling', () => {
  test('ends the request and keeps what had come', async () => {
    const controller = new AbortController();
    const result = await ask(stallsAfter(delta({ content: 'half an' })), {
      signal: controller.signal,
      onDelta: () => controller.abort(),
    });
    expect(result).toMatchObject({ text: 'half an', finish: 'cancelled' });
    await server.requests[0]?.closed;
  });

  test('before it began gives an empty answer', async () => {
    expect(await ask(says(['x']), { signal: AbortSignal.abort() })).toMatchObject({ text: '', finish: 'cancelled' });
    expect(server.requests).toHaveLength(0);
  });
});

describe('addresses', () => {
  test('a bare host gets /v1, a pasted full address is cut back', async () => {
    const { origin } = new URL(server.url);
    for (const url of [origin, `${origin}/`, `${origin}/v1/`, `${origin}/v1/chat/completions`]) {
      server.script(says(['x']));
      await streamChat({ url, model: 'm' }, request);
    }
    expect(server.requests.map(({ path }) => path)).toEqual(Array(4).fill('/v1/chat/completions'));
  });
});

describe('counting tokens', () => {
  const endpoint = () => ({ url: server.url, key: KEY, model: 'm' });

  test('asks the server beside /v1', async () => {
    server.script(status(200, { count: 42, tokens: [], max_model_len: 4096 }));
    expect(await countTokens(endpoint(), request.messages)).toEqual({ count: 42, contextTokens: 4096 });
    expect(server.requests[0]).toMatchObject({ path: '/tokenize', body: { model: 'm', messages: request.messages } });
  });

  test('is null where it is not offered or answered oddly', async () => {
    for (const reply of [
      status(404, 'no'),
      status(200, 'no'),
      status(200, { tokens: [1] }),
      status(401, { count: 3 }),
    ]) {
      server.script(reply);
      expect(await countTokens(endpoint(), request.messages)).toBeNull();
    }
  });
});
