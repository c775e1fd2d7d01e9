import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { DEFAULT_CHAT_MODEL, DEFAULT_EMBEDDERS } from '../../src/models/catalogue.ts';
import { fixturesDir } from '../../src/platform/entry.ts';
import { waitUntil } from '../../src/platform/processes.ts';
import { ensureBuilt, ensureModels } from '../support/models.ts';
import { CommandWorkspace } from '../support/ragtui.ts';

// The main job without a screen: an empty workspace, a folder of documents, a question, an answer.

let workspace: CommandWorkspace;
let folder: string;
beforeAll(async () => {
  ensureBuilt();
  await ensureModels([...Object.values(DEFAULT_EMBEDDERS), DEFAULT_CHAT_MODEL]);
  workspace = new CommandWorkspace();
  folder = path.join(workspace.home, 'my documents');
  cpSync(path.join(fixturesDir(), 'sample-kb', 'en'), folder, { recursive: true });
});
afterAll(() => workspace.close());

const counts = z.object({
  added: z.number(),
  changed: z.number(),
  unchanged: z.number(),
  removed: z.number(),
  embedded: z.number(),
});
const ingested = z.object({
  job: z.object({ id: z.string(), kind: z.literal('ingest'), state: z.string(), progress: z.unknown() }),
  report: counts.extend({ failed: z.array(z.object({ path: z.string(), reason: z.string(), hint: z.string() })) }),
});
const hits = z.array(
  z.object({
    rank: z.number(),
    text: z.string(),
    document: z.string(),
    start: z.number(),
    end: z.number(),
    score: z.number(),
    scoreKind: z.string(),
  }),
);

test('ingest makes the knowledge base, tells what it chose and what failed, and what goes in is found', async () => {
  writeFileSync(path.join(folder, 'broken.pdf'), '%PDF-1.7\nnot really');
  const first = await workspace.run(['ingest', folder, '--kb', 'mine', '--json']);
  expect(first.code).toBe(0);
  expect(first.stderr).toContain(DEFAULT_EMBEDDERS.en);
  const { report, job } = ingested.parse(JSON.parse(first.stdout));
  expect(job.state).toBe('succeeded');
  expect(report.added).toBe(6);
  expect(report.failed.map((one) => path.basename(one.path))).toEqual(['broken.pdf']);

  const found = z
    .object({ hits, relevant: z.boolean() })
    .parse(
      await workspace.json([
        'search',
        'Where do people meet when the fire bell rings?',
        '--kb',
        'mine',
        '--top-k',
        '2',
      ]),
    );
  expect(found.hits.length).toBe(2);
  const [best] = found.hits;
  expect(best?.rank).toBe(1);
  expect(path.basename(best?.document ?? '')).toBe('safety.txt');
  const source = readFileSync(path.join(folder, 'safety.txt'), 'utf8');
  expect(source.slice(best?.start, best?.end)).toBe(best?.text);
  expect(best?.text).toContain('the old pear tree');
});

test('the same again embeds nothing; a changed, a new and a lost file are counted as that', async () => {
  const again = ingested.parse(await workspace.json(['ingest', folder, '--kb', 'mine'])).report;
  expect({ added: again.added, changed: again.changed, removed: again.removed, embedded: again.embedded }).toEqual({
    added: 0,
    changed: 0,
    removed: 0,
    embedded: 0,
  });
  rmSync(path.join(folder, 'broken.pdf'));
  rmSync(path.join(folder, 'history.txt'));
  writeFileSync(path.join(folder, 'new.md'), '# News\n\nThe new dome is painted green.\n');
  const safety = path.join(folder, 'safety.txt');
  writeFileSync(safety, `${readFileSync(safety, 'utf8')}\nThe siren is tested on Mondays.\n`);
  const third = ingested.parse(await workspace.json(['ingest', folder, '--kb', 'mine', '--prune'])).report;
  expect({ added: third.added, changed: third.changed, removed: third.removed }).toEqual({
    added: 1,
    changed: 1,
    removed: 1,
  });
  expect(third.failed).toEqual([]);
});

test('ask answers from the documents with what scripts count on, the same with and without --json', async () => {
  const question = 'How high above the sea is Larkspur Hill Observatory?';
  const answer = z
    .object({
      answer: z.string(),
      hits,
      usage: z.object({ promptTokens: z.number().positive(), completionTokens: z.number().positive() }),
      timing: z.object({
        embeddingMs: z.number(),
        retrievalMs: z.number(),
        firstTokenMs: z.number(),
        totalMs: z.number(),
        tokensPerSecond: z.number(),
      }),
    })
    .parse(await workspace.json(['ask', question, '--kb', 'mine', '--max-tokens', '32']));
  // What a model of 135 M parameters makes of it is its own affair; the passage it was given is ours.
  expect(answer.answer.trim()).not.toBe('');
  expect(answer.hits[0]?.text).toContain('1,340 metres');
  expect(path.basename(answer.hits[0]?.document ?? '')).toBe('about.md');

  const text = await workspace.run(['ask', question, '--kb', 'mine', '--max-tokens', '32']);
  expect(text.code).toBe(0);
  expect(text.stdout.startsWith(answer.answer.trim())).toBe(true);
  expect(text.stdout).toContain('about.md [');
  expect(text.stderr).toMatch(/tokens\/s/);
});

