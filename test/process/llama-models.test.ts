import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { stopJob, waitForJob } from '../../src/jobs/control.ts';
import { listJobs, readJob } from '../../src/jobs/registry.ts';
import { isOver } from '../../src/jobs/types.ts';
import { type ChatOptions, streamChat } from '../../src/models/endpoint.ts';
import { addAdapter, addLocalModel } from '../../src/models/own.ts';
import { fileOf } from '../../src/models/store.ts';
import { ensureWorkspace, type WorkspacePaths, workspacePaths } from '../../src/platform/paths.ts';
import { waitUntil } from '../../src/platform/processes.ts';
import type { Message } from '../../src/rag/types.ts';
import { ensureLlmServer, type ServedModel, unloadAdapter } from '../../src/serving/llama.ts';
import { listServers, servedNames } from '../../src/serving/servers.ts';
import { ensureBuilt, ensureModels, modelsCache } from '../support/models.ts';
import { readExposition, seriesValue } from '../support/prometheus.ts';
import { writeRandomAdapter } from '../support/random-adapter.ts';

const MODEL = 'smollm2-135m-instruct';
/** Other names for the same bytes: other models as far as servers are concerned. */
const SECOND = 'second';
const THIRD = 'third';
/** SmolLM2-135M. */
const SHAPE = { hidden: 576, heads: 9, kvHeads: 3, ffn: 1536, layers: 30 };
const CONTEXT = 1024;

let home: string;
let paths: WorkspacePaths;

beforeAll(async () => {
  ensureBuilt();
  const [model] = await ensureModels([MODEL]);
  if (!model) throw new Error('no model');
  home = mkdtempSync(path.join(os.tmpdir(), 'ragtui-llama-models-'));
  const config = path.join(home, 'config');
  mkdirSync(config);
  paths = workspacePaths(home, {
    ...process.env,
    RAGTUI_MODELS_CACHE: modelsCache(),
    RAGTUI_CONFIG_HOME: config,
  });
  ensureWorkspace(paths);
  for (const name of [SECOND, THIRD]) {
    const file = path.join(home, `${name}.gguf`);
    symlinkSync(fileOf(model, 'model.gguf'), file);
    await addLocalModel(paths, { name, path: file, kind: 'chat', contextTokens: CONTEXT });
  }
  const about = { base: MODEL, basePath: '', rank: 8, alpha: 16, template: 'smollm2', templateSystem: '', lineage: {} };
  for (const name of ['tuned', 'untrained']) {
    const folder = path.join(home, 'my tunes', name);
    const zero = name === 'untrained';
    writeRandomAdapter(folder, { seed: 7, rank: 8, alpha: 16, dtype: 'F32', model: SHAPE, zero });
    await addAdapter(paths, { ...about, name, path: folder });
  }
});
afterAll(async () => {
  for (const { spec, state } of listJobs(paths)) if (!isOver(state)) await stopJob(paths, spec.id);
  rmSync(home, { recursive: true, force: true });
});

const start = (name = MODEL, beside: readonly string[] = []) =>
  ensureLlmServer(paths, name, { contextTokens: CONTEXT, beside });
const user = (content: string): Message[] => [
  { role: 'system', content: 'You are a helpful assistant.' },
  { role: 'user', content },
];
const FRANCE = user('Name three cities of France and say one sentence about each.');
const QUESTIONS = [
  'Explain how tides work.',
  'Write a short story about a dog and a lighthouse.',
  'What are the main differences between cats and dogs?',
  'How is bread made?',
].map(user);

interface Asked {
  readonly strict?: boolean;
  readonly maxTokens?: number;
}
const ask = (
  server: ServedModel,
  messages: Message[],
  { strict = true, maxTokens = 48 }: Asked = {},
  options: ChatOptions = {},
) => streamChat(server, { messages, sampling: { temperature: 0, seed: 1, maxTokens }, strict }, options);
const headersOf = ({ key }: ServedModel) => ({ authorization: `Bearer ${key}`, 'content-type': 'application/json' });
const post = (server: ServedModel, body: object) =>
  fetch(`${server.url}/chat/completions`, {
    method: 'POST',
    headers: headersOf(server),
    body: JSON.stringify({ model: server.model, ...body }),
  });
