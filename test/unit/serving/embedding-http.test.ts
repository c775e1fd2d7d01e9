import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { EmbedOptions, ResolvedEmbedder } from '../../../src/models/embedder-types.ts';
import { withInstruction } from '../../../src/models/fingerprint.ts';
import type { SupervisedEmbedder } from '../../../src/models/supervised-embedder.ts';
import { RagtuiError } from '../../../src/platform/errors.ts';
import { waitUntil } from '../../../src/platform/processes.ts';
import { EmbeddingHttpServer } from '../../../src/serving/embedding/http.ts';
import { EmbedderLanes } from '../../../src/serving/embedding/lanes.ts';
import { readExposition, seriesValue } from '../../support/prometheus.ts';

const KEY = 'the-key';
const MAX_TOKENS = 8;
const RESOLVED: ResolvedEmbedder = {
  id: 'vec',
  fingerprint: 'f'.repeat(32),
  dimension: 4,
  config: {
    pooling: 'mean',
    normalize: true,
    maxTokens: MAX_TOKENS,
    dimension: 4,
    dtype: 'f32',
    queryInstruction: 'find: ',
    passageInstruction: 'about: ',
    matryoshka: [2],
  },
  source: { kind: 'folder', folder: '', model: '', tokenizer: '' },
};

/** What the model saw, call by call; a call waits for `release` when `held` is set. */
let calls: string[][];
let held: Promise<void> | undefined;
let release: () => void;

/** A model whose vector of a text is [letters, 3, 0, 0] of length 1, one token a letter. */
function fakeEmbedder(resolved: ResolvedEmbedder): SupervisedEmbedder {
  return {
    resolved,
    pid: () => 1,
    async embed(texts: readonly string[], how: EmbedOptions) {
      const inputs = texts.map((text) => withInstruction(resolved.config, text, how));
      calls.push(inputs);
      await held;
      const bad = inputs.findIndex((text) => text.includes('NaN'));
      if (bad >= 0) throw new RagtuiError('invalid', `The model gave no usable vector for text ${bad + 1}.`);
      return {
        vectors: inputs.map(({ length }) => Float32Array.of(length, 3, 0, 0).map((v) => v / Math.hypot(length, 3))),
        tokens: inputs.map(({ length }) => Math.min(length, MAX_TOKENS)),
        cut: inputs.flatMap(({ length }, index) => (length > MAX_TOKENS ? [index] : [])),
      };
    },
    close: () => Promise.resolve(),
  };
}

let server: EmbeddingHttpServer;
let lanes: EmbedderLanes;
let url: string;
beforeEach(async () => {
  calls = [];
  held = undefined;
  server = new EmbeddingHttpServer({ name: 'vec', key: KEY });
  lanes = new EmbedderLanes(RESOLVED, { lanes: 1, make: fakeEmbedder });
  url = await server.listen();
  server.serve(lanes);
});
afterEach(() => server.close());

