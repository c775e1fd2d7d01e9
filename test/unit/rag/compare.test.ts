import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { RagtuiError } from '../../../src/platform/errors.ts';
import { workspacePaths } from '../../../src/platform/paths.ts';
import { parseColumns } from '../../../src/rag/columns.ts';
import { type CompareEvent, type CompareRequest, compare } from '../../../src/rag/compare.ts';
import type { ResolvedLlm } from '../../../src/serving/resolve.ts';
import { fakeKb } from '../../store/fakes.ts';
import { cutsAfter, delta, type FakeOpenAi, fakeOpenAi, says, stallsAfter, status } from '../../support/fake-openai.ts';

let folder: string;
/** One server for each LLM: what a column says cannot depend on which column asks first. */
let servers: Record<string, FakeOpenAi>;
beforeEach(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'ragtui-compare-'));
  servers = { a: await fakeOpenAi(), b: await fakeOpenAi() };
});
afterEach(async () => {
  for (const server of Object.values(servers)) await server.close();
  rmSync(folder, { recursive: true, force: true });
});

const found = (query: string) => ({
  hits: [
    {
      rank: 1,
      text: `What was found for ${query}`,
      document: 'a.md',
      title: '',
      start: 0,
      end: 5,
      score: 0.9,
      scoreKind: 'cosine' as const,
      documentId: 1,
      chunkId: 1,
      arms: {},
    },
  ],
  embedder: 'bge',
  group: 'line',
  mode: 'vector' as const,
  search: 'exact' as const,
  timing: { embeddingMs: 3, retrievalMs: 1, rerankMs: 0 },
  relevant: true,
});

const QUESTION = 'Who?';
function start(
  columns: string[],
  change: Partial<CompareRequest> = {},
  signal?: AbortSignal,
  kb = fakeKb({ search: ({ query }) => found(query) }),
) {
  const resolved: string[] = [];
  const events: [string, CompareEvent][] = [];
  const parsed = parseColumns(columns);
  const comparison = compare(
    {
      kb: kb.client,
      paths: workspacePaths(path.join(folder, 'home'), { RAGTUI_CONFIG_HOME: folder }),
      resolveLlm: async (llm): Promise<ResolvedLlm> => {
        resolved.push(llm);
        const server = servers[llm];
        if (!server) throw new RagtuiError('not-found', `There is no model "${llm}".`);
        return { url: server.url, model: llm, contextTokens: 2048, embedded: llm === 'a' };
      },
    },
    { question: QUESTION, kb: 'notes', columns: parsed, order: 'rotate', ...change },
    {
      ...(signal ? { signal } : {}),
      onEvent: (column, event) => events.push([parsed[column]?.name ?? '', event]),
    },
  );
  return { comparison, kb, resolved, events };
}
const searches = (kb: ReturnType<typeof start>['kb']) => kb.calls.filter(({ method }) => method === 'search');
const chats = (llm: string) => servers[llm]?.requests.filter(({ path: at }) => at.endsWith('/chat/completions')) ?? [];
const tokenless = status(404, 'no /tokenize');

describe('the cosine of answers', () => {
  /** "right" is (3, 4), anything else (4, 3): their cosine is 24 / 25. */
  const vectorOf = (text: string) => {
    const [x, y] = text === 'right' ? [3, 4] : [4, 3];
    const bytes = Buffer.alloc(8);
    bytes.writeFloatLE(x, 0);
    bytes.writeFloatLE(y, 4);
    return bytes.toString('base64');
  };
  const compared = (references: string[], embeds: boolean, question = QUESTION) => {
    servers['a']?.script(tokenless, says(['right']));
    servers['b']?.script(tokenless, says(['wrong']));
    const kb = fakeKb({
      search: ({ query }) => found(query),
      ...(embeds
        ? { 'texts.embed': ({ texts }) => ({ fingerprint: 'f'.repeat(32), vectors: texts.map(vectorOf) }) }
        : {}),
    });
    const columns = ['name=base,llm=a', 'name=tuned,llm=b', 'name=bare,llm=none'];
    return { kb, comparison: start(columns, { references, question }, undefined, kb).comparison };
  };

  test('is by one embedder for all columns, of the language of the question', async () => {
    const { kb, comparison } = compared(['right'], true);
    const [base, tuned, bare] = (await comparison).columns;
    expect(base?.metrics).toMatchObject({ exact: 1, 'cosine@bge-small-en-v1.5-int8': expect.closeTo(1, 6) });
    expect(tuned?.metrics).toMatchObject({ exact: 0, 'cosine@bge-small-en-v1.5-int8': expect.closeTo(0.96, 6) });
    expect(bare?.metrics).toEqual({});
    expect(base?.metrics).not.toHaveProperty('cmrc-em');
    // Its start waits for no column: the reference goes first.
    expect(kb.calls[0]).toEqual({
      method: 'texts.embed',
      params: { embedder: 'bge-small-en-v1.5-int8', texts: ['right'] },
    });
  });

  test('a Chinese question has the Chinese one, and the scores of CMRC', async () => {
    const [base] = (await compared(['right'], true, '谁？').comparison).columns;
    expect(base?.metrics).toMatchObject({ 'cosine@bge-small-zh-v1.5-int8': expect.closeTo(1, 6), 'cmrc-em': 1 });
  });

  test('is left out where it cannot be made, and where no reference is known', async () => {
    const [base] = (await compared(['right'], false).comparison).columns;
    expect(base).toMatchObject({ state: 'ok', metrics: { exact: 1 } });
    expect(Object.keys(base?.metrics ?? {}).filter((name) => name.startsWith('cosine'))).toEqual([]);
    const without = compared([], true);
    await without.comparison;
    expect(without.kb.calls.filter(({ method }) => method === 'texts.embed')).toEqual([]);
  });
});