async function metrics(server: ServedModel) {
  const response = await fetch(new URL('/metrics', server.url), { headers: headersOf(server) });
  const families = readExposition(await response.text());
  return (name: string, part = '', labels = {}) => seriesValue(families, name, part, labels) ?? Number.NaN;
}

describe('one server', () => {
  test('answers chats in parallel, and a strict answer beside them is the same to the letter', async () => {
    const server = await start();
    const alone = await ask(server, FRANCE);
    const was = await metrics(server);
    let running = 0;
    const chats = QUESTIONS.map((messages) =>
      ask(
        server,
        messages,
        { strict: false },
        {
          onDelta: () => {
            running += 1;
          },
        },
      ),
    );
    // All four have begun before any has ended.
    expect(await waitUntil(() => running > 4, 30_000, 5)).toBe(true);
    expect((await metrics(server))('vllm:num_requests_running')).toBe(4);
    const strict = ask(server, FRANCE);
    const texts = (await Promise.all(chats)).map(({ text }) => text);
    expect(new Set(texts).size).toBe(4);
    for (const text of texts) expect(text.length).toBeGreaterThan(40);
    expect((await strict).text).toBe(alone.text);
    const is = await metrics(server);
    const grown = (name: string, part = '') => is(name, part) - was(name, part);
    const written = [...(await Promise.all(chats)), await strict].map(({ usage }) => usage?.completionTokens ?? 0);
    expect(grown('vllm:generation_tokens_total')).toBe(written.reduce((a, b) => a + b, 0));
    expect(grown('vllm:time_to_first_token_seconds', '_count')).toBe(5);
    expect(is('vllm:num_requests_running')).toBe(0);
  });

  test('keeps what each of several conversations read, and counts it', async () => {
    const server = await start();
    const threads = QUESTIONS.slice(0, 2).map((first, at) => [
      ...first,
      { role: 'assistant' as const, content: `${'It is so. '.repeat(40 + at)}` },
      { role: 'user' as const, content: 'Go on.' },
    ]);
    const all = () => Promise.all(threads.map((thread) => ask(server, thread, { strict: false, maxTokens: 4 })));
    await all();
    const was = await metrics(server);
    const [one, two] = await all();
    const is = await metrics(server);
    const asked = (one?.usage?.promptTokens ?? 0) + (two?.usage?.promptTokens ?? 0);
    expect(is('vllm:prefix_cache_queries_total') - was('vllm:prefix_cache_queries_total')).toBe(asked);
    // All but the last token of each, which has to be read to know what follows.
    expect(is('vllm:prefix_cache_hits_total') - was('vllm:prefix_cache_hits_total')).toBe(asked - 2);
    // A strict request looks nothing up.
    await ask(server, threads[0] ?? [], { maxTokens: 4 });
    expect((await metrics(server))('vllm:prefix_cache_queries_total')).toBe(is('vllm:prefix_cache_queries_total'));
  });

  test('stops writing when the client goes away, and the place is free', async () => {
    const server = await start();
    for (const strict of [true, false]) {
      const was = await metrics(server);
      const controller = new AbortController();
      let pieces = 0;
      const onDelta = () => {
        pieces += 1;
        if (pieces === 5) controller.abort();
      };
      await ask(server, FRANCE, { strict, maxTokens: 800 }, { signal: controller.signal, onDelta });
      const running = async () => (await metrics(server))('vllm:num_requests_running');
      let left = 1;
      while (left > 0) left = await running();
      const is = await metrics(server);
      const written = is('vllm:generation_tokens_total') - was('vllm:generation_tokens_total');
      // The five that were read, and what was on its way when the connection ended.
      expect(written).toBeLessThan(20);
      const aborts = { finished_reason: 'abort' };
      const name = 'vllm:request_success_total';
      expect(is(name, '', aborts) - was(name, '', aborts)).toBe(1);
      expect((await ask(server, FRANCE, { strict, maxTokens: 4 })).usage?.completionTokens).toBe(4);
    }
  });

  test('takes an adapter while it runs: the same process, the same weights, another answer', async () => {
    const server = await start();
    const base = await ask(server, FRANCE);
    const [tuned, untrained] = await Promise.all([start('tuned', ['untrained']), start('untrained')]);
    expect([tuned.jobId, untrained.jobId]).toEqual([server.jobId, server.jobId]);
    const known = listServers(paths).find(({ job }) => job.spec.id === server.jobId);
    expect(known && servedNames(known.work).sort()).toEqual([MODEL, 'tuned', 'untrained']);
    expect((await ask(tuned, FRANCE)).text).not.toBe(base.text);
    expect((await ask(untrained, FRANCE)).text).toBe(base.text);
    // In the context for several too, where each has its own turn.
    const chats = [server, tuned, server, tuned].map((one) => ask(one, FRANCE, { strict: false, maxTokens: 12 }));
    const [first, second, third, fourth] = await Promise.all(chats);
    expect([third?.text, fourth?.text]).toEqual([first?.text, second?.text]);
    expect(second?.text).not.toBe(first?.text);
    await unloadAdapter(server, 'untrained');
    await expect(ask(untrained, FRANCE)).rejects.toMatchObject({ code: 'not-found' });
    expect((await ask(tuned, FRANCE, { maxTokens: 4 })).usage?.completionTokens).toBe(4);
  });

  test('writes JSON that keeps its schema, at any temperature', async () => {
    const server = await start();
    const schema = {
      type: 'object',
      properties: {
        country: { type: 'string', maxLength: 20 },
        score: { type: 'integer' },
        verdict: { enum: ['yes', 'no'] },
        tags: { type: 'array', items: { type: 'string', minLength: 1, maxLength: 8 }, minItems: 1, maxItems: 2 },
        nested: { type: 'object', properties: { sure: { type: 'boolean' }, note: { type: ['null', 'number'] } } },
      },
    };
    const expected = z.strictObject({
      country: z.string().max(20),
      score: z.number().int(),
      verdict: z.enum(['yes', 'no']),
      tags: z.array(z.string().min(1).max(8)).min(1).max(2),
      nested: z.strictObject({ sure: z.boolean(), note: z.number().nullable() }),
    });
    const choiceSchema = z.object({
      choices: z.array(z.object({ message: z.object({ content: z.string() }), finish_reason: z.string() })),
    });
    const response_format = { type: 'json_schema', json_schema: { name: 'judge', schema } };
    for (const [seed, temperature] of [0, 1, 1, 2].entries()) {
      const response = await post(server, { messages: FRANCE, max_tokens: 300, temperature, seed, response_format });
      const [choice] = choiceSchema.parse(await response.json()).choices;
      expect(choice?.finish_reason).toBe('stop');
      expect(expected.safeParse(JSON.parse(choice?.message.content ?? '')).error).toBeUndefined();
    }
  });

  test('tells how likely its words were, without changing them', async () => {
    const server = await start();
    const plain = await ask(server, FRANCE, { maxTokens: 12 });
    const response = await post(server, {
      messages: FRANCE,
      temperature: 0,
      max_tokens: 12,
      logprobs: true,
      top_logprobs: 5,
    });
    const item = z.object({ token: z.string(), logprob: z.number() });
    const logprobs = z.object({ content: z.array(item.extend({ top_logprobs: z.array(item) })) });
    const schema = z.object({ choices: z.array(z.object({ logprobs })) });
    const content = schema.parse(await response.json()).choices[0]?.logprobs.content ?? [];
    expect(content.map(({ token }) => token).join('')).toBe(plain.text);
    for (const { token, logprob, top_logprobs } of content) {
      // At temperature 0 the likeliest is taken.
      expect(top_logprobs[0]).toEqual({ token, logprob });
      const total = top_logprobs.reduce((sum, one) => sum + Math.exp(one.logprob), 0);
      expect(total).toBeGreaterThan(Math.exp(logprob));
      expect(total).toBeLessThanOrEqual(1 + 1e-6);
    }
  });

  test('that is asked to stop ends what it has begun', async () => {
    const server = await start();
    let stopping: Promise<unknown> | undefined;
    const answer = await ask(
      server,
      FRANCE,
      { maxTokens: 60 },
      {
        onDelta: () => {
          stopping ??= stopJob(paths, server.jobId);
        },
      },
    );
    expect(answer.finish).not.toBe('cancelled');
    expect(answer.usage?.completionTokens).toBe(answer.pieces);
    await stopping;
    expect(readJob(paths, server.jobId)).toMatchObject({ state: 'stopped', endpoint: null });
  });
});

