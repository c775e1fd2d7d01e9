import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { preferenceRowSchema } from '../../src/datasets/types.ts';
import { connectKb } from '../../src/kb/client.ts';
import type { KbClient } from '../../src/kb/protocol.ts';
import { waitUntil } from '../../src/platform/processes.ts';
import type { KeptComparison } from '../../src/rag/comparisons/types.ts';
import {
  delta,
  type FakeOpenAi,
  type FakeReply,
  fakeOpenAi,
  says,
  stallsAfter,
  status,
} from '../support/fake-openai.ts';
import { ensureBuilt } from '../support/models.ts';
import { CommandWorkspace } from '../support/ragtui.ts';

const QUESTION = 'Who founded the observatory?';
const LONG_MS = 30_000;

let workspace: CommandWorkspace;
let servers: { quick: FakeOpenAi; slow: FakeOpenAi };
let kb: KbClient;
beforeAll(async () => {
  ensureBuilt();
  workspace = new CommandWorkspace();
  servers = { quick: await fakeOpenAi(), slow: await fakeOpenAi() };
  kb = await connectKb(workspace.paths);
  await kb.call('kb.create', { name: 'notes', groups: [{ name: 'line', splitter: 'line' }], embedders: [] });
  for (const [name, { url }] of Object.entries(servers)) {
    await workspace.json(['models', 'add', name, '--url', url, '--model', 'm']);
  }
});
afterAll(async () => {
  await kb.close();
  for (const server of Object.values(servers)) await server.close();
  await workspace.close();
});

/** Whatever else is asked (models, tokens) is not there. */
const chat =
  (reply: FakeReply): FakeReply =>
  (response, request) =>
    (request.path.endsWith('/chat/completions') ? reply : status(404, 'no such thing'))(response, request);
const column = (name: string, llm: string) => ['--column', `name=${name},llm=${llm},context=none`];
const ask = [...column('whole', 'quick'), ...column('half', 'slow'), '--order', 'together', '--kb', 'notes'];
const newest = async (): Promise<KeptComparison | undefined> => {
  const [first] = (await kb.call('comparisons.list', { limit: 1 })).comparisons;
  return first ? kb.call('comparisons.get', { id: first.id }) : undefined;
};
const named = (kept: KeptComparison | undefined, name: string) => kept?.columns.find((one) => one.column.name === name);

describe('stopped in the middle', () => {
  /** Starts a comparison of which one column ends and the other hangs after `said`. */
  const start = (question: string, said: string) => {
    servers.quick.script(chat(says(['Edda ', 'Brandt'])));
    servers.slow.script(chat(stallsAfter(delta({ content: said }))));
    const child = workspace.start(['compare', question, ...ask, '--stream']);
    let printed = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text));
    const gone = new Promise<number | null>((resolve) => child.on('close', resolve));
    return { child, gone, shows: (text: string) => waitUntil(() => printed.includes(text), LONG_MS) };
  };
  const reads = (name: string, wanted: (one: ReturnType<typeof named>) => boolean) =>
    waitUntil(async () => wanted(named(await newest(), name)), LONG_MS);

  test('by SIGKILL: the column that ended is whole, of the other there is what it had said', async () => {
    const { child, gone } = start('Killed?', '天文台的');
    expect(await reads('whole', (one) => one?.state === 'ok')).toBe(true);
    expect(await reads('half', (one) => one?.partial === '天文台的')).toBe(true);
    child.kill('SIGKILL');
    await gone;
    expect(await waitUntil(async () => (await newest())?.state === 'cut', LONG_MS)).toBe(true);
    const kept = await newest();
    expect(named(kept, 'whole')).toMatchObject({ state: 'ok', answer: { answer: 'Edda Brandt', finish: 'stop' } });
    expect(named(kept, 'half')).toMatchObject({
      state: 'cancelled',
      answer: null,
      partial: '天文台的',
      gathered: { messages: expect.arrayContaining([expect.objectContaining({ role: 'user' })]) },
    });
  });

  test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('by %s: what was on the screen is kept first', async (signal) => {
    const { child, gone, shows } = start(`Stopped by ${signal}?`, 'half an answer');
    expect(await shows('half an answer')).toBe(true);
    expect(await reads('whole', (one) => one?.state === 'ok')).toBe(true);
    child.kill(signal);
    expect(await gone).toBe(130);
    const kept = await newest();
    expect(kept).toMatchObject({ question: `Stopped by ${signal}?`, state: 'cut' });
    expect(named(kept, 'whole')?.state).toBe('ok');
    expect(named(kept, 'half')).toMatchObject({
      state: 'cancelled',
      answer: { answer: 'half an answer', finish: 'cancelled', stream: { chars: [14] } },
    });
  });
});

const idSchema = z.object({ id: z.number() });
/** By the metric embedder of English questions, in the kb service. */
const COSINE = 'cosine@bge-small-en-v1.5-int8';
const columnsSchema = z.object({ columns: z.array(z.object({ name: z.string(), state: z.string() }).loose()) });

