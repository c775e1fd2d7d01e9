import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { RagtuiError } from '../../../src/platform/errors.ts';
import { waitUntil } from '../../../src/platform/processes.ts';
import { LlmHttpServer } from '../../../src/serving/llama/http.ts';
import { FakeHost } from '../../support/fake-llm.ts';

const KEY = 'the-key';
let server: LlmHttpServer;
let host: FakeHost;
let url: string;
beforeEach(async () => {
  host = new FakeHost();
  server = new LlmHttpServer({ model: 'tiny', key: KEY });
  url = await server.listen();
  server.serve(host);
});
afterEach(() => server.close());

const headers = { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' };
const post = (path: string, body: object = {}) =>
  fetch(new URL(path, url), { method: 'POST', headers, body: JSON.stringify(body) });
const hi = { model: 'tiny', messages: [{ role: 'user', content: 'Hi' }] };
const chat = (change: object = {}) => post('/v1/chat/completions', { ...hi, ...change });
const shared = { ragtui: { strict: false } };

/** Answers stay open until a test closes them. */
function holdAnswers(): { doors: (() => void)[]; openAll(): void } {
  const doors: (() => void)[] = [];
  let isOpen = false;
  host.base.generateWith = async (_, { onText }) => {
    await new Promise<void>((resolve) => (isOpen ? resolve() : doors.push(resolve)));
    onText('done');
    return { finish: 'stop', completionTokens: 1 };
  };
  const openAll = () => {
    isOpen = true;
    for (const open of doors) open();
  };
  return { doors, openAll };
}

describe('many requests', () => {
  test('that are not strict are answered together, as many as the host takes; a strict one alone', async () => {
    host.parallel = 3;
    server.serve(host);
    const { doors, openAll } = holdAnswers();
    const asked = [shared, shared, {}, shared].map(async (kind) => (await chat(kind)).status);
    expect(await waitUntil(() => server.load === 4, 5000, 1)).toBe(true);
    // The strict one is the third in line: the fourth does not overtake it.
    expect([doors.length, host.base.running]).toEqual([2, 2]);
    doors[0]?.();
    doors[1]?.();
    expect(await waitUntil(() => doors.length === 3, 5000, 1)).toBe(true);
    expect(host.base.running).toBe(1);
    expect(host.base.requests.at(-1)?.strict).toBe(true);
    openAll();
    expect(await Promise.all(asked)).toEqual([200, 200, 200, 200]);
    expect(host.base.mostAtOnce).toBe(2);
  });

  test('of a client with many in line do not keep another waiting behind all of them', async () => {
    const { doors, openAll } = holdAnswers();
    const ended: string[] = [];
    const ask = (name: string, change: object) =>
      chat(change).then(async (response) => {
        await response.text();
        ended.push(name);
      });
    const evaluation = [1, 2, 3, 4].map((at) => ask(`item ${at}`, { ragtui: { client: 'evaluation' } }));
    expect(await waitUntil(() => server.load === 4, 5000, 1)).toBe(true);
    const person = ask('person', { user: 'person' });
    expect(await waitUntil(() => server.load === 5, 5000, 1)).toBe(true);
    for (let open = 0; open < 3; open += 1) {
      expect(await waitUntil(() => doors.length > open, 5000, 1)).toBe(true);
      doors[open]?.();
      expect(await waitUntil(() => ended.length > open, 5000, 1)).toBe(true);
    }
    // One was running, one was next; then it was the person's turn.
    expect(ended.indexOf('person')).toBe(2);
    openAll();
    await Promise.all([...evaluation, person]);
  });

  test('beyond 64 in line are sent away with a time to come back', async () => {
    const { openAll } = holdAnswers();
    const asked = Array.from({ length: 65 }, async () => (await chat()).status);
    expect(await waitUntil(() => server.load === 65, 5000, 1)).toBe(true);
    const refused = await chat();
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect(await refused.json()).toMatchObject({ error: { code: 'busy' } });
    openAll();
    expect(new Set(await Promise.all(asked))).toEqual(new Set([200]));
  });
});

describe('adapters', () => {
  const load = (change: object = {}) =>
    post('/v1/load_lora_adapter', { lora_name: 'sft', lora_path: '/a/tune', ...change });
  const models = async () => {
    const schema = z.object({ data: z.array(z.object({ id: z.string(), parent: z.string().nullable() })) });
    return schema.parse(await (await fetch(`${url}/models`, { headers })).json()).data;
  };

  test('come and go while the server runs, as on vLLM', async () => {
    const loaded = await load();
    expect([loaded.status, await loaded.text()]).toEqual([200, "Success: LoRA adapter 'sft' added successfully."]);
    expect(await models()).toEqual([
      { id: 'tiny', parent: null },
      { id: 'sft', parent: 'tiny' },
    ]);
    expect((await chat({ model: 'sft' })).status).toBe(200);
    expect((await load()).status).toBe(400);
    expect((await load({ load_inplace: true, lora_path: '/b/tune' })).status).toBe(200);
    expect(host.loaded).toEqual(['/a/tune', '/b/tune']);
    const gone = await post('/v1/unload_lora_adapter', { lora_name: 'sft' });
    expect([gone.status, await gone.text()]).toEqual([200, "Success: LoRA adapter 'sft' removed successfully."]);
    expect((await chat({ model: 'sft' })).status).toBe(404);
    expect((await post('/v1/unload_lora_adapter', { lora_name: 'sft' })).status).toBe(404);
  });

  test('with a name that is taken or is no name, or that cannot be loaded, are refused', async () => {
    expect((await load({ lora_name: 'tiny' })).status).toBe(400);
    expect((await load({ lora_name: '../x' })).status).toBe(400);
    host.load = async () => {
      throw new RagtuiError('unsupported', 'The adapter uses DoRA.');
    };
    const refused = await load();
    expect(refused.status).toBe(400);
    expect(await refused.json()).toMatchObject({ error: { message: 'The adapter uses DoRA.' } });
    expect(await models()).toHaveLength(1);
  });
});

describe('leaving', () => {
  test('is refused while something is answered; once agreed, nothing new is taken', async () => {
    const { openAll } = holdAnswers();
    const asked = chat();
    expect(await waitUntil(() => server.load === 1, 5000, 1)).toBe(true);
    expect((await post('/ragtui/retire')).status).toBe(409);
    expect(server.retired.aborted).toBe(false);
    openAll();
    expect((await asked).status).toBe(200);
    expect((await post('/ragtui/retire')).status).toBe(200);
    expect(await waitUntil(() => server.retired.aborted, 5000, 1)).toBe(true);
    expect((await chat()).status).toBe(503);
    expect((await fetch(new URL('/health', url))).status).toBe(503);
  });

  test('lets what runs and waits end, and refuses what comes', async () => {
    const { doors, openAll } = holdAnswers();
    const asked = [chat(), chat()];
    expect(await waitUntil(() => server.load === 2 && doors.length === 1, 5000, 1)).toBe(true);
    const drained = server.drain(60_000);
    expect((await chat()).status).toBe(503);
    openAll();
    await drained;
    await server.close();
    const answers = await Promise.all(asked.map(async (one) => (await one).json()));
    expect(answers).toMatchObject([1, 2].map(() => ({ choices: [{ message: { content: 'done' } }] })));
  });

  test('does not wait longer than its limit', async () => {
    const { openAll } = holdAnswers();
    const asked = chat().catch(() => 'cut');
    expect(await waitUntil(() => server.load === 1, 5000, 1)).toBe(true);
    await server.drain(1);
    expect(server.load).toBe(1);
    openAll();
    await asked;
  });
});

describe('what an answer must be', () => {
  const schema = { type: 'object', properties: { score: { type: 'integer' } } };
  const format = (json_schema: object) => ({ response_format: { type: 'json_schema', json_schema } });

  test('reaches the engine, and a schema it cannot keep is refused', async () => {
    await chat({ response_format: { type: 'json_object' } });
    await chat(format({ name: 'judge', schema }));
    await chat({ response_format: { type: 'text' } });
    expect(host.base.requests.map(({ json }) => json)).toEqual(['any', schema, undefined]);
    const refused = await chat(format({ schema: { ...schema, properties: { a: { type: 'string', pattern: 'x' } } } }));
    expect(refused.status).toBe(400);
  });

  test('with probabilities is written as OpenAI writes them, whole and in pieces', async () => {
    host.base.generateWith = async ({ logprobs }, { onText, onLogprob }) => {
      const top = [
        { token: 'Hé', logprob: -0.5 },
        { token: '\ufffd', logprob: -1 },
      ];
      onLogprob?.({ token: 'Hé', logprob: -0.5, top: top.slice(0, logprobs) });
      onText('Hé');
      return { finish: 'stop', completionTokens: 1 };
    };
    const bytes = [72, 195, 169];
    const content = [
      {
        token: 'Hé',
        logprob: -0.5,
        bytes,
        top_logprobs: [
          { token: 'Hé', logprob: -0.5, bytes },
          { token: '\ufffd', logprob: -1, bytes: null },
        ],
      },
    ];
    const whole = await chat({ logprobs: true, top_logprobs: 2 });
    expect(await whole.json()).toMatchObject({ choices: [{ logprobs: { content } }] });
    const stream = await (await chat({ logprobs: true, top_logprobs: 2, stream: true })).text();
    const piece = stream.split('\n\n').find((line) => line.includes('"content":"Hé"'));
    expect(JSON.parse(piece?.slice(6) ?? '')).toMatchObject({ choices: [{ logprobs: { content } }] });
    expect(await (await chat()).json()).toMatchObject({ choices: [{ logprobs: null }] });
    expect((await chat({ logprobs: true, response_format: { type: 'json_object' } })).status).toBe(400);
  });
});