describe('several models', () => {
  const limit = (gib: number) => writeFileSync(paths.configFile, `[serving]\nmemory_gib = ${gib}\n`);
  const serving = () => listServers(paths).map(({ work }) => work.model);

  test('are served at once, each by a process of its own, with less in parallel where memory is short', async () => {
    // One of these takes some 560 MiB with four chats at once, 445 with one.
    limit(1.02);
    const [one, two] = await Promise.all([start(MODEL, [SECOND]), start(SECOND, [MODEL])]);
    expect(one.jobId).not.toBe(two.jobId);
    const parallel = listServers(paths).map(({ work }) => work.parallel);
    expect(parallel.sort()).toEqual([1, 4]);
    const [first, second] = await Promise.all([ask(one, FRANCE), ask(two, FRANCE)]);
    // The same bytes under two names.
    expect(second.text).toBe(first.text);
    const pid = readJob(paths, two.jobId).pid;
    if (!pid) throw new Error('no process');
    process.kill(pid, 'SIGKILL');
    await waitForJob(paths, two.jobId);
    expect((await ask(one, FRANCE)).text).toBe(first.text);
  });

  test('one that is idle makes room for another; one that answers, or is asked beside it, does not', async () => {
    limit(0.65);
    const one = await start(MODEL);
    await expect(start(SECOND, [MODEL])).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(/second needs about \d+ MB.*smollm2.*asked together with it/),
    });
    let refused: unknown;
    let trying: Promise<void> | undefined;
    const answer = await ask(
      one,
      FRANCE,
      { maxTokens: 200 },
      {
        onDelta: () => {
          trying ??= start(SECOND).then(
            () => undefined,
            (error: unknown) => {
              refused = error;
            },
          );
        },
      },
    );
    await trying;
    expect(refused).toMatchObject({ code: 'unavailable', message: expect.stringContaining('it is answering') });
    expect(answer.finish).not.toBe('cancelled');
    expect(serving()).toEqual([MODEL]);
    const two = await start(SECOND);
    expect(serving()).toEqual([SECOND]);
    expect(await waitForJob(paths, one.jobId)).toMatchObject({ state: 'succeeded' });
    expect((await ask(two, FRANCE)).text).toBe(answer.text.slice(0, (await ask(two, FRANCE)).text.length));
  });

  test('what cannot fit at all is refused with what would', async () => {
    limit(0.43);
    const asked = ensureLlmServer(paths, THIRD, { contextTokens: CONTEXT });
    await expect(asked).rejects.toMatchObject({
      code: 'unavailable',
      hint: expect.stringMatching(/^A context of \d+ tokens would fit/),
    });
  });

  test('what somebody deployed by hand is not stopped for another', async () => {
    limit(0.65);
    for (const { job } of listServers(paths)) await stopJob(paths, job.spec.id);
    await ensureLlmServer(paths, THIRD, { contextTokens: CONTEXT, idleMinutes: 0 });
    await expect(start(MODEL)).rejects.toMatchObject({ message: expect.stringContaining('deployed by hand') });
    expect(serving()).toEqual([THIRD]);
  });
});
