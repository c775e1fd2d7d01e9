import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type AskDependencies, askColumn, type ReadyColumn } from '../../../src/evaluation/ask-column.ts';
import { planItems } from '../../../src/evaluation/plan.ts';
import { type Method, methods, type Params, type Result } from '../../../src/kb/protocol.ts';
import { parseColumn } from '../../../src/rag/columns.ts';
import { type FakeOpenAi, fakeOpenAi, says, stallsAfter, status } from '../../support/fake-openai.ts';
import { result } from './results.ts';

let server: FakeOpenAi;
beforeEach(async () => {
  server = await fakeOpenAi();
});
afterEach(() => server.close());

const [item] = planItems(
  [{ id: 'i', contextId: 'c', context: 'the gold passage', question: 'why?', answers: ['so'], metadata: {} }],
  { limit: null, seed: 1 },
);
if (!item) throw new Error('no item');

const hit = (text: string, rank: number) => ({
  rank,
  text,
  document: `d${rank}`,
  title: '',
  start: 0,
  end: text.length,
  score: 1 / rank,
  scoreKind: 'cosine' as const,
  documentId: rank,
  chunkId: rank,
  arms: {},
});

const schemas: { readonly [M in Method]: { readonly result: { parse(value: unknown): Result<M> } } } = methods;

/** A knowledge base that finds these texts and remembers what it was asked. */
function kbOf(texts: readonly string[]) {
  const asked: unknown[] = [];
  return {
    asked,
    call: async <M extends Method>(method: M, params: Params<M>): Promise<Result<M>> => {
      asked.push(params);
      const found = {
        hits: texts.map((text, i) => hit(text, i + 1)),
        embedder: 'e',
        group: 'line',
        mode: 'vector',
        search: 'exact',
        relevant: true,
        timing: { embeddingMs: 0, retrievalMs: 0, rerankMs: 0 },
      };
      return schemas[method].result.parse(found);
    },
  };
}

function deps(over: Partial<AskDependencies> = {}): AskDependencies {
  return {
    kb: kbOf(['one', 'two', 'three']),
    base: 'kb',
    depth: 3,
    gold: null,
    signal: new AbortController().signal,
    known: () => undefined,
    retryMs: [0, 0],
    ...over,
  };
}

function ready(text: string, over: Partial<NonNullable<ReadyColumn['llm']>> = {}): ReadyColumn {
  const column = parseColumn(text);
  const endpoint = { url: server.url, model: 'm', contextTokens: null, embedded: false };
  return {
    column,
    template: {
      name: 'plain',
      build: ({ passages, question }) => [{ role: 'user', content: `${passages.join('|')}?${question}` }],
    },
    llm:
      column.llm === 'none'
        ? null
        : { endpoint, digest: 'd', contextTokens: null, again: async () => endpoint, ...over },
  };
}

describe('what a column is given', () => {
  it.each([
    ['retrieved', 'one|two', 'onetwo'],
    ['gold', 'the gold passage', 'the gold passage'],
    ['none', '', null],
  ])('context=%s', async (context, prompt, read) => {
    server.script(says(['be', 'cause']));
    const { outcome } = await askColumn(deps(), ready(`name=c,llm=m,top-k=2,context=${context}`), item);
    expect(outcome).toMatchObject({ state: 'ok', output: 'because', context: read, finish: 'stop' });
    expect(server.requests[0]?.body).toMatchObject({
      messages: [{ content: `${prompt}?why?` }],
      temperature: 0,
      seed: 1314,
    });
    // Only our own server understands `strict`.
    expect(server.requests[0]?.body).not.toHaveProperty('ragtui');
  });

  it('retrieves as deep as the metrics look, and hands on its own top-k', async () => {
    const kb = kbOf(['one', 'two', 'three']);
    const { outcome } = await askColumn(
      deps({ kb, depth: 10 }),
      ready('name=c,mode=vector,top-k=1,embedder=e,instruction=off'),
      item,
    );
    expect(kb.asked).toEqual([
      { kb: 'kb', query: 'why?', mode: 'vector', topK: 10, instruction: false, embedder: 'e' },
    ]);
    expect(outcome).toMatchObject({ state: 'ok', output: null, topK: 1, context: null });
    expect(outcome.retrieved).toHaveLength(3);
    expect(server.requests).toHaveLength(0);
  });

  it('the server is told the form of the answer', async () => {
    server.script(says(['{}']));
    await askColumn(deps(), ready('name=c,llm=m,context=gold,format=json'), item);
    expect(server.requests[0]?.body).toMatchObject({ response_format: { type: 'json_object' } });
    await askColumn(deps(), ready('name=c,llm=m,context=gold'), item);
    expect(server.requests[1]?.body).not.toHaveProperty('response_format');
  });

  it('the embedded server is asked strictly', async () => {
    server.script(says(['x']));
    const endpoint = { url: server.url, model: 'm', contextTokens: null, embedded: true };
    await askColumn(deps(), ready('name=c,llm=m,context=gold', { endpoint }), item);
    expect(server.requests[0]?.body).toMatchObject({ ragtui: { strict: true } });
  });
});

