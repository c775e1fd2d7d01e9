import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { exportDataset } from '../../src/datasets/exporters/registry.ts';
import { importDataset } from '../../src/datasets/import.ts';
import { openDataset } from '../../src/datasets/open.ts';
import { packageRoot } from '../../src/platform/entry.ts';
import { ensureWorkspace, workspacePaths } from '../../src/platform/paths.ts';

// What we export is read by the engines' own loaders, where their environments are installed: do they keep every row?

const LLM = 'smollm2-135m-instruct-hf';
const caches = path.join(packageRoot(), '.cache');
const home = mkdtempSync(path.join(os.tmpdir(), 'ragtui loaders-'));
const paths = workspacePaths(home, {
  RAGTUI_ENGINES_CACHE: process.env['RAGTUI_ENGINES_CACHE'] ?? path.join(caches, 'engines'),
  RAGTUI_MODELS_CACHE: process.env['RAGTUI_MODELS_CACHE'] ?? path.join(caches, 'models'),
});
const model = path.join(paths.models, LLM);
const engine = (name: 'llamafactory' | 'flagembedding') => path.join(paths.engines, name, 'bin', 'python');
const haveFactory = existsSync(engine('llamafactory')) && existsSync(path.join(model, 'config.json'));
const haveEmbedding = existsSync(engine('flagembedding'));

beforeAll(() => ensureWorkspace(paths));
afterAll(() => rmSync(home, { recursive: true, force: true }));

test.runIf(!haveFactory)('LLaMA-Factory is not installed here: its loader was NOT asked', () =>
  expect(haveFactory).toBe(false),
);
test.runIf(!haveEmbedding)('FlagEmbedding is not installed here: its loader was NOT asked', () =>
  expect(haveEmbedding).toBe(false),
);

function python(name: 'llamafactory' | 'flagembedding', args: readonly string[], loader: string = name): unknown {
  const script = path.join(packageRoot(), 'test', 'support', 'python', `load_${loader}.py`);
  const text = execFileSync(engine(name), [script, ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      HF_HUB_OFFLINE: '1',
      HF_HOME: path.join(home, 'hf'),
      CUDA_VISIBLE_DEVICES: '',
      DISABLE_VERSION_CHECK: '1',
    },
    maxBuffer: 1 << 26,
  });
  return JSON.parse(text.trim().split('\n').at(-1) ?? '');
}

const turn = (role: string, content: string) => ({ role, content });

async function kept(name: string, rows: readonly unknown[], to: string) {
  const file = path.join(home, `${name}.jsonl`);
  writeFileSync(file, rows.map((row) => JSON.stringify(row)).join('\n'));
  const { manifest } = await importDataset(paths, file, { name });
  const made = await exportDataset(openDataset(paths, name), to, undefined, path.join(home, `out ${name}`), {
    instruction: 'Find: ',
  });
  return { manifest, made };
}

const factorySchema = z.object({ rows: z.number(), texts: z.array(z.array(z.string())) });