test('Ctrl+C while it answers ends it with exit 130', async () => {
  const question = 'Tell everything about the telescopes, the history and the visits, in great detail.';
  const child = workspace.start(['ask', question, '--kb', 'mine', '--max-tokens', '2000', '--temperature', '0.9']);
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  expect(await waitUntil(() => stdout.length > 0, 60_000)).toBe(true);
  child.kill('SIGINT');
  expect(await ended).toBe(130);
});

test('Chinese documents get the Chinese embedder, and the right passage is found', async () => {
  const chinese = path.join(fixturesDir(), 'sample-kb', 'zh');
  const run = await workspace.run(['ingest', chinese, '--kb', '中文', '--json']);
  expect(run.code).toBe(0);
  expect(run.stderr).toContain(DEFAULT_EMBEDDERS.zh);
  const found = z.object({ hits }).parse(await workspace.json(['search', '云岭茶厂创办于哪一年？', '--kb', '中文']));
  expect(path.basename(found.hits[0]?.document ?? '')).toBe('简介.md');
  expect(found.hits[0]?.text).toContain('一九五二年');
});

test('kb commands show, list, remove and verify', async () => {
  const { kbs } = z
    .object({ kbs: z.array(z.object({ name: z.string() })) })
    .parse(await workspace.json(['kb', 'list']));
  expect(kbs.map((kb) => kb.name).sort()).toEqual(['mine', '中文']);
  const page = z.object({ total: z.number(), documents: z.array(z.object({ id: z.number(), name: z.string() })) });
  const before = page.parse(await workspace.json(['kb', 'documents', 'mine', '--filter', 'new.md']));
  expect(before.documents.map((one) => path.basename(one.name))).toEqual(['new.md']);
  await workspace.json(['kb', 'remove', 'mine', 'new.md', '--yes']);
  const after = page.parse(await workspace.json(['kb', 'documents', 'mine', '--filter', 'new.md', '--state', 'live']));
  expect(after.documents).toEqual([]);
  await workspace.json(['kb', 'restore', 'mine', 'new.md']);
  const back = page.parse(await workspace.json(['kb', 'documents', 'mine', '--filter', 'new.md', '--state', 'live']));
  expect(back.documents).toEqual(before.documents);
  const verified = z.object({ ok: z.boolean() }).parse(await workspace.json(['kb', 'verify']));
  expect(verified.ok).toBe(true);
});

test('a folder that is gone takes its documents along only with --prune', async () => {
  const folder = path.join(workspace.home, 'short lived');
  mkdirSync(folder);
  writeFileSync(path.join(folder, 'x.txt'), 'The kettle is blue.');
  await workspace.json(['ingest', folder, '--kb', 'short']);
  rmSync(folder, { recursive: true });
  const refused = await workspace.run(['ingest', folder, '--kb', 'short']);
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain('--prune');
  const { report } = ingested.parse(await workspace.json(['ingest', folder, '--kb', 'short', '--prune']));
  expect(report.removed).toBe(1);
});

test('a detached ingest is a job: listed, followed to its end, deleted', async () => {
  const more = path.join(workspace.home, 'more');
  mkdirSync(more);
  writeFileSync(path.join(more, 'x.txt'), 'The kettle is blue.');
  const job = z.object({ job: z.object({ id: z.string() }) });
  const { id } = job.parse(await workspace.json(['ingest', more, '--kb', 'more', '--detach'])).job;
  const logs = await workspace.run(['jobs', 'logs', '-f', id]);
  expect(logs.code).toBe(0);
  expect(logs.stdout).toContain('succeeded');
  const { job: shown } = z
    .object({
      job: z.object({ id: z.string(), kind: z.string(), state: z.string(), progress: z.unknown(), folder: z.string() }),
    })
    .parse(await workspace.json(['jobs', 'show', id]));
  expect(shown).toMatchObject({ id, kind: 'ingest', state: 'succeeded' });
  expect((await workspace.run(['jobs', 'delete', id])).code).toBe(2);
  expect((await workspace.run(['jobs', 'delete', id, '--yes'])).code).toBe(0);
  expect(existsSync(shown.folder)).toBe(false);
});

test('a watching ingest takes up what is new, tells of it, and stops at Ctrl+C with exit 130', async () => {
  const watched = path.join(workspace.home, 'watched');
  mkdirSync(watched);
  writeFileSync(path.join(watched, 'one.txt'), 'The lamp is green.');
  const child = workspace.start(['ingest', watched, '--kb', 'watched', '--watch', '--json']);
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  const line = z.object({ report: counts });
  const added = () =>
    stdout
      .split('\n')
      .slice(0, -1)
      .reduce((sum, text) => sum + line.parse(JSON.parse(text)).report.added, 0);
  expect(await waitUntil(() => added() === 1, 60_000)).toBe(true);
  writeFileSync(path.join(watched, 'two.txt'), 'The chair is yellow.');
  expect(await waitUntil(() => added() === 2, 60_000)).toBe(true);
  child.kill('SIGINT');
  expect(await ended).toBe(130);
  const { jobs } = z
    .object({ jobs: z.array(z.object({ name: z.string(), state: z.string() })) })
    .parse(await workspace.json(['jobs', 'list']));
  expect(jobs.find((job) => job.name.endsWith('watched'))?.state).toBe('stopped');
});

test("the workspace is its owner's alone", () => {
  expect(statSync(workspace.paths.database).mode & 0o077).toBe(0);
  expect(statSync(workspace.paths.run).mode & 0o077).toBe(0);
});