describe('what an answer cost', () => {
  const prices = { input: 2, output: 10, currency: 'CNY' };
  const priced = () => ready('name=c,llm=m,context=gold', { endpoint: endpointOf(prices) });
  const endpointOf = (over: typeof prices | undefined) => ({
    url: server.url,
    model: 'm',
    contextTokens: null,
    embedded: false,
    ...(over ? { prices: over } : {}),
  });

  it('by the prices of its endpoint, also of an answer that was known before they were set', async () => {
    server.script(says(['x']));
    const { outcome } = await askColumn(deps(), priced(), item);
    const { promptTokens = 0, completionTokens = 0 } = outcome.usage ?? {};
    expect(promptTokens + completionTokens).toBeGreaterThan(0);
    expect(outcome.cost).toEqual({ amount: (promptTokens * 2 + completionTokens * 10) / 1e6, currency: 'CNY' });
    const known = result({ usage: { promptTokens: 1000, completionTokens: 100 } });
    const again = await askColumn(deps({ known: () => known }), priced(), item);
    expect(again.outcome.cost).toEqual({ amount: 0.003, currency: 'CNY' });
  });

  it('nothing is said without prices', async () => {
    server.script(says(['x']));
    const llm = { endpoint: endpointOf(undefined) };
    expect((await askColumn(deps(), ready('name=c,llm=m,context=gold', llm), item)).outcome.cost).toBeNull();
  });
});

describe('the key of an answer', () => {
  const keyOf = async (text: string, over: Partial<NonNullable<ReadyColumn['llm']>> = {}, texts = ['one', 'two']) => {
    server.script(says(['x']));
    return (await askColumn(deps({ kb: kbOf(texts) }), ready(text, over), item)).outcome.answerKey;
  };

  it('changes with what determines the answer, not with the name of the column', async () => {
    const base = await keyOf('name=a,llm=m,top-k=2');
    expect(await keyOf('name=b,llm=m,top-k=2')).toBe(base);
    const others = [
      await keyOf('name=a,llm=m,top-k=1'),
      await keyOf('name=a,llm=m,top-k=2,seed=2'),
      await keyOf('name=a,llm=m,top-k=2,temperature=0.1'),
      await keyOf('name=a,llm=m,top-k=2,format=json'),
      await keyOf('name=a,llm=m,top-k=2,max-tokens=9'),
      await keyOf('name=a,llm=m,context=gold,top-k=2'),
      await keyOf('name=a,llm=m,top-k=2', { digest: 'other weights' }),
      await keyOf('name=a,llm=m,top-k=2', { contextTokens: 512 }),
      await keyOf('name=a,llm=m,top-k=2', {}, ['one', 'other']),
    ];
    expect(new Set([base, ...others]).size).toBe(others.length + 1);
  });

  it('a known answer is taken and the server left alone', async () => {
    const known = result({ output: 'known', cut: 'something left out' });
    const asked = await askColumn(deps({ known: () => known }), ready('name=a,llm=m,context=gold'), item);
    expect(asked.reused).toBe(known);
    expect(asked.outcome).toMatchObject({ output: 'known', cut: 'something left out', context: 'the gold passage' });
    expect(server.requests).toHaveLength(0);
  });
});

