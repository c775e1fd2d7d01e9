import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { modelStatus, readOwnModels } from '../../src/models/store.ts';
import { fixturesDir } from '../../src/platform/entry.ts';
import { readBackup } from '../../src/workspace/manifest.ts';
import { ensureBuilt, ensureModels } from '../support/models.ts';
import { CommandWorkspace } from '../support/ragtui.ts';
import { writeTinyGguf } from '../support/tiny-gguf.ts';

const EMBEDDER = 'bge-small-en-v1.5-int8';
const QUESTION = 'When was the observatory founded?';
const DAY_S = 24 * 3600;

const opened: CommandWorkspace[] = [];
const newWorkspace = (): CommandWorkspace => {
  const workspace = new CommandWorkspace();
  opened.push(workspace);
  return workspace;
};
let folder: string;
let from: CommandWorkspace;
let kept: string;

const search = async (workspace: CommandWorkspace, kb: string): Promise<unknown> => {
  const schema = z.object({ hits: z.array(z.object({ document: z.string(), text: z.string(), score: z.number() })) });
  return schema.parse(await workspace.json(['search', QUESTION, '--kb', kb, '--mode', 'hybrid'])).hits;
};
const garbage = async (workspace: CommandWorkspace, ...more: string[]): Promise<Record<string, number>> => {
  const schema = z.object({ garbage: z.array(z.object({ what: z.string(), count: z.number(), bytes: z.number() })) });
  const found = schema.parse(await workspace.json(['gc', ...more])).garbage.filter(({ count }) => count > 0);
  return Object.fromEntries(found.map(({ what, count }) => [what, count]));
};

beforeAll(async () => {
  ensureBuilt();
  await ensureModels([EMBEDDER]);
  folder = mkdtempSync(path.join(os.tmpdir(), 'ragtui-backup-'));
  from = newWorkspace();
  const documents = path.join(fixturesDir(), 'sample-kb', 'en');
  for (const kb of ['notes', 'again']) await from.json(['ingest', documents, '--kb', kb, '--embedder', EMBEDDER]);
  const rows = path.join(folder, 'rows.csv');
  writeFileSync(rows, 'question,context,answer\nWho?,Edda Brandt founded it.,Edda Brandt\n');
  await from.json([
    'dataset',
    'import',
    rows,
    '--name',
    'fin',
    '--map',
    'question=question,context=context,answers=answer',
  ]);
  await from.run(
    ['models', 'add', 'box', '--url', 'http://127.0.0.1:9/v1', '--model', 'm', '--key-store', 'file'],
    {},
    'canary-key-0123456789\n',
  );
  const [job] = readdirSync(from.paths.jobs);
  writeFileSync(path.join(from.paths.jobs, job ?? '', 'endpoint.json'), '{"key":"canary-key-0123456789"}');
  // A model of the user's own inside the workspace, as a training leaves one.
  const tuned = path.join(from.home, 'tuned', 'mine', 'result');
  mkdirSync(tuned, { recursive: true });
  writeTinyGguf(path.join(tuned, 'model.gguf'), 'llama');
  await from.json(['models', 'add', 'mine', '--path', path.join(tuned, 'model.gguf')]);
  kept = path.join(folder, 'kept');
  await from.json(['backup', kept]);
});
afterAll(async () => {
  for (const workspace of opened) await workspace.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('a backup', () => {
  test('holds the truth, and neither keys nor what can be made again', () => {
    const names = readBackup(kept).files.map((file) => file.path);
    expect(names).toEqual(expect.arrayContaining(['ragtui.db', 'models.json']));
    expect(names.some((name) => /^datasets\/fin\/v-.*\/rows\.jsonl$/.test(name))).toBe(true);
    expect(names.some((name) => /^jobs\/.*\/events\.jsonl$/.test(name))).toBe(true);
    expect(names.filter((name) => /endpoint\.json|pid\.json|^models\/|^indexes|\.lock$/.test(name))).toEqual([]);
    for (const name of names) expect(readFileSync(path.join(kept, name)).includes('canary-key')).toBe(false);
    expect(statSync(kept).mode & 0o077).toBe(0);
    for (const name of names) expect(statSync(path.join(kept, name)).mode & 0o077).toBe(0);
  });

  test('is not written over another, nor into the workspace', async () => {
    expect((await from.run(['backup', kept])).code).toBe(1);
    expect((await from.run(['backup', path.join(from.home, 'inside')])).code).toBe(2);
    expect(existsSync(path.join(from.home, 'inside'))).toBe(false);
  });

  test('gives an empty workspace all of it: searches, datasets, jobs, servers', async () => {
    const to = newWorkspace();
    const restored = await to.json(['restore', kept]);
    expect(restored).toMatchObject({ knowledgeBases: ['again', 'notes'], aside: null, missingModels: [] });
    expect(await search(to, 'notes')).toEqual(await search(from, 'notes'));
    expect(await to.json(['dataset', 'show', 'fin'])).toEqual(await from.json(['dataset', 'show', 'fin']));
    const jobs = z.object({ jobs: z.array(z.object({ id: z.string(), state: z.string() })) });
    const states = jobs.parse(await to.json(['jobs', 'list'])).jobs.map(({ state }) => state);
    expect(states).toEqual(['succeeded', 'succeeded']);
    expect(await to.json(['models', 'list'])).toMatchObject({ endpoints: [{ name: 'box' }] });
    expect(await to.json(['kb', 'verify'])).toMatchObject({ ok: true });
    // Its files are named by where they are now, and known to be what they were.
    const [model] = readOwnModels(to.paths).models;
    expect(model?.files[0]?.path).toBe(path.join(to.home, 'tuned', 'mine', 'result', 'model.gguf'));
    expect(modelStatus(to.paths, 'mine').state).toBe('present');
  });

  test('moves what is there aside, only when told to', async () => {
    const to = newWorkspace();
    await to.json(['kb', 'create', 'mine', '--embedder', EMBEDDER]);
    const refused = await to.run(['restore', kept]);
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('holds a workspace') });
    expect(await to.json(['kb', 'list'])).toMatchObject({ kbs: [{ name: 'mine' }] });
    const restored = z.object({ aside: z.string() }).parse(await to.json(['restore', kept, '--yes']));
    expect(readdirSync(restored.aside)).toContain('ragtui.db');
    expect(await search(to, 'again')).toEqual(await search(from, 'again'));
  });

  test('that is damaged changes nothing', async () => {
    const bad = path.join(folder, 'bad');
    const to = newWorkspace();
    await from.json(['backup', bad]);
    const file = readBackup(bad).files.find((one) => one.path.endsWith('rows.jsonl'))?.path ?? '';
    writeFileSync(path.join(bad, file), `${readFileSync(path.join(bad, file), 'utf8')} `);
    for (const more of [['--check'], ['--yes']]) {
      const { code, stderr } = await to.run(['restore', bad, ...more]);
      expect(code).toBe(1);
      expect(stderr).toContain(file);
    }
    expect(readdirSync(to.home).filter((name) => name.startsWith('.restore') || name === 'ragtui.db')).toEqual([]);
    expect((await from.run(['restore', kept, '--check'])).code).toBe(0);
    renameSync(path.join(bad, 'backup.json'), path.join(bad, 'other.json'));
    expect((await to.run(['restore', bad])).stderr).toContain('is no backup');
  });
});

