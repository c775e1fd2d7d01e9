import { afterAll, expect, test } from 'vitest';
import { importDataset } from '../../../src/datasets/import.ts';
import { openDataset } from '../../../src/datasets/open.ts';
import type { DatasetKind } from '../../../src/datasets/types.ts';
import { all, DatasetWorkspace } from './workspace.ts';

const workspace = new DatasetWorkspace();
afterAll(() => workspace.remove());

let made = 0;
async function read(content: string | Uint8Array, format: string, kind?: DatasetKind) {
  const name = `set ${made++}`;
  const file = workspace.file(`${name}.txt`, content);
  const report = await importDataset(workspace.paths, file, { format, name, ...(kind ? { kind } : {}) });
  const problems = report.problems.map((one) => `${one.severity} ${one.line}: ${one.message}`);
  return { rows: await all<unknown>(openDataset(workspace.paths, name).rows()), problems, manifest: report.manifest };
}
const json = (value: unknown) => JSON.stringify(value, null, 1);

test('CMRC, the flat layout: texts with their questions; a number among the answers becomes text and is told', async () => {
  const { rows, problems, manifest } = await read(
    json([
      {
        context_id: 'T_1',
        context_text: '灯塔建于1874年，高31米。',
        title: '灯塔',
        qas: [
          { query_id: 'T_1_Q_0', query_text: '灯塔多高？', answers: ['31米', '高31米', 31] },
          { query_id: 'T_1_Q_1', query_text: '灯塔何时建成？', answers: ['1874年'] },
        ],
      },
      {
        context_id: 'T_2',
        context_text: '港口冬天结冰。',
        qas: [{ query_id: 'T_2_Q_0', query_text: '何时结冰？', answers: [] }],
      },
      { context_id: 'T_3', qas: [] },
      7,
    ]),
    'cmrc',
  );
  const context = '灯塔建于1874年，高31米。';
  expect(rows).toEqual([
    {
      id: 'T_1_Q_0',
      contextId: 'T_1',
      context,
      question: '灯塔多高？',
      answers: ['31米', '高31米', '31'],
      metadata: { title: '灯塔' },
    },
    {
      id: 'T_1_Q_1',
      contextId: 'T_1',
      context,
      question: '灯塔何时建成？',
      answers: ['1874年'],
      metadata: { title: '灯塔' },
    },
  ]);
  expect(problems).toEqual([
    'warning 2: T_1_Q_0: 1 of its answers are numbers, not text; kept as text.',
    'skipped 25: T_2_Q_0: it has no answer.',
    'skipped 36: a text has no "context_text" and no "context".',
    'skipped 40: it is not a JSON object.',
  ]);
  expect(manifest).toMatchObject({ kind: 'qa', rows: 2, questions: 2, contexts: 1, incomplete: 0 });
});

test('the SQuAD layout, as SQuAD 2 and as CMRC publish it', async () => {
  const squad = await read(
    json({
      version: 'v2.0',
      data: [
        {
          title: 'Tide',
          paragraphs: [
            {
              context: 'The tide turns at six.',
              qas: [
                { id: 'a1', question: 'When does the tide turn?', answers: [{ text: 'at six', answer_start: 15 }] },
                { id: 'a2', question: 'Who turns it?', answers: [], is_impossible: true },
              ],
            },
          ],
        },
      ],
    }),
    'squad',
  );
  expect(squad.rows).toEqual([
    {
      id: 'a1',
      // printf 'The tide turns at six.' | sha256sum | head -c 16
      contextId: '6f7e2358b6808e3b',
      context: 'The tide turns at six.',
      question: 'When does the tide turn?',
      answers: ['at six'],
      metadata: { title: 'Tide', answerStart: 15 },
    },
    {
      id: 'a2',
      contextId: '6f7e2358b6808e3b',
      context: 'The tide turns at six.',
      question: 'Who turns it?',
      answers: [''],
      metadata: { title: 'Tide', impossible: true },
    },
  ]);
  expect(squad.problems).toEqual([]);
  expect(squad.manifest.incomplete).toBe(1);
  const cmrc = await read(
    '{"version":"v1","data":[{"paragraphs":[{"id":"D_0","context":"雨停了。","qas":[{"id":"D_0_Q","question":"雨呢？","answers":[{"text":"停了","answer_start":1}]}]}],"id":"D_0","title":"雨"}]}',
    'cmrc',
  );
  expect(cmrc.rows).toEqual([
    {
      id: 'D_0_Q',
      contextId: 'D_0',
      context: '雨停了。',
      question: '雨呢？',
      answers: ['停了'],
      metadata: { title: '雨', answerStart: 1 },
    },
  ]);
});

test('financial-qa: quoted commas and line ends, other columns as metadata, bad and empty rows by their line', async () => {
  const { rows, problems, manifest } = await read(
    '\ufeffquestion,answer,context,ticker\r\n' +
      '"What, then?","It said ""so"".","Two\nlines, one cell.",ABC\r\n' +
      'too,few\r\n' +
      'Where?,,"Two\nlines, one cell.",ABC\r\n' +
      'Last?,Yes.,Short.,XYZ\r\n',
    'financial-qa',
  );
  expect(rows).toMatchObject([
    {
      id: 'row-0',
      question: 'What, then?',
      answers: ['It said "so".'],
      context: 'Two\nlines, one cell.',
      metadata: { ticker: 'ABC' },
    },
    { id: 'row-2', question: 'Where?', answers: [''], context: 'Two\nlines, one cell.' },
    { id: 'row-3', question: 'Last?', answers: ['Yes.'], context: 'Short.', metadata: { ticker: 'XYZ' } },
  ]);
  expect(problems).toEqual([
    'skipped 4: it has 2 columns, the header has 4.',
    'warning 5: answer is empty; it is kept, but never exported.',
  ]);
  expect(manifest).toMatchObject({ rows: 3, questions: 3, contexts: 2, incomplete: 1 });
});

