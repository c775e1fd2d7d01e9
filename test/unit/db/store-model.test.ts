import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  fakeEmbedder,
  fakeVector,
  ingest,
  lineChunks,
  type OpenedService,
  openService,
  tempWorkspace,
} from '../../support/kb-service.ts';

const DIMENSIONS = { e: 16, f: 16 };
const GROUPS = [{ name: 'line', splitter: 'line' as const }];
const LINES = ['北京是首都', '上海靠海', 'hello world', 'the quick brown fox', '重复的一行', 'another line', '数据库'];

let workspace: ReturnType<typeof tempWorkspace>;
let opened: OpenedService;
beforeEach(() => {
  workspace = tempWorkspace();
  opened = openService(workspace.paths, DIMENSIONS);
});
afterEach(async () => {
  await opened.service.close();
  workspace.remove();
});

type Step =
  | { readonly do: 'write'; readonly kb: string; readonly file: string; readonly lines: readonly string[] }
  | { readonly do: 'delete'; readonly kb: string; readonly file: string }
  | { readonly do: 'embedder'; readonly kb: string }
  | { readonly do: 'switch'; readonly kb: string }
  | { readonly do: 'abandon'; readonly kb: string }
  | { readonly do: 'remove'; readonly kb: string; readonly file: string }
  | { readonly do: 'restore'; readonly kb: string; readonly file: string }
  | { readonly do: 'reopen' };

const kb = fc.constantFrom('one', 'two');
const file = fc.constantFrom('/d/a', '/d/b', '/d/c');
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('write' as const),
      kb,
      file,
      lines: fc.array(fc.constantFrom(...LINES), { maxLength: 6 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('delete' as const), kb, file }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constantFrom('embedder' as const, 'switch' as const, 'abandon' as const), kb }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('remove' as const, 'restore' as const), kb, file }) },
  { weight: 1, arbitrary: fc.constant({ do: 'reopen' as const }) },
);

interface Model {
  live: Map<string, string>;
  trash: Map<string, string>;
  embedders: string[];
  active: string;
}

const embeddersOf = (model: Model) => model.embedders.map((id) => fakeEmbedder(id, DIMENSIONS[id === 'e' ? 'e' : 'f']));

describe('the store', () => {
  it('agrees with a plain map through edits, deletions, embedders, abandoned ingests and restarts', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 14 }), async (steps) => {
        const models = new Map<string, Model>();
        for (const name of ['one', 'two']) {
          await opened.call('kb.create', { name, groups: GROUPS, embedders: ['e'] });
          models.set(name, { live: new Map(), trash: new Map(), embedders: ['e'], active: 'e' });
        }
        for (const entry of steps) await apply(entry, models);
        for (const [name, model] of models) await compare(name, model);
        const verified = await opened.call('kb.verify', {});
        expect(verified.checks.filter((check) => !check.ok)).toEqual([]);
        for (const name of models.keys()) await opened.call('kb.delete', { kb: name });
        await opened.service.settled();
      }),
      { numRuns: 25, endOnFailure: true },
    );
  });
});

async function apply(entry: Step, models: Map<string, Model>): Promise<void> {
  if (entry.do === 'reopen') {
    await opened.service.close();
    opened = openService(workspace.paths, DIMENSIONS);
    return;
  }
  const model = models.get(entry.kb);
  if (!model) throw new Error('no model');
  const options = { kb: entry.kb, embedders: embeddersOf(model), prune: true };
  if (entry.do === 'write') {
    const text = entry.lines.join('\n');
    await ingest(opened.client, { ...options, files: { [entry.file]: text } });
    model.live.set(entry.file, text);
    model.trash.delete(entry.file);
  } else if (entry.do === 'delete') {
    await ingest(opened.client, { ...options, files: { [entry.file]: null } });
    const text = model.live.get(entry.file);
    if (model.live.delete(entry.file) && text !== undefined) model.trash.set(entry.file, text);
  } else if (entry.do === 'embedder') {
    if (!model.embedders.includes('f')) model.embedders.push('f');
    const files = Object.fromEntries(model.live);
    await ingest(opened.client, { ...options, embedders: embeddersOf(model), files });
  } else if (entry.do === 'switch') {
    await switchOrSay(entry.kb, model);
  } else if (entry.do === 'abandon') {
    await abandon(entry.kb, model);
  } else if (entry.do === 'remove' || entry.do === 'restore') {
    await moveDocument({ do: entry.do, kb: entry.kb, file: entry.file }, model);
  }
}