function hold(): void {
  held = new Promise((resolve) => {
    release = resolve;
  });
}
const headers = { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' };
const post = (body: unknown, init: RequestInit = {}) =>
  fetch(`${url}/embeddings`, {
    method: 'POST',
    headers,
    body: typeof body === 'string' ? body : JSON.stringify(body),
    ...init,
  });
const replySchema = z.object({
  object: z.literal('list'),
  model: z.string(),
  data: z.array(z.object({ object: z.literal('embedding'), index: z.number(), embedding: z.unknown() })),
  usage: z.object({ prompt_tokens: z.number(), total_tokens: z.number() }),
  ragtui: z.object({ cut: z.array(z.number()) }),
});
const errorSchema = z.object({ error: z.object({ code: z.string(), message: z.string(), type: z.string() }) });
async function refusal(response: Response): Promise<[number, string]> {
  return [response.status, errorSchema.parse(await response.json()).error.message];
}

describe('an answer', () => {
  test('has a vector for each text, in their order, and the tokens', async () => {
    const reply = replySchema.parse(await (await post({ model: 'vec:plain', input: ['abcd', 'a'] })).json());
    expect(reply).toEqual({
      object: 'list',
      model: 'vec:plain',
      data: [
        { object: 'embedding', index: 0, embedding: [expect.closeTo(0.8, 6), expect.closeTo(0.6, 6), 0, 0] },
        {
          object: 'embedding',
          index: 1,
          embedding: [expect.closeTo(0.3162278, 6), expect.closeTo(0.9486833, 6), 0, 0],
        },
      ],
      usage: { prompt_tokens: 5, total_tokens: 5 },
      ragtui: { cut: [] },
    });
  });

  test('takes a single text', async () => {
    const reply = replySchema.parse(await (await post({ model: 'vec:plain', input: 'abcd' })).json());
    expect(reply.data).toHaveLength(1);
  });

  test('in base64 holds little-endian floats', async () => {
    const reply = replySchema.parse(
      await (await post({ model: 'vec:plain', input: 'abcd', encoding_format: 'base64' })).json(),
    );
    // 0.8 = 0x3f4ccccd, 0.6 = 0x3f19999a, least byte first.
    expect(reply.data[0]?.embedding).toBe(Buffer.from('cdcc4c3f9a99193f0000000000000000', 'hex').toString('base64'));
  });

  test('of the shorter length it was trained for has length 1 again', async () => {
    const reply = replySchema.parse(await (await post({ model: 'vec:plain', input: 'abcd', dimensions: 2 })).json());
    expect(reply.data[0]?.embedding).toEqual([expect.closeTo(0.8, 6), expect.closeTo(0.6, 6)]);
  });

  test('puts before texts what the name asks for', async () => {
    await post({ model: 'vec:query', input: 'q' });
    await post({ model: 'vec', input: 'q' });
    await post({ model: 'vec:plain', input: 'q' });
    expect(calls).toEqual([['find: q'], ['about: q'], ['q']]);
  });

  test('says which texts were cut', async () => {
    const input = Array.from({ length: 40 }, (_, index) => (index === 1 || index === 35 ? 'much too long' : 'ok'));
    const reply = replySchema.parse(await (await post({ model: 'vec:plain', input })).json());
    expect(reply.ragtui.cut).toEqual([1, 35]);
  });
});

test.each([
  ['token ids', { model: 'vec:plain', input: [1, 2, 3] }, /token ids belong to another tokenizer/],
  ['lists of token ids', { model: 'vec:plain', input: [[1, 2], [3]] }, /token ids belong/],
  ['no text', { model: 'vec:plain', input: [] }, /no text in it/],
  ['something else', { model: 'vec:plain', input: [null] }, /a text or a list of texts/],
  ['too many texts', { model: 'vec:plain', input: Array(2049).fill('a') }, /at most 2048 texts.*2049/],
  ['no input', { model: 'vec' }, /a text or a list of texts/],
  [
    'a length it was not trained for',
    { model: 'vec:plain', input: 'a', dimensions: 3 },
    /vectors of 2, 4 numbers, not of 3/,
  ],
  ['a format nobody knows', { model: 'vec:plain', input: 'a', encoding_format: 'int8' }, /encoding_format/],
  ["another server's way to ask for a query", { model: 'vec:plain', input: 'a', input_type: 'query' }, /NAME:query/],
  ['what is no JSON', '{', /not JSON/],
])('refuses %s with the reason', async (_what, body, message) => {
  expect(await refusal(await post(body))).toEqual([400, expect.stringMatching(message)]);
  expect(calls).toEqual([]);
});

test('a model that has no shorter lengths says so', async () => {
  const { matryoshka: _, ...config } = RESOLVED.config;
  server.serve(new EmbedderLanes({ ...RESOLVED, config }, { lanes: 1, make: fakeEmbedder }));
  expect(await refusal(await post({ model: 'vec:plain', input: 'a', dimensions: 2 }))).toEqual([
    400,
    expect.stringMatching(/not trained for shorter vectors/),
  ]);
  expect((await post({ model: 'vec:plain', input: 'a', dimensions: 4 })).status).toBe(200);
});

test('another model is not found, and the names that are there are told', async () => {
  expect(await refusal(await post({ model: 'other', input: 'a' }))).toEqual([
    404,
    expect.stringMatching(/vec .*vec:query .*not other/),
  ]);
});

test('without the key nothing is told but /health', async () => {
  const at = (path: string) => fetch(new URL(path, url)).then((response) => response.status);
  expect(await Promise.all(['/v1/models', '/metrics', '/v1/embeddings', '/other'].map(at))).toEqual([
    401, 401, 401, 401,
  ]);
  expect(await at('/health')).toBe(200);
  const wrong = await post({ model: 'vec:plain', input: 'a' }, { headers: { ...headers, authorization: 'Bearer no' } });
  expect(wrong.status).toBe(401);
});

test('a body that is too large is refused and the server goes on', async () => {
  const huge = await post({ model: 'vec:plain', input: 'x'.repeat(17 * 1024 * 1024) });
  expect(await refusal(huge)).toEqual([413, expect.stringMatching(/16 MiB/)]);
  expect((await post({ model: 'vec:plain', input: 'a' })).status).toBe(200);
});

test('/health says 503 until there is a model, and when its vectors changed', async () => {
  const loading = new EmbeddingHttpServer({ name: 'vec', key: KEY });
  const base = new URL(await loading.listen());
  const health = () => fetch(new URL('/health', base)).then((response) => response.status);
  expect(await health()).toBe(503);
  loading.serve(lanes);
  expect(await health()).toBe(200);
  loading.refuse('the file was replaced');
  expect(await health()).toBe(503);
  const refused = await fetch(`${base}/embeddings`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ model: 'vec:plain', input: 'a' }),
  });
  expect(await refusal(refused)).toEqual([500, 'the file was replaced']);
  await loading.close();
});

