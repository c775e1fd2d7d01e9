import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { contextsOf, writeContexts } from '../../../src/datasets/contexts.ts';
import { exportFlagEmbedding } from '../../../src/datasets/exporters/flagembedding.ts';
import { exportLlamaFactory } from '../../../src/datasets/exporters/llamafactory.ts';
import { importDataset } from '../../../src/datasets/import.ts';
import { addNegatives, makeRetrievalDataset } from '../../../src/datasets/negatives/random.ts';
import { openDataset, openQaDataset } from '../../../src/datasets/open.ts';
import { parseSftPrompt, renderRow, sftPrompt } from '../../../src/datasets/render.ts';
import { splitDataset } from '../../../src/datasets/split.ts';
import { all, DatasetWorkspace } from './workspace.ts';

let workspace: DatasetWorkspace;
let out: string;
beforeEach(() => {
  workspace = new DatasetWorkspace();
  out = path.join(workspace.folder, 'out put');
});
afterEach(() => workspace.remove());

const lines = (file: string): unknown[] =>
  readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

async function qa(rows: readonly string[]) {
  const file = workspace.file('qa.csv', `question,answer,context\n${rows.join('\n')}\n`);
  await importDataset(workspace.paths, file, { format: 'financial-qa', name: 'qa' });
  return openQaDataset(workspace.paths, 'qa');
}

async function sft(format: string, rows: readonly unknown[]) {
  const file = workspace.file('sft.jsonl', rows.map((row) => JSON.stringify(row)).join('\n'));
  await importDataset(workspace.paths, file, { format, name: 'sft' });
  return openDataset(workspace.paths, 'sft');
}

const PROMPT = '请用下面的文段的原文来回答问题\n\n### 已知文段：The tide turns at six.\n\n### 问题：When?\n';

test('the SFT prompt, byte for byte, and the way back', () => {
  expect(sftPrompt('The tide turns at six.', 'When?')).toBe(PROMPT);
  expect(parseSftPrompt(PROMPT)).toEqual({ context: 'The tide turns at six.', question: 'When?' });
  expect(parseSftPrompt(PROMPT.trim())).toBeUndefined();
});

test('qa for LLaMA-Factory: prompt, empty input, first answer, system; incomplete rows are left out and counted', async () => {
  const dataset = await qa(['When?,At six.,The tide turns at six.', 'Why?,,The tide turns at six.']);
  const made = await exportLlamaFactory(dataset, undefined, out);
  expect(made).toEqual({
    dataset: 'qa-all',
    rowsFile: path.join(out, 'qa-all.jsonl'),
    infoFile: path.join(out, 'dataset_info.json'),
    rows: 1,
    omitted: 1,
    emptySystem: 0,
  });
  expect(lines(made.rowsFile)).toEqual([
    { instruction: PROMPT, input: '', output: 'At six.', system: 'You are a helpful assistant.' },
  ]);
  expect(JSON.parse(readFileSync(made.infoFile, 'utf8'))).toEqual({
    'qa-all': {
      file_name: 'qa-all.jsonl',
      formatting: 'alpaca',
      columns: { prompt: 'instruction', query: 'input', response: 'output', system: 'system' },
    },
  });
  expect(() => renderRow(dataset.row(1), 1)).toThrow(/incomplete/);
  expect(renderRow(dataset.row(0), 0).map((message) => message.role)).toEqual(['system', 'user', 'assistant']);
});

test('two parts in one folder: both are in dataset_info.json', async () => {
  const dataset = await qa(Array.from({ length: 10 }, (_, at) => `q${at},a,c${at}`));
  await splitDataset(workspace.paths, 'qa', { method: 'context', test: 2 });
  const again = openDataset(workspace.paths, 'qa');
  await exportLlamaFactory(again, 'context/train', out);
  const { infoFile } = await exportLlamaFactory(again, 'test', out);
  expect(Object.keys(JSON.parse(readFileSync(infoFile, 'utf8')))).toEqual(['qa-context-train', 'qa-test']);
  await expect(exportLlamaFactory(dataset, 'context/train', out)).rejects.toMatchObject({ code: 'not-found' });
});