test('alpaca: a list and JSON lines read the same; system and history are kept, an empty system stays empty', async () => {
  const data = [
    { instruction: 'Add.', input: '1 1', output: '2', system: '', history: [['Hi', 'Hello']] },
    { instruction: 'Say hello.', output: 'Hello.' },
    { instruction: 'Say nothing.', input: '', output: ' ' },
    { instruction: 'x', output: 'y', history: [['only one']] },
  ];
  const list = await read(json(data), 'alpaca');
  const lines = await read(`${data.map((row) => JSON.stringify(row)).join('\r\n')}\r\n\r\nnot json\r\n`, 'alpaca');
  const expected = [
    {
      form: 'alpaca',
      id: 'row-0',
      system: '',
      history: [['Hi', 'Hello']],
      instruction: 'Add.',
      input: '1 1',
      output: '2',
    },
    { form: 'alpaca', id: 'row-1', history: [], instruction: 'Say hello.', input: '', output: 'Hello.' },
  ];
  expect(list.rows).toEqual(expected);
  expect(lines.rows).toEqual(expected);
  expect(lines.problems).toEqual([
    'skipped 3: "output" is empty: there is nothing to learn.',
    'skipped 4: "history" is not a list of [user, assistant] pairs.',
    'skipped 6: it is not JSON.',
  ]);
});

test('alpaca read as qa: the SFT prompt is taken apart, other instructions are left out', async () => {
  const prompt = '请用下面的文段的原文来回答问题\n\n### 已知文段：潮水六点转向。\n第二行。\n\n### 问题：何时转向？\n';
  const { rows, problems } = await read(
    [
      { instruction: prompt, input: '', output: '六点' },
      { instruction: 'Free.', input: '', output: 'x' },
    ]
      .map((row) => JSON.stringify(row))
      .join('\n'),
    'alpaca',
    'qa',
  );
  expect(rows).toMatchObject([{ context: '潮水六点转向。\n第二行。', question: '何时转向？', answers: ['六点'] }]);
  expect(problems).toEqual(['skipped 2: its instruction is not the SFT prompt with an empty input.']);
});

test('openai messages: turns must alternate and end with the assistant; an empty system turn is kept', async () => {
  const m = (...turns: [string, unknown][]) =>
    JSON.stringify({ messages: turns.map(([role, content]) => ({ role, content })) });
  const { rows, problems } = await read(
    [
      m(['system', ''], ['user', 'a'], ['assistant', 'b']),
      m(['user', 'a'], ['user', 'b'], ['assistant', 'c']),
      m(['user', 'a']),
      m(['user', 'a'], ['assistant', null]),
      m(['tool', 'a'], ['assistant', 'b']),
      '{"messages": "x"}',
    ].join('\n'),
    'openai',
  );
  expect(rows).toEqual([
    {
      form: 'messages',
      id: 'row-0',
      messages: [
        { role: 'system', content: '' },
        { role: 'user', content: 'a' },
        { role: 'assistant', content: 'b' },
      ],
    },
  ]);
  expect(problems).toEqual([
    'skipped 2: message 2 is of user, where assistant speaks.',
    'skipped 3: it does not end with an answer of the assistant.',
    'skipped 4: message 2 (assistant) has no text.',
    'skipped 5: message 1 has the role "tool"; conversations with tools are not read.',
    'skipped 6: it has no list "messages".',
  ]);
});

test('line separators and emoji inside a text are text', async () => {
  const output = 'one\u2028two\u2029three 👩‍👩‍👧 \r end';
  const { rows } = await read(JSON.stringify({ instruction: 'x', output }), 'alpaca');
  expect(rows).toMatchObject([{ output }]);
});

test.each([
  [
    '[{"instruction": "a", "output": "b"}, {"instruction": "c"',
    'alpaca',
    'corrupt',
    /ends inside the element that begins at line 1/,
  ],
  ['[{"context_text": "a", "qas": []},\n', 'cmrc', 'corrupt', /ends before its list does/],
  ['{"version": 1}', 'squad', 'invalid', /not a list, nor an object with a list "data"/],
  ['{"note": "data", "other": [1]}', 'squad', 'invalid', /nor an object with a list "data"/],
  ['', 'financial-qa', 'invalid', /empty/],
  ['question,answer\na,b\n', 'financial-qa', 'invalid', /no column context/],
  [
    'question,answer,context\na,b,"never closed\n',
    'financial-qa',
    'invalid',
    /line 2: a quotation mark in it is never/,
  ],
  [
    '{"instruction": 1}',
    'alpaca',
    'invalid',
    /no row that can be read as alpaca\. The first of 1: line 1: "instruction" is not text/,
  ],
  [Buffer.from('%PDF-1.7 '), 'alpaca', 'unsupported', /PDF/],
])('a file that cannot be read leaves nothing: %s', async (content, format, code, message) => {
  const name = `set ${made}`;
  await expect(read(content, format)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  expect(() => openDataset(workspace.paths, name)).toThrow(/no dataset/);
});

test('an unknown format, and a kind that a format does not make, are wrong usage', async () => {
  await expect(read('x', 'nonsense')).rejects.toMatchObject({ code: 'usage' });
  await expect(read('x', 'cmrc', 'sft')).rejects.toMatchObject({ code: 'usage' });
  await expect(importDataset(workspace.paths, '/nowhere/x.json', { format: 'cmrc' })).rejects.toMatchObject({
    code: 'not-found',
  });
});