describe('the command line', () => {
  test('asks, keeps, scores, shows, votes and makes preference data', async () => {
    servers.quick.script(chat(says(['Edda Brandt'])));
    servers.slow.script(chat(says(['Nobody knows.'])));
    const made = await workspace.json([
      'compare',
      QUESTION,
      ...ask,
      '--reference',
      'Edda Brandt',
      '--save-set',
      'both',
    ]);
    const { id } = idSchema.parse(made);
    expect(columnsSchema.parse(made).columns).toMatchObject([
      {
        name: 'whole',
        state: 'ok',
        metrics: { exact: 1, [COSINE]: expect.closeTo(1, 5) },
        server: { engine: 'endpoint', model: 'm' },
      },
      { name: 'half', state: 'ok', metrics: { exact: 0, [COSINE]: expect.any(Number) } },
    ]);
    const shown = await workspace.json(['compare', 'show', 'latest']);
    expect(shown).toMatchObject({ id, references: ['Edda Brandt'], state: 'ended' });
    expect(columnsSchema.parse(shown).columns).toEqual(columnsSchema.parse(made).columns);
    const found = await workspace.json(['compare', 'history', 'founded', 'slow', '--limit', '5']);
    expect(found).toMatchObject({ total: 1, comparisons: [{ id, vote: null }] });

    await workspace.json(['compare', 'vote', String(id), '--best', 'whole']);
    expect(await workspace.json(['compare', 'votes'])).toMatchObject({
      board: {
        votes: 1,
        rows: [
          { name: 'whole', wins: 1 },
          { name: 'half', losses: 1 },
        ],
      },
    });
    const file = path.join(workspace.home, 'preferences.jsonl');
    expect(await workspace.json(['compare', 'votes', '--export', file])).toMatchObject({ rows: 1 });
    const [row = '', ...more] = readFileSync(file, 'utf8').trimEnd().split('\n');
    expect(more).toEqual([]);
    expect(preferenceRowSchema.parse(JSON.parse(row))).toMatchObject({
      chosen: 'Edda Brandt',
      rejected: 'Nobody knows.',
      messages: expect.arrayContaining([expect.objectContaining({ role: 'user' })]),
    });
    expect((await workspace.run(['compare', 'vote', String(id), '--best', 'nobody'])).code).toBe(2);
    expect((await workspace.run(['compare', 'vote', String(id), '--tie', '--neither'])).code).toBe(2);
  });

  test('asks again with saved columns and as it was, and says what differs', async () => {
    servers.quick.script(chat(says(['Edda Brandt'])));
    servers.slow.script(chat(says(['Somebody knows.'])));
    const set = ['compare', QUESTION, '--kb', 'notes', '--set', 'both'];
    const [first] = columnsSchema.parse(await workspace.json(set)).columns;
    expect(first).toMatchObject({ name: 'whole', column: { llm: 'quick' } });
    servers.slow.script(chat(says(['Nobody knows.'])));
    const again = await workspace.json(['compare', 'rerun', 'latest']);
    expect(again).toMatchObject({
      changes: [],
      repeated: [
        { name: 'whole', answer: 'same' },
        { name: 'half', answer: 'changed', passages: 'same' },
      ],
    });
    expect(await workspace.json(['compare', 'sets'])).toMatchObject({ sets: [{ name: 'both' }] });
    await workspace.json(['models', 'remove', 'slow', '--yes']);
    const gone = await workspace.json(['compare', 'rerun', 'latest']);
    expect(gone).toMatchObject({
      changes: [{ what: 'llm', breaks: ['half'] }],
      repeated: [{ answer: 'same' }, { answer: 'none' }],
    });
  });

  test('makes the matrix, refuses what is no comparison, removes and brings back', async () => {
    servers.quick.script(chat(says(['x'])));
    const matrix = [
      'compare',
      QUESTION,
      '--kb',
      'notes',
      '--matrix',
      'llm=quick,none',
      '--column',
      'name=all,mode=bm25',
    ];
    const made = await workspace.json(matrix);
    expect(columnsSchema.parse(made).columns).toMatchObject([
      { name: 'quick', column: { mode: 'bm25' } },
      { name: 'search', column: { llm: 'none', mode: 'bm25' } },
    ]);
    for (const wrong of [
      ['compare'],
      ['compare', 'q'],
      ['compare', 'q', '--set', 'none'],
      ['compare', 'q', '--matrix', 'x=1'],
    ]) {
      expect((await workspace.run([...wrong, '--kb', 'notes'])).code).toBeGreaterThan(0);
    }
    const { id } = idSchema.parse(made);
    await workspace.json(['compare', 'remove', 'latest']);
    expect((await workspace.run(['compare', 'show', String(id)])).code).toBe(1);
    await workspace.json(['compare', 'restore', String(id)]);
    const html = path.join(workspace.home, 'out.html');
    await workspace.json(['compare', 'export', String(id), '--format', 'html', '--out', html]);
    expect(readFileSync(html, 'utf8')).toContain('<h1>Who founded the observatory?</h1>');
    const { stdout } = await workspace.run(['compare', 'export', String(id)]);
    expect(stdout.split('\n')[0]).toBe('# Who founded the observatory?');
  });
});