test('alpaca with history: the column is listed, every row has it, a missing system is written out', async () => {
  const dataset = await sft('alpaca', [
    { instruction: 'Add.', input: '1 1', output: '2', history: [['Hi', 'Hello']] },
    { instruction: 'Sing.', output: 'La.', system: 'You sing.' },
  ]);
  const { rowsFile, infoFile } = await exportLlamaFactory(dataset, undefined, out);
  expect(lines(rowsFile)).toEqual([
    {
      instruction: 'Add.',
      input: '1 1',
      output: '2',
      system: 'You are a helpful assistant.',
      history: [['Hi', 'Hello']],
    },
    { instruction: 'Sing.', input: '', output: 'La.', system: 'You sing.', history: [] },
  ]);
  expect(JSON.parse(readFileSync(infoFile, 'utf8'))['sft-all'].columns).toEqual({
    prompt: 'instruction',
    query: 'input',
    response: 'output',
    system: 'system',
    history: 'history',
  });
});

test('messages go as sharegpt with tags, never as formatting openai', async () => {
  const dataset = await sft('openai', [
    {
      messages: [
        { role: 'user', content: 'a' },
        { role: 'assistant', content: 'b' },
      ],
    },
    {
      messages: [
        { role: 'system', content: 's' },
        { role: 'user', content: 'c' },
        { role: 'assistant', content: 'd' },
      ],
    },
  ]);
  const { rowsFile, infoFile } = await exportLlamaFactory(dataset, undefined, out);
  expect(lines(rowsFile)).toEqual([
    {
      messages: [
        { role: 'system', content: 'You are a helpful assistant.' },
        { role: 'user', content: 'a' },
        { role: 'assistant', content: 'b' },
      ],
    },
    {
      messages: [
        { role: 'system', content: 's' },
        { role: 'user', content: 'c' },
        { role: 'assistant', content: 'd' },
      ],
    },
  ]);
  expect(JSON.parse(readFileSync(infoFile, 'utf8'))).toEqual({
    'sft-all': {
      file_name: 'sft-all.jsonl',
      formatting: 'sharegpt',
      columns: { messages: 'messages' },
      tags: {
        role_tag: 'role',
        content_tag: 'content',
        user_tag: 'user',
        assistant_tag: 'assistant',
        system_tag: 'system',
      },
    },
  });
  await expect(exportFlagEmbedding(dataset, undefined, out)).rejects.toMatchObject({ code: 'unsupported' });
});

test('negatives: as many as asked, all different, of the same part, never the own context or the same text', async () => {
  const rows = Array.from({ length: 24 }, (_, at) => `q${at},a,context ${at % 12}`);
  await qa([...rows, 'same,a,context  3 ', 'empty,a,']);
  await splitDataset(workspace.paths, 'qa', { method: 'tutorial', seed: 3 });
  const dataset = openQaDataset(workspace.paths, 'qa');
  const inTrain = new Set((await all(dataset.rows('train'))).map((row) => row.context));
  const made = await all(addNegatives(dataset, { count: 8, seed: 5, part: 'train', instruction: 'Find: ' }));
  expect(made).toHaveLength(dataset.rowNumbers('train').filter((at) => at !== 25).length);
  const loose = (text: string) => text.trim().replace(/\s+/g, ' ');
  for (const { query, pos, neg, prompt } of made) {
    expect(query).not.toBe('');
    expect(prompt).toBe('Find: ');
    expect(new Set(neg.map(loose)).size).toBe(8);
    expect(neg.map(loose)).not.toContain(loose(pos[0] ?? ''));
    for (const text of neg) expect(inTrain.has(text)).toBe(true);
  }
  await expect(all(addNegatives(dataset, { count: 12, part: 'train' }))).rejects.toMatchObject({ code: 'invalid' });
});

