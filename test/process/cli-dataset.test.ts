import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { ensureBuilt, ensureModels } from '../support/models.ts';
import { CommandWorkspace } from '../support/ragtui.ts';

const EMBEDDER = 'bge-small-en-v1.5-int8';
let workspace: CommandWorkspace;
let file: string;

const counts = z.object({
  rows: z.number(),
  questions: z.number(),
  contexts: z.number(),
  dataset: z.object({ version: z.string(), splits: z.array(z.unknown()) }),
});

beforeAll(async () => {
  ensureBuilt();
  await ensureModels([EMBEDDER]);
  workspace = new CommandWorkspace();
  file = path.join(workspace.home, 'ports and tides.csv');
  const rows = Array.from({ length: 40 }, (_, at) => `Question ${at}?,Answer ${at}.,Context number ${at >> 1}.`);
  mkdirSync(workspace.home, { recursive: true });
  writeFileSync(file, `question,answer,context\n${rows.join('\n')}\none cell\n`);
});
afterAll(() => workspace.close());

const json = (...args: string[]) => workspace.json(['dataset', ...args]);

test('import, split, show, render, export, delete: each by one command', async () => {
  const imported = counts
    .extend({ problems: z.array(z.object({ line: z.number(), severity: z.string(), message: z.string() })) })
    .parse(await json('import', file, '--format', 'financial-qa', '--name', 'Ports'));
  expect(imported).toMatchObject({ rows: 40, questions: 40, contexts: 20 });
  expect(imported.problems).toEqual([
    { severity: 'skipped', line: 42, message: 'it has 1 columns, the header has 3.' },
  ]);
  await json('split', 'ports', '--by', 'tutorial');
  const { stdout } = await workspace.run([
    'dataset',
    'split',
    'ports',
    '--by',
    'context',
    '--test',
    '8',
    '--seed',
    '1',
  ]);
  expect(stdout).toBe('context (seed 1): test 8, train 32; no test row shares its context with train\n');
  expect(counts.parse(await json('show', 'ports')).dataset.splits).toHaveLength(2);
  const shown = await workspace.run(['dataset', 'show', 'ports']);
  expect(shown.stdout).toMatch(/split +tutorial \(seed 1314\): test 4, train 36; \d of the 4 test rows share/);
  const row = await json('show', 'ports', '--row', '3');
  expect(row).toMatchObject({ number: 3, row: { question: 'Question 3?', context: 'Context number 1.' } });
  const rendered = z
    .object({ messages: z.array(z.object({ role: z.string(), content: z.string() })) })
    .parse(await json('render', 'ports', '--row', '3'));
  expect(rendered.messages).toEqual([
    { role: 'system', content: 'You are a helpful assistant.' },
    {
      role: 'user',
      content: '请用下面的文段的原文来回答问题\n\n### 已知文段：Context number 1.\n\n### 问题：Question 3?\n',
    },
    { role: 'assistant', content: 'Answer 3.' },
  ]);
  const out = path.join(workspace.home, 'for training');
  await json('export', 'ports', '--to', 'llamafactory', '--split', 'context/train', '--out', out);
  await json('export', 'ports', '--to', 'flagembedding', '--split', 'context/train', '--out', out, '--negatives', '3');
  expect(readdirSync(out).sort()).toEqual([
    'dataset_info.json',
    'ports-context-train-retrieval.jsonl',
    'ports-context-train.jsonl',
  ]);
  const [line = ''] = readFileSync(path.join(out, 'ports-context-train-retrieval.jsonl'), 'utf8').split('\n');
  expect(JSON.parse(line)).toMatchObject({ prompt: 'Represent this sentence for searching relevant passages: ' });
  await json('negatives', 'ports', '--count', '2', '--name', 'pairs');
  const listed = z.object({ datasets: z.array(z.object({ name: z.string() })) }).parse(await json('list'));
  expect(listed.datasets.map((one) => one.name)).toEqual(['pairs', 'Ports']);
  const refused = await workspace.run(['dataset', 'delete', 'pairs']);
  expect(refused.code).toBe(2);
  await json('delete', 'pairs', '--yes');
  expect((await workspace.run(['dataset', 'show', 'pairs'])).code).toBe(1);
  expect((await workspace.run(['dataset', 'list', '--deleted'])).stdout).toMatch(/^pairs +40 /m);
  await json('restore', 'pairs');
  expect((await workspace.run(['dataset', 'show', 'pairs'])).stdout).toMatch(/^ +→ negatives \(/m);
});

test.each([
  [['import', 'nowhere.csv', '--format', 'nonsense'], 2, /no format "nonsense"/],
  [['import', 'nowhere.csv', '--format', 'cmrc'], 1, /There is no file/],
  [['import', 'nowhere.csv'], 1, /There is no file/],
  [['import', 'nowhere.csv', '--map', 'question'], 2, /does not map a column/],
  [['show', 'nowhere'], 1, /no dataset "nowhere"/],
  [['split', 'x', '--by', 'luck'], 2, /--by is not right: context/],
  [['export', 'x', '--to', 'nonsense', '--out', 'x'], 2, /no format "nonsense"/],
])('errors are one line: %j', async (args, code, line) => {
  const run = await workspace.run(['dataset', ...args]);
  expect(run.code).toBe(code);
  expect(run.stdout).toBe('');
  expect(run.stderr.trimEnd().split('\n')).toHaveLength(1);
  expect(run.stderr).toMatch(line);
});

test.each(['after_fsync', 'after_rename'])(
  'killed by SIGKILL %s: there is no dataset, and the next import makes it whole',
  async (at) => {
    const home = path.join(workspace.home, `killed ${at}`);
    const args = ['--home', home, 'dataset', 'import', file, '--format', 'financial-qa', '--name', 'ports'];
    const killed = await workspace.run(args, { RAGTUI_CRASH_AT: at });
    expect(killed.code).not.toBe(0);
    expect(killed.stdout).toBe('');
    expect(existsSync(path.join(home, 'datasets', 'ports', 'dataset.json'))).toBe(false);
    expect(await workspace.json(['--home', home, 'dataset', 'list'])).toEqual({ datasets: [] });
    await workspace.json(args);
    const shown = counts.parse(await workspace.json(['--home', home, 'dataset', 'show', 'ports']));
    expect(shown.rows).toBe(40);
    const row = await workspace.json(['--home', home, 'dataset', 'show', 'ports', '--row', '39']);
    expect(row).toMatchObject({ row: { question: 'Question 39?' } });
    expect(readdirSync(path.join(home, 'datasets'))).toEqual(['ports']);
  },
);

test('kb create --from-dataset: one document for each context of the part, found by its text', async () => {
  await json('import', file, '--format', 'financial-qa', '--name', 'for kb');
  await json('split', 'for kb', '--by', 'context', '--test', '6');
  const create = ['kb', 'create', 'gold', '--from-dataset', 'for kb', '--split', 'test', '--group', 'line'];
  await workspace.json(create);
  const document = z.object({ name: z.string() });
  const { documents } = z
    .object({ documents: z.array(document) })
    .parse(await workspace.json(['kb', 'documents', 'gold']));
  expect(documents).toHaveLength(3);
  const { row } = z
    .object({ row: z.object({ context: z.string() }) })
    .parse(await json('show', 'for kb', '--split', 'test', '--row', '0'));
  const { hits } = z
    .object({ hits: z.array(z.object({ text: z.string() })) })
    .parse(await workspace.json(['search', row.context, '--kb', 'gold', '--top-k', '1']));
  expect(hits.map((hit) => hit.text)).toEqual([row.context]);
  const again = await workspace.run(create);
  expect(again.code).toBe(1);
  expect(again.stderr).toMatch(/already a knowledge base "gold"/);
  expect((await workspace.run(['kb', 'create', 'x', '--split', 'test'])).code).toBe(2);
});
