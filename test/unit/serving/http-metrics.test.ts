import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { RagtuiError } from '../../../src/platform/errors.ts';
import { waitUntil } from '../../../src/platform/processes.ts';
import { Exposition, Histogram } from '../../../src/serving/http/prometheus.ts';
import { LlmHttpServer } from '../../../src/serving/llama/http.ts';
import { FakeHost } from '../../support/fake-llm.ts';
import { readExposition, seriesValue } from '../../support/prometheus.ts';

const KEY = 'the-key';
const MODEL = 'tiny';
let server: LlmHttpServer;
let host: FakeHost;
let url: string;
beforeEach(async () => {
  host = new FakeHost();
  server = new LlmHttpServer({ model: MODEL, key: KEY });
  url = await server.listen();
  server.serve(host);
});
afterEach(() => server.close());

const headers = { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' };
const chat = (change: object = {}, signal: AbortSignal | null = null) =>
  fetch(`${url}/chat/completions`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ model: MODEL, messages: [{ role: 'user', content: 'abcd' }], ...change }),
    signal,
  });
const scrape = async () => readExposition(await (await fetch(new URL('/metrics', url), { headers })).text());
const value = async (name: string, part = '', labels = {}) => seriesValue(await scrape(), name, part, labels);

describe('/metrics', () => {
  test("has vLLM's names for what means the same, and nothing for what has no meaning", async () => {
    const response = await fetch(new URL('/metrics', url), { headers });
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    const families = readExposition(await response.text());
    // engines.md §3: read from vLLM 0.32's loggers.
    const known: Readonly<Record<string, string>> = {
      'vllm:num_requests_running': 'gauge',
      'vllm:num_requests_waiting': 'gauge',
      'vllm:kv_cache_usage_perc': 'gauge',
      'vllm:prompt_tokens_total': 'counter',
      'vllm:generation_tokens_total': 'counter',
      'vllm:prefix_cache_queries_total': 'counter',
      'vllm:prefix_cache_hits_total': 'counter',
      'vllm:request_success_total': 'counter',
      'vllm:time_to_first_token_seconds': 'histogram',
      'vllm:inter_token_latency_seconds': 'histogram',
      'vllm:e2e_request_latency_seconds': 'histogram',
      'vllm:request_queue_time_seconds': 'histogram',
      process_resident_memory_bytes: 'gauge',
      process_start_time_seconds: 'gauge',
    };
    for (const [name, type] of Object.entries(known)) expect([name, families.get(name)?.type]).toEqual([name, type]);
    for (const family of families.values()) expect(family.help).not.toBe('');
    expect([...families.keys()].filter((name) => /preempt|sleep|gpu/.test(name))).toEqual([]);
    const labelled = [...families].filter(([name]) => name.startsWith('vllm:'));
    for (const [, { series }] of labelled) {
      for (const { labels } of series) expect(labels).toMatchObject({ model_name: MODEL, engine: '0' });
    }
    const started = seriesValue(families, 'process_start_time_seconds') ?? 0;
    expect(Math.abs(started - (Date.now() / 1000 - process.uptime()))).toBeLessThan(1);
    expect(seriesValue(families, 'process_resident_memory_bytes')).toBeGreaterThan(10_000_000);
  });

  test('wants the key, like all but /health', async () => {
    expect((await fetch(new URL('/metrics', url))).status).toBe(401);
  });

  test('counts tokens, times and ends', async () => {
    await (await chat()).text();
    host.base.generateWith = async () => ({ finish: 'length', completionTokens: 0 });
    await (await chat()).text();
    host.base.generateWith = async () => {
      throw new RagtuiError('unavailable', 'No memory.');
    };
    await (await chat()).text();
    const families = await scrape();
    const of = (name: string, part = '', labels = {}) => seriesValue(families, `vllm:${name}`, part, labels);
    const ends = ['stop', 'length', 'error', 'abort'].map((finished_reason) =>
      of('request_success_total', '', { finished_reason }),
    );
    expect(ends).toEqual([1, 1, 1, 0]);
    // Four characters are four tokens; the fake answer has two.
    expect([of('prompt_tokens_total'), of('generation_tokens_total')]).toEqual([8, 2]);
    expect(of('time_to_first_token_seconds', '_count')).toBe(1);
    expect(of('inter_token_latency_seconds', '_count')).toBe(1);
    expect(of('e2e_request_latency_seconds', '_count')).toBe(2);
    expect(of('request_prompt_tokens', '_sum')).toBe(8);
    // 4 is above the bound 2 and within 5.
    expect(of('request_prompt_tokens', '_bucket', { le: '2' })).toBe(0);
    expect(of('request_prompt_tokens', '_bucket', { le: '5' })).toBe(2);
    expect(of('request_generation_tokens', '_sum')).toBe(2);
  });

  test('shows what runs and waits, and what was reused', async () => {
    host.parallel = 2;
    server.serve(host);
    host.used = 0.25;
    const doors: (() => void)[] = [];
    host.base.generateWith = async (_, { onReuse }) => {
      onReuse?.(3);
      await new Promise<void>((resolve) => doors.push(resolve));
      return { finish: 'stop', completionTokens: 0 };
    };
    const asked = [1, 2, 3].map(async () => (await chat({ ragtui: { strict: false } })).text());
    expect(await waitUntil(() => doors.length === 2 && server.load === 3, 5000, 1)).toBe(true);
    const families = await scrape();
    expect(seriesValue(families, 'vllm:num_requests_running')).toBe(2);
    expect(seriesValue(families, 'vllm:num_requests_waiting')).toBe(1);
    expect(seriesValue(families, 'vllm:kv_cache_usage_perc')).toBe(0.25);
    expect(seriesValue(families, 'vllm:prefix_cache_queries_total')).toBe(8);
    expect(seriesValue(families, 'vllm:prefix_cache_hits_total')).toBe(6);
    for (let out = 0; out < 3; out += 1) {
      await waitUntil(() => doors.length > out, 5000, 1);
      doors[out]?.();
    }
    await Promise.all(asked);
    expect(await value('vllm:num_requests_running')).toBe(0);
  });

  test('counts one whose client goes away as aborted', async () => {
    host.base.generateWith = (_, { signal, onToken }) =>
      new Promise((_resolve, reject) => {
        onToken?.();
        signal.addEventListener('abort', () => reject(signal.reason));
      });
    const controller = new AbortController();
    const response = await chat({ stream: true }, controller.signal);
    controller.abort();
    await expect(response.text()).rejects.toThrow();
    expect(await waitUntil(() => server.load === 0, 5000, 1)).toBe(true);
    expect(await value('vllm:request_success_total', '', { finished_reason: 'abort' })).toBe(1);
    expect(await value('vllm:e2e_request_latency_seconds', '_count')).toBe(0);
  });

  test('names the adapters that are loaded', async () => {
    expect((await scrape()).has('vllm:lora_requests_info')).toBe(false);
    await host.load('sft', '/a');
    await host.load('dpo', '/b');
    const [info] = (await scrape()).get('vllm:lora_requests_info')?.series ?? [];
    expect(info?.labels).toMatchObject({ max_lora: '2', running_lora_adapters: 'sft,dpo' });
  });
});

test('looking at a server is no use of it: it still leaves when nobody asks', async () => {
  await (await chat()).text();
  const before = server.idleMs;
  await scrape();
  await fetch(new URL('/health', url));
  await fetch(`${url}/models`, { headers });
  expect(server.idleMs).toBeGreaterThan(before);
});

test('what is written is the format: labels are escaped, buckets add up', () => {
  const histogram = new Histogram([0.5, 1]);
  for (const seconds of [0.5, 0.6, 3]) histogram.observe(seconds);
  const text = new Exposition({ model_name: 'a "b"\\\nc' }).histogram('x:seconds', 'Two\nlines.', histogram).toString();
  const families = readExposition(text);
  expect(families.get('x:seconds')?.help).toBe('Two\\nlines.');
  const buckets = ['0.5', '1', '+Inf'].map((le) => seriesValue(families, 'x:seconds', '_bucket', { le }));
  expect(buckets).toEqual([1, 2, 3]);
  expect(seriesValue(families, 'x:seconds', '_sum')).toBeCloseTo(4.1, 12);
  expect(families.get('x:seconds')?.series[0]?.labels['model_name']).toBe('a "b"\\\nc');
});