test('a text under the row’s own context id is no negative for it', async () => {
  const passage = (id: string, text: string) => ({
    context_id: id,
    context_text: text,
    qas: [{ query_id: `q ${text}`, query_text: 'q', answers: ['a'] }],
  });
  const content = [passage('A', 'one'), passage('A', 'two'), passage('B', 'three'), passage('C', 'four')];
  const file = workspace.file('c.json', JSON.stringify(content));
  await importDataset(workspace.paths, file, { format: 'cmrc', name: 'c' });
  const [first, second] = await all(addNegatives(openQaDataset(workspace.paths, 'c'), { count: 2 }));
  for (const row of [first, second]) expect(row?.neg.toSorted()).toEqual(['four', 'three']);
});

test('FlagEmbedding: the same seed gives the same bytes, another seed others; no instruction, no prompt', async () => {
  const dataset = await qa(Array.from({ length: 30 }, (_, at) => `q${at},a,context ${at}`));
  const write = async (seed: number) => {
    const { file } = await exportFlagEmbedding(dataset, undefined, out, { seed, negatives: 7 });
    expect(path.extname(file)).toBe('.jsonl');
    return { text: readFileSync(file, 'utf8'), rows: lines(file) };
  };
  const [one, again, other] = [await write(1), await write(1), await write(2)];
  expect(again.text).toBe(one.text);
  expect(other.text).not.toBe(one.text);
  expect(one.rows).toHaveLength(30);
  expect(one.rows[4]).toEqual({ query: 'q4', pos: ['context 4'], neg: expect.any(Array) });
});

test('kept negatives are a dataset of their own with its lineage, and export as they are', async () => {
  await qa(Array.from({ length: 5 }, (_, at) => `q${at},a,context ${at}`));
  const { manifest } = await makeRetrievalDataset(workspace.paths, 'qa', { count: 3, seed: 9, instruction: 'Find: ' });
  expect(manifest).toMatchObject({ name: 'qa-retrieval', kind: 'retrieval', rows: 5, questions: 5, contexts: 5 });
  expect(manifest.lineage.steps.at(-1)).toEqual({
    name: 'negatives',
    parameters: { method: 'random', count: 3, part: 'all', instruction: 'Find: ' },
    seed: 9,
  });
  const dataset = openDataset(workspace.paths, 'qa-retrieval');
  const { file } = await exportFlagEmbedding(dataset, undefined, out);
  expect(lines(file)).toEqual(await all<unknown>(dataset.rows()));
  await expect(exportLlamaFactory(dataset, undefined, out)).rejects.toMatchObject({ code: 'unsupported' });
});

test('contexts as documents: one for each text, under its context id, and as lines an ingest can read', async () => {
  const content = [
    ['A', 'one', 'Title'],
    ['A', 'two', ''],
    ['B', 'one', ''],
    ['C', '', ''],
  ].map(([context_id, context_text, title]) => ({
    context_id,
    context_text,
    title,
    qas: [
      { query_id: 'x', query_text: 'q', answers: ['a'] },
      { query_id: 'y', query_text: 'r', answers: ['a'] },
    ],
  }));
  const source = workspace.file('c.json', JSON.stringify(content));
  await importDataset(workspace.paths, source, { format: 'cmrc', name: 'c' });
  const dataset = openQaDataset(workspace.paths, 'c');
  expect(await all(contextsOf(dataset))).toEqual([
    { key: 'A', text: 'one', title: 'Title' },
    { key: 'A#2', text: 'two', title: undefined },
  ]);
  const { file, documents } = await writeContexts(dataset);
  expect(documents).toBe(2);
  expect(lines(file)).toEqual([
    { id: 'A', title: 'Title', text: 'one' },
    { id: 'A#2', text: 'two' },
  ]);
});