describe('gc', () => {
  test('shows first, then removes what nobody needs, and nothing else', async () => {
    expect(await garbage(from, '--dry-run')).toEqual({});
    const before = await search(from, 'again');
    // Another knowledge base has the very same texts: its vectors stay.
    await from.json(['kb', 'delete', 'notes', '--yes']);
    expect(await garbage(from, '--dry-run')).toEqual({});
    const extra = path.join(folder, 'extra');
    mkdirSync(extra);
    writeFileSync(path.join(extra, 'one.txt'), 'A text that only this one has.');
    await from.json(['ingest', extra, '--kb', 'short', '--embedder', EMBEDDER]);
    await from.json(['kb', 'delete', 'short', '--yes']);

    const old = new Date(Date.now() - 8 * DAY_S * 1000);
    const copy = path.join(from.home, 'ragtui.db.before-schema-1');
    const young = path.join(from.home, 'ragtui.db.before-schema-2');
    for (const file of [copy, young]) writeFileSync(file, 'x'.repeat(1000));
    utimesSync(copy, old, old);
    const stray = path.join(from.paths.indexes, 'seg-stray.hnsw');
    writeFileSync(stray, 'y');

    const expected = { vectors: 1, 'old-copies': 1, 'index-files': 1 };
    // The texts of a deleted base go in the background.
    await expect.poll(() => garbage(from, '--dry-run'), { timeout: 20_000 }).toEqual(expected);
    expect((await from.run(['gc'])).code).toBe(2);
    expect(existsSync(copy)).toBe(true);
    expect(await garbage(from, '--yes')).toEqual(expected);
    expect([copy, young, stray].map((file) => existsSync(file))).toEqual([false, true, false]);
    expect(await garbage(from, '--dry-run')).toEqual({});
    expect(await search(from, 'again')).toEqual(before);
    expect(await from.json(['kb', 'verify'])).toMatchObject({ ok: true });
  });
});