test.runIf(haveFactory).each([
  [
    'alpaca',
    'sft',
    [
      { instruction: 'Add.', input: '1 1', output: 'Two.', history: [['Hi', 'Hello']], system: 'You add.' },
      { instruction: '下一个？', output: '三。' },
    ],
    [
      '<|im_start|>system\nYou add.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nHello<|im_end|>\n<|im_start|>user\nAdd.\n1 1<|im_end|>\n<|im_start|>assistant\nTwo.<|im_end|>\n',
    ],
  ],
  [
    'messages',
    'sft',
    [
      { messages: [turn('system', 'Be brief.'), turn('user', 'Q'), turn('assistant', 'A')] },
      { messages: [turn('user', 'Q1'), turn('assistant', 'A1'), turn('user', 'Q2'), turn('assistant', 'A2')] },
      { messages: [turn('user', 'Only'), turn('assistant', 'one')] },
    ],
    ['<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nQ<|im_end|>\n<|im_start|>assistant\nA<|im_end|>\n'],
  ],
  [
    'preference',
    'rm',
    [
      { prompt: 'Q', chosen: 'Good.', rejected: 'Bad.', system: 'Judge.' },
      { prompt: [turn('user', 'Q1'), turn('assistant', 'A1'), turn('user', 'Q2')], chosen: 'Yes.', rejected: 'No.' },
    ],
    [
      '<|im_start|>system\nJudge.<|im_end|>\n<|im_start|>user\nQ<|im_end|>\n<|im_start|>assistant\nGood.<|im_end|>\n',
      '<|im_start|>system\nJudge.<|im_end|>\n<|im_start|>user\nQ<|im_end|>\n<|im_start|>assistant\nBad.<|im_end|>\n',
    ],
  ],
  [
    'qa',
    'sft',
    [
      { id: 'a', question: 'When?', context: 'At six.', answers: ['six'] },
      { id: 'b', question: 'Where?', context: 'Here.', answers: [''] },
    ],
    undefined,
  ],
])(
  'LLaMA-Factory keeps every row of %s that we export, and reads it as we mean it',
  async (name, stage, rows, first) => {
    const { made } = await kept(name, rows, 'llamafactory');
    const folder = path.dirname(made.file);
    const read = factorySchema.parse(
      python('llamafactory', [folder, `${name}-all`, model, stage, path.join(home, 'out')]),
    );
    expect(read.rows).toBe(made.rows);
    expect(made.rows + made.omitted).toBe(rows.length);
    const system = 'You are a helpful assistant.';
    for (const texts of read.texts) for (const text of texts) expect(text).toMatch(/^<\|im_start\|>system\n/);
    expect(read.texts.at(-1)?.[0]).toContain(system);
    if (first) expect(read.texts[0]).toEqual(first);
  },
);

const embeddingSchema = z.object({ rows: z.number(), queries: z.array(z.string()), passages: z.array(z.number()) });

test.runIf(haveEmbedding)(
  'FlagEmbedding gives every row that we export, with the instruction before the query',
  async () => {
    const rows = [
      { query: 'one', pos: ['p', 'q'], neg: ['n', 'm', 'l'] },
      { query: '二', pos: ['p'], neg: ['n'] },
    ];
    const { made } = await kept('pairs', rows, 'flagembedding');
    const read = embeddingSchema.parse(python('flagembedding', [made.file, '4', 'unused: ']));
    expect(read).toEqual({ rows: 2, queries: ['Find: one', 'Find: 二'], passages: [4, 4] });
  },
);

const tableSchema = z.object({
  rows: z.number(),
  columns: z.array(z.string()),
  first: z.record(z.string(), z.unknown()),
});
const asTable = (type: 'parquet' | 'json', file: string) =>
  tableSchema.parse(python('llamafactory', [type, file], 'datasets'));

test.runIf(haveFactory)("Hugging Face's datasets reads our Parquet, lists and turns as what they are", async () => {
  const messages = [turn('user', 'Q'), turn('assistant', '灯塔')];
  const chat = await kept('chat', [{ messages }], 'parquet');
  expect(asTable('parquet', chat.made.file).first).toEqual({ form: 'messages', id: 'row-0', messages });
  const questions = [
    { id: 'a', contextId: 'c', question: 'q', context: 'x', answers: ['1', '2'], metadata: { year: 7 } },
  ];
  const { made } = await kept('questions', questions, 'parquet');
  expect(asTable('parquet', made.file).first).toEqual({ ...questions[0], metadata: '{"year":7}' });
});

test.runIf(haveFactory)(
  'rows for sentence-transformers have the same columns, as many negatives as every row has',
  async () => {
    const rows = [
      { query: 'one', pos: ['p', 'q'], neg: ['n', 'm', 'l'] },
      { query: 'two', pos: ['r'], neg: ['s', 't'] },
    ];
    const { made } = await kept('triplets', rows, 'sentence-transformers');
    expect(asTable('json', made.file)).toEqual({
      rows: 3,
      columns: ['anchor', 'positive', 'negative_1', 'negative_2'],
      first: { anchor: 'one', positive: 'p', negative_1: 'n', negative_2: 'm' },
    });
    expect(made.notes).toEqual([
      'Rows have 2 to 3 negatives; the first 2 of each are written.',
      expect.stringMatching(/^The query instruction is not in the rows/),
    ]);
  },
);