async function switchOrSay(name: string, model: Model): Promise<void> {
  const outcome = await opened.call('kb.switch', { kb: name, embedder: 'f' }).then(
    () => 'done',
    (error: { code: string }) => error.code,
  );
  if (!model.embedders.includes('f')) expect(outcome).toBe('not-found');
  else if (outcome === 'done') model.active = 'f';
  // Documents that came back from the trash may lack the newer embedder's vectors.
  else expect(outcome).toBe('invalid');
}

/** An ingest whose connection closes after it has stored a document and before it has published it. */
async function abandon(name: string, model: Model): Promise<void> {
  const client = 99;
  const begin = { kb: name, groups: GROUPS, embedders: embeddersOf(model), roots: [], owner: 'gone' };
  const { session } = await opened.call('ingest.begin', begin, client);
  const text = 'never to be seen\n数据库';
  const source = {
    path: '/d/a',
    size: 1,
    mtimeMs: 1,
    inode: 1,
    sha: '0'.repeat(32),
    recipe: '0'.repeat(32),
    failed: false,
  };
  const document = { key: '', title: 'a', text, metadata: {}, chunks: [{ group: 'line', chunks: lineChunks(text) }] };
  await opened.call('ingest.documents', { session: session ?? '', source, documents: [document] }, client);
  opened.service.clientGone(client);
}

async function moveDocument(
  entry: { do: 'remove' | 'restore'; kb: string; file: string },
  model: Model,
): Promise<void> {
  const [from, to] = entry.do === 'remove' ? [model.live, model.trash] : [model.trash, model.live];
  const text = from.get(entry.file);
  const { documents } = await opened.call('kb.documents', { kb: entry.kb, filter: entry.file });
  const id = documents.find((document) => document.state === (entry.do === 'remove' ? 'live' : 'trash'))?.id;
  expect(id !== undefined).toBe(text !== undefined);
  if (id === undefined || text === undefined) return;
  await opened.call(entry.do === 'remove' ? 'kb.remove' : 'kb.restore', { kb: entry.kb, id });
  from.delete(entry.file);
  to.set(entry.file, text);
}

async function compare(name: string, model: Model): Promise<void> {
  const { documents } = await opened.call('kb.documents', { kb: name, state: 'live' });
  const texts = await Promise.all(
    documents.map(
      async ({ id, name: path }) => [path, (await opened.call('kb.document', { kb: name, id })).text] as const,
    ),
  );
  expect(new Map(texts)).toEqual(model.live);
  const lines = [...model.live].flatMap(([path, text]) => lineChunks(text).map((chunk) => ({ path, ...chunk })));
  const shown = await opened.call('kb.show', { kb: name });
  expect(shown).toMatchObject({ documents: model.live.size, chunks: lines.length, ingesting: null });
  expect(shown.embedders[0]).toBe(model.active);
  for (const line of LINES) {
    const wanted = lines.filter((chunk) => chunk.text === line);
    const { hits } = await opened.call('search', { kb: name, query: line, mode: 'bm25', topK: 100 });
    expect(hits.filter((hit) => hit.text === line)).toHaveLength(wanted.length);
    for (const hit of hits) expect(model.live.get(hit.document)?.slice(hit.start, hit.end)).toBe(hit.text);
    await compareVectors(name, line, lines, model);
  }
}

async function compareVectors(
  name: string,
  line: string,
  lines: readonly { text: string }[],
  model: Model,
): Promise<void> {
  if (lines.length === 0) return;
  const { hits, embedder } = await opened.call('search', { kb: name, query: line, mode: 'vector', topK: 100 });
  expect(embedder).toBe(model.active);
  expect(hits.map((hit) => hit.text).sort()).toEqual(lines.map((chunk) => chunk.text).sort());
  const query = fakeVector(model.active, line, 16);
  for (const hit of hits) {
    const stored = fakeVector(model.active, hit.text, 16);
    expect(hit.score).toBeCloseTo(
      stored.reduce((sum, value, at) => sum + value * (query[at] ?? 0), 0),
      5,
    );
  }
}