describe('what goes wrong', () => {
  it('with this item is its state', async () => {
    server.script(status(400, { error: { message: 'too long' } }));
    const { outcome } = await askColumn(deps(), ready('name=a,llm=m,context=gold'), item);
    expect(outcome).toMatchObject({ state: 'error', output: null, error: { code: 'invalid' } });
  });

  it('for a moment is tried again', async () => {
    server.script(status(503, 'starting'), status(429, 'busy'), says(['at last']));
    const { outcome } = await askColumn(deps(), ready('name=a,llm=m,context=gold'), item);
    expect(outcome).toMatchObject({ state: 'ok', output: 'at last' });
  });

  it('for longer is an error, not an endless wait', async () => {
    server.script(status(503, 'starting'));
    const { outcome } = await askColumn(deps(), ready('name=a,llm=m,context=gold'), item);
    expect(outcome).toMatchObject({ state: 'error', error: { code: 'unavailable' } });
    expect(server.requests).toHaveLength(3);
  });

  it('is repeated by the client of an endpoint alone, and told', async () => {
    server.script(status(503, 'starting', { 'retry-after': '0' }));
    const waits: string[] = [];
    const endpoint = { url: server.url, model: 'm', contextTokens: null, embedded: false, retries: 1 };
    const { outcome } = await askColumn(
      deps({ onWait: (column, text) => waits.push(`${column} ${text}`) }),
      ready('name=a,llm=m,context=gold', { endpoint, again: () => Promise.reject(new Error('asked again')) }),
      item,
    );
    expect(outcome).toMatchObject({ state: 'error', error: { code: 'unavailable' } });
    expect(server.requests).toHaveLength(2);
    expect(waits).toEqual([expect.stringMatching(/^a waits .* s: .*503.* \(try 2 of 2\)$/)]);
  });

  it('waits for the host of a server of ours for as long as it cannot be reached, and says so', async () => {
    // As the port here answers that leads there (`src/hosts/forward.ts`).
    const away = status(
      503,
      { error: { type: 'unreachable', message: 'far cannot be reached: no route.', code: 503 } },
      { 'x-ragtui-forward': 'unreachable' },
    );
    server.script(...Array.from({ length: 6 }, () => away), says(['at last']));
    const told: string[] = [];
    const asked = askColumn(
      deps({ awayMs: 0, onWait: (_, text) => told.push(text) }),
      ready('name=a,llm=m,context=none'),
      item,
    );
    expect((await asked).outcome).toMatchObject({ state: 'ok', output: 'at last', error: null });
    expect(told).toEqual(Array(6).fill('waits until it is back: far cannot be reached: no route.'));
  });

  it('is stopped while it waits for a host', async () => {
    const stop = new AbortController();
    server.script(
      status(503, { error: { type: 'unreachable', message: 'gone.' } }, { 'x-ragtui-forward': 'unreachable' }),
    );
    const onWait = () => stop.abort();
    const asked = askColumn(deps({ signal: stop.signal, onWait }), ready('name=a,llm=m,context=none'), item);
    await expect(asked).rejects.toMatchObject({ code: 'cancelled' });
  });

  it('with every item ends the run', async () => {
    server.script(status(401, 'no key'));
    await expect(askColumn(deps(), ready('name=a,llm=m,context=gold'), item)).rejects.toMatchObject({
      code: 'permission',
    });
  });

  it('an empty answer, and one that was not asked for want of a hit, are empty', async () => {
    server.script(says([' \n']));
    expect((await askColumn(deps(), ready('name=a,llm=m,context=gold'), item)).outcome.state).toBe('empty');
    const { outcome } = await askColumn(deps({ kb: kbOf([]) }), ready('name=a,llm=m'), item);
    expect(outcome).toMatchObject({ state: 'empty', output: '' });
    expect(server.requests).toHaveLength(1);
  });

  it('a stop is no result', async () => {
    const stop = new AbortController();
    server.script(async (response, request) => {
      await stallsAfter()(response, request);
      stop.abort();
    });
    await expect(
      askColumn(deps({ signal: stop.signal }), ready('name=a,llm=m,context=gold'), item),
    ).rejects.toMatchObject({ code: 'cancelled' });
  });
});
