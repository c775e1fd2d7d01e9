import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Hit, SearchResult } from '../../../src/kb/types.ts';
import { RagtuiError } from '../../../src/platform/errors.ts';
import { type WorkspacePaths, workspacePaths } from '../../../src/platform/paths.ts';
import { type AnswerOptions, type AnswerRequest, answer } from '../../../src/rag/pipeline.ts';
import { type AnswerEvent, answerSchema, pipelineSchema } from '../../../src/rag/types.ts';
import type { ResolvedLlm } from '../../../src/serving/resolve.ts';
import { llmResolver } from '../../../src/serving/resolve.ts';
import { fakeKb } from '../../store/fakes.ts';
import { delta, type FakeOpenAi, fakeOpenAi, says, stallsAfter, status } from '../../support/fake-openai.ts';

let folder: string;
let paths: WorkspacePaths;
let server: FakeOpenAi;
beforeEach(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'ragtui-pipeline-'));
  paths = workspacePaths(path.join(folder, 'home'), { RAGTUI_CONFIG_HOME: folder });
  server = await fakeOpenAi();
});
afterEach(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

const hit = (text: string, index: number): Hit => ({
  rank: index + 1,
  text,
  document: 'a.md',
  title: '',
  start: 0,
  end: text.length,
  score: 0.9,
  scoreKind: 'cosine',
  documentId: 1,
  chunkId: index,
  arms: {},
});
const found = (texts: readonly string[], relevant = true): SearchResult => ({
  hits: texts.map(hit),
  embedder: 'bge',
  group: 'line',
  mode: 'vector',
  search: 'exact',
  timing: { embeddingMs: 3, retrievalMs: 1, rerankMs: 0 },
  relevant,
});

interface Setup {
  readonly search?: SearchResult;
  readonly llm?: Partial<ResolvedLlm>;
  readonly request?: Partial<AnswerRequest>;
  readonly pipeline?: object;
  readonly options?: AnswerOptions;
}

function start({ search = found(['Alpha. ', 'Beta.']), llm = {}, request = {}, pipeline = {}, options = {} }: Setup) {
  const kb = fakeKb({ search: () => search });
  const resolved: ResolvedLlm = { url: server.url, model: 'm', contextTokens: null, embedded: false, ...llm };
  const events = answer(
    { kb: kb.client, paths, resolveLlm: async () => resolved },
    {
      question: 'Who?',
      pipeline: pipelineSchema.parse({ kb: 'notes', llm: 'm', prompt: 'tutorial', ...pipeline }),
      ...request,
    },
    options,
  );
  return { events, kb };
}
async function run(setup: Setup = {}): Promise<AnswerEvent[]> {
  const seen: AnswerEvent[] = [];
  for await (const event of start(setup).events) seen.push(event);
  return seen;
}
async function done(setup: Setup = {}) {
  const last = (await run(setup)).at(-1);
  if (last?.type !== 'done') throw new Error('the last event is not done');
  return answerSchema.parse(last.answer);
}

test('tells what it retrieved, what it sends and what comes, and ends with the whole answer', async () => {
  server.script(status(404, 'no /tokenize'), says(['<think>so', '</think>Al', 'pha']));
  const events = await run();
  expect(events.map(({ type }) => type)).toEqual(['retrieved', 'prompt', 'delta', 'delta', 'delta', 'done']);
  expect(events[1]).toMatchObject({
    promptTokens: null,
    cut: '',
    messages: [{ content: expect.stringMatching(/\nAlpha\. Beta\.\n\n\n$/) }, { content: 'Who?' }],
  });
  expect(events.at(-1)).toMatchObject({
    answer: {
      question: 'Who?',
      answer: 'Alpha',
      reasoning: 'so',
      finish: 'stop',
      relevant: true,
      hits: [{ rank: 1 }, { rank: 2 }],
      usage: { promptTokens: 11, completionTokens: 3 },
      timing: { embeddingMs: 3, retrievalMs: 1, firstTokenMs: expect.any(Number), totalMs: expect.any(Number) },
      models: { llm: 'm', embedder: 'bge' },
    },
  });
});

test('asks the knowledge base for just what the pipeline says', async () => {
  server.script(says(['x']));
  const { events, kb } = start({
    pipeline: { topK: 7, mode: 'bm25', group: 'line', instruction: false, filter: { path: '*.md' } },
  });
  for await (const event of events) expect(event.type).not.toBe('');
  expect(kb.calls).toEqual([
    {
      method: 'search',
      params: {
        kb: 'notes',
        query: 'Who?',
        mode: 'bm25',
        topK: 7,
        group: 'line',
        instruction: false,
        filter: { path: '*.md' },
      },
    },
  ]);
});

describe('without', () => {
  test('a single hit the LLM is not asked', async () => {
    expect(await done({ search: found([], false) })).toMatchObject({
      answer: '',
      hits: [],
      relevant: false,
      messages: [],
      finish: 'stop',
    });
    expect(server.requests).toHaveLength(0);
  });

  test('an LLM it only retrieves', async () => {
    expect((await run({ pipeline: { llm: 'none' } })).map(({ type }) => type)).toEqual(['retrieved', 'done']);
  });

  test('relevant hits it asks all the same, and says so', async () => {
    server.script(status(404, ''), says(['I do not know.']));
    expect(await done({ search: found(['Alpha'], false) })).toMatchObject({
      relevant: false,
      answer: 'I do not know.',
    });
  });

  test('usage from the server the counts are estimates', async () => {
    server.script(status(404, ''), (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.end(delta({ content: 'a' }) + delta({ content: 'b' }, 'stop'));
    });
    expect((await done()).usage).toEqual({ promptTokens: expect.any(Number), completionTokens: 2, estimated: true });
  });
});

describe('strict', () => {
  const sent = () => server.requests.at(-1)?.body;
  const thread = [
    { role: 'user' as const, content: 'Before?' },
    { role: 'assistant' as const, content: 'Then.' },
  ];

  test('is what our own engine is told, unless a thread goes on', async () => {
    server.script(says(['x']));
    expect((await done({ llm: { embedded: true } })).strict).toBe(true);
    expect(sent()).toMatchObject({ ragtui: { strict: true } });
    expect((await done({ llm: { embedded: true }, request: { thread } })).strict).toBe(false);
    expect(sent()).toMatchObject({
      ragtui: { strict: false },
      messages: [{ role: 'system' }, ...thread, { content: 'Who?' }],
    });
    expect((await done({ llm: { embedded: true }, request: { thread, strict: true } })).strict).toBe(true);
  });

  test('is nothing that other servers hear of', async () => {
    server.script(says(['x']));
    expect((await done()).strict).toBeUndefined();
    expect(sent()).not.toHaveProperty('ragtui');
  });
});

describe('a context that is too small', () => {
  test('gets fewer passages, counted by the server', async () => {
    const counts = [500, 150, 80, 80];
    const tokenize = counts.map((count) => status(200, { count, max_model_len: 356 }));
    server.script(status(200, { count: 500, max_model_len: 356 }), ...tokenize, says(['x']));
    const answered = await done({ search: found(['a', 'b', 'c']) });
    expect(answered.cut).toMatch(/passages left out to fit 100 tokens$/);
    expect(answered.hits).toHaveLength(3);
  });

  test('for the answer alone is refused', async () => {
    const asked = done({ llm: { contextTokens: 256 } });
    await expect(asked).rejects.toMatchObject({ code: 'invalid', hint: 'Lower the length of the answer.' });
  });
});

describe('cancelling', () => {
  test('keeps what had come', async () => {
    server.script(status(404, ''), stallsAfter(delta({ content: 'half' })));
    const controller = new AbortController();
    const events: AnswerEvent[] = [];
    for await (const event of start({ options: { signal: controller.signal } }).events) {
      events.push(event);
      if (event.type === 'delta') controller.abort();
    }
    expect(events.at(-1)).toMatchObject({ type: 'done', answer: { answer: 'half', finish: 'cancelled' } });
  });

  test('before anything ends as a cancelled answer', async () => {
    expect(await done({ options: { signal: AbortSignal.abort() } })).toMatchObject({ answer: '', finish: 'cancelled' });
  });

  test('by walking away from the events ends the request', async () => {
    server.script(status(404, ''), stallsAfter(delta({ content: 'half' })));
    for await (const event of start({}).events) if (event.type === 'delta') break;
    await server.requests.at(-1)?.closed;
  });
});

describe('a fault', () => {
  test('of the LLM comes after what was retrieved', async () => {
    server.script(status(404, ''), status(401, ''));
    const seen: string[] = [];
    const reading = (async () => {
      for await (const event of start({}).events) seen.push(event.type);
    })();
    await expect(reading).rejects.toMatchObject({ code: 'permission' });
    expect(seen).toEqual(['retrieved', 'prompt']);
  });

  test('of retrieval or of a prompt that is not there is told as it is', async () => {
    await expect(done({ pipeline: { prompt: 'nope' } })).rejects.toMatchObject({ code: 'not-found' });
    const kb = fakeKb({
      search: () => {
        throw new RagtuiError('busy', 'Wait.');
      },
    });
    const events = answer(
      { kb: kb.client, paths, resolveLlm: () => Promise.reject(new RagtuiError('unavailable', 'No LLM.')) },
      { question: 'Who?', pipeline: pipelineSchema.parse({ kb: 'notes', llm: 'm' }) },
    );
    await expect(events.next()).rejects.toMatchObject({ code: 'busy' });
  });
});

describe('resolving an LLM', () => {
  const add = (keyEnv?: string) => {
    mkdirSync(paths.home, { recursive: true });
    const endpoint = { name: 'box', kind: 'chat', url: server.url, model: 'big', ...(keyEnv ? { keyEnv } : {}) };
    writeFileSync(
      path.join(paths.home, 'models.json'),
      JSON.stringify({ version: 1, models: [], endpoints: [endpoint] }),
    );
  };

  test('takes an endpoint of that name with its key from the environment', async () => {
    add('BOX_KEY');
    expect(await llmResolver(paths, { BOX_KEY: 'k' })('box', {})).toMatchObject({
      url: server.url,
      key: 'k',
      model: 'big',
      contextTokens: null,
      embedded: false,
    });
    await expect(llmResolver(paths, {})('box', {})).rejects.toMatchObject({
      code: 'permission',
      message: expect.stringContaining('BOX_KEY'),
    });
  });

  test('says what to do about a model that is not pulled or not known', async () => {
    await expect(llmResolver(paths, {})('smollm2-135m-instruct', {})).rejects.toMatchObject({
      code: 'unavailable',
      hint: expect.stringContaining('models pull'),
    });
    await expect(llmResolver(paths, {})('nonsense', {})).rejects.toMatchObject({ code: 'not-found' });
  });
});

describe('repetition', () => {
  const penalty = async (setup: Setup) => {
    server.script(status(404, 'no /tokenize'), says(['x']));
    const { pipeline } = await done(setup);
    const body = server.requests.filter(({ path: at }) => at.endsWith('/chat/completions')).at(-1)?.body;
    return [pipeline.sampling.repetitionPenalty, body] as const;
  };
  const ours = { prompt: 'default' };

  test('is discouraged in a conversation with the embedded model, and the answer says so', async () => {
    const [kept, body] = await penalty({ llm: { embedded: true }, pipeline: ours });
    expect(kept).toBe(1.1);
    expect(body).toMatchObject({ repetition_penalty: 1.1 });
  });

  test.each([
    ['when strict is asked for', { llm: { embedded: true }, pipeline: ours, request: { strict: true } }],
    ['with another prompt', { llm: { embedded: true }, pipeline: { prompt: 'tutorial' } }],
    ['on other servers', { llm: { embedded: false }, pipeline: ours }],
  ])('is left alone %s', async (_, setup) => {
    const [kept, body] = await penalty(setup);
    expect(kept).toBeUndefined();
    expect(body).not.toHaveProperty('repetition_penalty');
  });

  test('is as the pipeline says, on any server', async () => {
    const sampling = { temperature: 0, seed: 1, maxTokens: 9, repetitionPenalty: 1.3 };
    const [, body] = await penalty({ llm: { embedded: false }, pipeline: { prompt: 'default', sampling } });
    expect(body).toMatchObject({ repetition_penalty: 1.3 });
  });
});