test('/v1/models lists both names with what the vectors are', async () => {
  const listed = await (await fetch(`${url}/models`, { headers })).json();
  const about = { max_model_len: MAX_TOKENS, dimension: 4, fingerprint: 'f'.repeat(32) };
  expect(listed).toMatchObject({
    object: 'list',
    data: [
      { id: 'vec', parent: null, ...about },
      { id: 'vec:query', parent: 'vec', ...about },
      { id: 'vec:plain', parent: 'vec', ...about },
    ],
  });
});

test('a text without a vector is named by its place, and counted as an error', async () => {
  const input = Array.from({ length: 40 }, (_, index) => (index === 33 ? 'NaN' : 'a'));
  expect(await refusal(await post({ model: 'vec:plain', input }))).toEqual([
    400,
    expect.stringMatching(/from input\[32\].*text 2/),
  ]);
  const metrics = readExposition(await (await fetch(new URL('/metrics', url), { headers })).text());
  expect(seriesValue(metrics, 'vllm:request_success_total', '', { finished_reason: 'error' })).toBe(1);
});

test('a short request gets its turn between the windows of a long one', async () => {
  hold();
  const long = post({ model: 'vec:plain', input: Array(96).fill('long') });
  await waitUntil(() => calls.length === 1, 5000);
  const short = post({ model: 'vec:plain', input: 'me' });
  await waitUntil(() => server.metrics.load === 2, 5000);
  release();
  expect((await short).status).toBe(200);
  expect((await long).status).toBe(200);
  const order = calls.map(([first]) => first);
  expect(order).toHaveLength(4);
  expect(order.indexOf('me')).toBeLessThan(3);
});

test('the 65th that waits is sent away for a while; those that wait are answered', async () => {
  hold();
  const first = post({ model: 'vec:plain', input: 'a' });
  await waitUntil(() => calls.length === 1, 5000);
  const waiting = Array.from({ length: 64 }, () => post({ model: 'vec:plain', input: 'b' }));
  await waitUntil(() => server.metrics.waiting === 64, 5000);
  const late = await post({ model: 'vec:plain', input: 'c' });
  expect([late.status, Number(late.headers.get('retry-after'))]).toEqual([429, expect.any(Number)]);
  release();
  const statuses = (await Promise.all([first, ...waiting])).map(({ status }) => status);
  expect(new Set(statuses)).toEqual(new Set([200]));
});

test('a client that goes away leaves the line, and a stop lets the others end', async () => {
  hold();
  const first = post({ model: 'vec:plain', input: 'a' });
  await waitUntil(() => calls.length === 1, 5000);
  const leaving = new AbortController();
  const left = post({ model: 'vec:plain', input: 'b' }, { signal: leaving.signal }).catch(() => undefined);
  await waitUntil(() => server.metrics.waiting === 1, 5000);
  leaving.abort();
  await left;
  await waitUntil(() => server.metrics.waiting === 0, 5000);
  const drained = server.drain(60_000);
  const refused = await post({ model: 'vec:plain', input: 'c' });
  expect(refused.status).toBe(503);
  release();
  await drained;
  expect((await first).status).toBe(200);
  const metrics = readExposition(await (await fetch(new URL('/metrics', url), { headers })).text());
  expect(seriesValue(metrics, 'vllm:request_success_total', '', { finished_reason: 'abort' })).toBe(1);
  expect(calls).toEqual([['a']]);
});

test('/metrics counts requests, texts and tokens under the names of vLLM', async () => {
  await post({ model: 'vec:plain', input: ['abc', 'de'] });
  await post({ model: 'vec:plain', input: 'f' });
  server.metrics.restarted();
  const metrics = readExposition(await (await fetch(new URL('/metrics', url), { headers })).text());
  const value = (name: string, part = '', labels = {}) => seriesValue(metrics, name, part, labels);
  expect(value('vllm:prompt_tokens_total')).toBe(6);
  expect(value('ragtui:texts_total')).toBe(3);
  expect(value('vllm:request_success_total', '', { finished_reason: 'stop' })).toBe(2);
  expect(value('vllm:e2e_request_latency_seconds', '_count')).toBe(2);
  expect(value('ragtui:request_texts', '_bucket', { le: '1' })).toBe(1);
  expect(value('ragtui:embedder_restarts_total')).toBe(1);
  expect(value('vllm:num_requests_running')).toBe(0);
});