describe('columns that search alike', () => {
  test('share one search, others make their own, and each LLM is resolved once', async () => {
    servers['a']?.script(tokenless, says(['from ', 'a']), tokenless, says(['from a']));
    servers['b']?.script(tokenless, says(['from b']));
    const { comparison, kb, resolved } = start([
      'name=base,llm=a,mode=vector',
      'name=tuned,llm=b,mode=vector',
      'name=words,llm=a,mode=bm25',
      'name=bare,llm=none,mode=vector',
    ]);
    const { columns } = await comparison;
    expect(columns.map(({ state, answer }) => [state, answer?.answer, answer?.hits.length])).toEqual([
      ['ok', 'from a', 1],
      ['ok', 'from b', 1],
      ['ok', 'from a', 1],
      ['ok', '', 1],
    ]);
    expect(searches(kb).map(({ params }) => params)).toEqual(
      expect.arrayContaining([expect.objectContaining({ mode: 'vector' }), expect.objectContaining({ mode: 'bm25' })]),
    );
    expect(searches(kb)).toHaveLength(2);
    expect(resolved).toEqual(['a', 'b']);
  });

  test('are measured fairly: temperature 0, one seed, strict on the embedded engine only', async () => {
    servers['a']?.script(tokenless, says(['x']));
    servers['b']?.script(tokenless, says(['y']));
    await start(['name=base,llm=a', 'name=tuned,llm=b']).comparison;
    expect(chats('a')[0]?.body).toMatchObject({ temperature: 0, seed: 1314, ragtui: { strict: true } });
    expect(chats('a')[0]?.body).not.toHaveProperty('repetition_penalty');
    expect(chats('b')[0]?.body).toMatchObject({ temperature: 0, seed: 1314 });
    expect(chats('b')[0]?.body).not.toHaveProperty('ragtui');
  });
});

describe('a fault is the state of its column', () => {
  test('and the others go on', async () => {
    servers['a']?.script(tokenless, cutsAfter(delta({ content: 'half an ans' })));
    servers['b']?.script(tokenless, says(['whole']));
    const { columns } = await start(['name=cut,llm=a', 'name=gone,llm=nothing', 'name=good,llm=b']).comparison;
    expect(columns.map(({ column, state }) => [column.name, state])).toEqual([
      ['cut', 'failed'],
      ['gone', 'failed'],
      ['good', 'ok'],
    ]);
    expect(columns[0]).toMatchObject({ partial: 'half an ans', error: { code: 'network' }, answer: null });
    expect(columns[1]?.error?.message).toContain('nothing');
  });

  test('a prompt that is not there too; an answer of nothing is empty', async () => {
    servers['b']?.script(tokenless, says([]));
    const { columns } = await start(['name=odd,llm=a,prompt=nope', 'name=mute,llm=b']).comparison;
    expect(columns.map(({ state }) => state)).toEqual(['failed', 'empty']);
  });

  test('a cancel ends what runs and what has not begun', async () => {
    const controller = new AbortController();
    servers['a']?.script(tokenless, stallsAfter(delta({ content: 'so far' })));
    servers['b']?.script(tokenless, stallsAfter(delta({ content: 'so far' })));
    const { comparison, events } = start(['name=one,llm=a', 'name=two,llm=b'], {}, controller.signal);
    await expect.poll(() => events.some(([, { type }]) => type === 'delta')).toBe(true);
    controller.abort();
    expect((await comparison).columns.map(({ state }) => state)).toEqual(['cancelled', 'cancelled']);
  });
});

test('one after another: a column begins when the one before has ended; together: all begin at once', async () => {
  const turns = async (order: CompareRequest['order'], question: string) => {
    servers['a']?.script(tokenless, says(['x']));
    servers['b']?.script(tokenless, says(['y']));
    const { comparison, events } = start(['name=one,llm=a', 'name=two,llm=b'], { order, question });
    const { sequence } = (await comparison).order;
    const seen = events.filter(([, { type }]) => type === 'began' || type === 'ended');
    return { sequence, seen: seen.map(([name, { type }]) => `${name} ${type}`) };
  };
  const first = new Set<string | undefined>();
  for (const question of ['Who?', 'When?', 'Where?', 'Why?', 'What?', 'Which?']) {
    const { sequence, seen } = await turns('rotate', question);
    expect(seen).toEqual(sequence.flatMap((name) => [`${name} began`, `${name} ended`]));
    first.add(sequence[0]);
  }
  expect(first.size).toBe(2);
  expect((await turns('together', 'Who?')).seen.slice(0, 2)).toEqual(['one began', 'two began']);
});

test('context: the gold passage is read instead of a search, or nothing at all', async () => {
  servers['a']?.script(tokenless, says(['x']));
  servers['b']?.script(tokenless, says(['y']));
  const columns = ['name=gold,llm=a,context=gold,prompt=sft', 'name=bare,llm=b,context=none,prompt=sft'];
  const { comparison, kb } = start(columns, { passage: 'The gold passage.' });
  const [gold, bare] = (await comparison).columns;
  expect(searches(kb)).toHaveLength(0);
  expect(gold?.answer?.messages.at(-1)?.content).toContain('已知文段：The gold passage.\n');
  expect(bare?.answer?.messages.at(-1)?.content).toContain('已知文段：\n');
  await expect(start(columns).comparison).rejects.toMatchObject({ code: 'usage' });
});
