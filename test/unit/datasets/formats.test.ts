import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, expect, test } from 'vitest';
import { type ImportOptions, importDataset } from '../../../src/datasets/import.ts';
import { parseColumnMap } from '../../../src/datasets/importers/column-map.ts';
import { openDataset } from '../../../src/datasets/open.ts';
import { previewFile } from '../../../src/datasets/preview-file.ts';
import { listDatasets } from '../../../src/datasets/store.ts';
import { all, DatasetWorkspace } from './workspace.ts';

const workspace = new DatasetWorkspace();
afterAll(() => workspace.remove());

let made = 0;
/** Imports a file of this content, by default without a word about its format. */
async function read(content: string | Uint8Array, extension = 'jsonl', options: ImportOptions = {}) {
  const name = `format ${made++}`;
  const file = workspace.file(`${name}.${extension}`, content);
  const report = await importDataset(workspace.paths, file, { name, ...options });
  const problems = report.problems.map((one) => `${one.line}: ${one.message}`);
  const rows = await all<unknown>(openDataset(workspace.paths, name).rows());
  return { rows, problems, format: report.format, detected: report.detected, manifest: report.manifest };
}
const lines = (...rows: readonly unknown[]) => rows.map((row) => JSON.stringify(row)).join('\n');
const turn = (role: string, content: unknown) => ({ role, content });
const said = (from: string, value: string) => ({ from, value });

test('ShareGPT: human, gpt and system under their many names, a system beside the turns; tools are refused', async () => {
  const { rows, problems, format, detected } = await read(
    lines(
      { id: 'a', conversations: [said('system', 'S'), said('human', 'Q'), said('gpt', 'A')] },
      { conversations: [said('user', 'Q'), said('chatgpt', 'A')], system: 'Beside.' },
      { conversations: [said('human', 'Q'), said('function_call', '{}'), said('observation', '3'), said('gpt', 'A')] },
      { conversations: [said('gpt', 'I begin'), said('human', 'Q')] },
      { conversations: [said('human', 'Q'), said('gpt', 'A')], tools: '[{"name":"f"}]' },
      { conversations: [said('toString', 'Q')] },
    ),
  );
  expect([format, detected]).toEqual(['sharegpt', true]);
  expect(rows).toEqual([
    { form: 'messages', id: 'a', messages: [turn('system', 'S'), turn('user', 'Q'), turn('assistant', 'A')] },
    { form: 'messages', id: 'row-1', messages: [turn('system', 'Beside.'), turn('user', 'Q'), turn('assistant', 'A')] },
  ]);
  expect(problems).toEqual([
    '3: message 2 has the role "function_call"; conversations with tools are not read.',
    '4: message 1 is of assistant, where user speaks.',
    '5: it offers tools; conversations with tools are not read.',
    '6: message 1 has the role "toString"; system, user and assistant are read.',
  ]);
});

test('OpenAI: parts of text are one text; pictures, tools and weights are told', async () => {
  const parts = [
    { type: 'text', text: 'one ' },
    { type: 'text', text: 'two' },
  ];
  const { rows, problems, format } = await read(
    lines(
      { messages: [turn('developer', ''), turn('user', parts), turn('assistant', 'A')] },
      { messages: [turn('user', [{ type: 'image_url', image_url: {} }]), turn('assistant', 'A')] },
      { messages: [turn('user', 'Q'), { role: 'assistant', content: 'A', weight: 0 }] },
      { messages: [turn('user', 'Q'), { role: 'assistant', content: null, tool_calls: [{}] }] },
    ),
  );
  expect(format).toBe('openai');
  expect(rows).toEqual([
    { form: 'messages', id: 'row-0', messages: [turn('system', ''), turn('user', 'one two'), turn('assistant', 'A')] },
    { form: 'messages', id: 'row-2', messages: [turn('user', 'Q'), turn('assistant', 'A')] },
  ]);
  expect(problems).toEqual([
    '2: message 1 (user) has no text.',
    '3: "weight" is not kept: every answer of it is learned.',
    '4: message 2 calls a tool; conversations with tools are not read.',
  ]);
});

test('retrieval: FlagEmbedding, pairs, triplets, lists and labelled pairs', async () => {
  const flag = await read(
    lines(
      { query: 'q', pos: ['p'], neg: ['n'], prompt: 'Find: ' },
      { query: 'q', pos: [] },
      { query: '', pos: ['p'], neg: [] },
    ),
  );
  expect(flag.rows).toEqual([{ query: 'q', pos: ['p'], neg: ['n'], prompt: 'Find: ' }]);
  expect(flag.problems).toEqual(['2: "pos" is no list of texts with at least one.', '3: "query" is empty or no text.']);
  const triplets = await read('anchor,positive,negative_1,negative_2\nq,p,n,"m, m"\nr,s,t,\n', 'csv');
  expect(triplets.rows).toEqual([
    { query: 'q', pos: ['p'], neg: ['n', 'm, m'] },
    { query: 'r', pos: ['s'], neg: ['t'] },
  ]);
  const lists = await read(lines(['q', 'p'], ['q', 'p', 'n']));
  expect(lists.rows).toEqual([
    { query: 'q', pos: ['p'], neg: [] },
    { query: 'q', pos: ['p'], neg: ['n'] },
  ]);
  const labelled = await read('sentence1\tsentence2\tlabel\na\tb\t1\nc\td\t0\n', 'tsv');
  expect(labelled.rows).toEqual([{ query: 'a', pos: ['b'], neg: [] }]);
  expect(labelled.problems).toEqual(['3: it is labelled 0: only 1 says that the two belong together.']);
  for (const { format, manifest } of [flag, triplets, lists, labelled])
    expect([format, manifest.kind]).toEqual(['retrieval', 'retrieval']);
});

test('preference pairs: the forms of LLaMA-Factory, OpenAI and TRL become the same row', async () => {
  const { rows, problems, format } = await read(
    lines(
      { instruction: 'Add.', input: '1 1', chosen: '2', rejected: '3', system: 'S', history: [['Hi', 'Hello']] },
      { conversations: [said('human', 'Q')], chosen: said('gpt', 'A'), rejected: said('gpt', 'B') },
      {
        input: { messages: [turn('user', 'Q')] },
        preferred_output: [turn('assistant', 'A')],
        non_preferred_output: [turn('assistant', 'B')],
      },
      { prompt: 'Q', chosen: 'A', rejected: 'B' },
      { prompt: [turn('user', 'Q')], chosen: [turn('assistant', 'A')], rejected: [turn('assistant', 'B')] },
      { chosen: [turn('user', 'Q'), turn('assistant', 'A')], rejected: [turn('user', 'Q'), turn('assistant', 'B')] },
      { chosen: [turn('user', 'Q'), turn('assistant', 'A')], rejected: [turn('user', 'P'), turn('assistant', 'B')] },
      { prompt: 'Q', chosen: 'A', rejected: 'A' },
      { chosen: 'A', rejected: 'B' },
    ),
  );
  expect(format).toBe('preference');
  const plain = { messages: [turn('user', 'Q')], chosen: 'A', rejected: 'B' };
  expect(rows).toEqual([
    {
      id: 'row-0',
      messages: [turn('system', 'S'), turn('user', 'Hi'), turn('assistant', 'Hello'), turn('user', 'Add.\n1 1')],
      chosen: '2',
      rejected: '3',
    },
    ...[1, 2, 3, 4, 5].map((at) => ({ id: `row-${at}`, ...plain })),
  ]);
  expect(problems).toEqual([
    '7: its two conversations differ before their last turn.',
    '8: both answers are the same.',
    '9: it has no prompt (prompt, instruction, question or conversations).',
  ]);
});

test('any table by a map: its other columns are metadata; a guessed map is used where the names say enough', async () => {
  const csv = 'no;Frage;Stelle;Antwort;Jahr\n7;Wie hoch?;"Der Turm; 31 m.";31 m;1874\n8;Wann?;Text;;1900\n';
  const wish = { map: { id: 'no', question: 'Frage', context: 'Stelle', answers: 'Antwort' } };
  const { rows, problems, manifest } = await read(csv, 'csv', wish);
  expect(rows).toMatchObject([
    { id: '7', question: 'Wie hoch?', context: 'Der Turm; 31 m.', answers: ['31 m'], metadata: { Jahr: '1874' } },
    { id: '8', answers: [''] },
  ]);
  expect(problems).toEqual(['3: answer is empty; it is kept, but never exported.']);
  expect(manifest.lineage.steps[0]?.parameters['map']).toBe('id=no,question=Frage,context=Stelle,answers=Antwort');

  const flat = {
    id: 'x',
    title: 't',
    context: '0123 31 m',
    question: 'q',
    answers: { text: ['31 m'], answer_start: [5] },
  };
  const squad = await read(lines(flat));
  expect(squad.format).toBe('table');
  expect(squad.rows).toMatchObject([{ id: 'x', answers: ['31 m'], metadata: { title: 't', answerStart: 5 } }]);

  const completion = await read(lines({ prompt: 'Say hello.', completion: 'Hello.' }));
  expect(completion.rows).toMatchObject([{ form: 'alpaca', instruction: 'Say hello.', output: 'Hello.' }]);
  await expect(read(csv, 'csv')).rejects.toMatchObject({
    code: 'invalid',
    message: expect.stringMatching(/no, Frage, Stelle/),
  });
  await expect(
    read(csv, 'csv', { map: { question: 'Q', context: 'Stelle', answers: 'Antwort' } }),
  ).rejects.toMatchObject({
    code: 'invalid',
    message: expect.stringMatching(/no column Q/),
  });
});

test.each([
  ['UTF-8 with a mark', 'utf-8', (text: string) => Buffer.from(`\ufeff${text}`)],
  ['UTF-16 little endian', 'utf-16le', (text: string) => Buffer.from(`\ufeff${text}`, 'utf16le')],
  ['UTF-16 big endian', 'utf-16be', (text: string) => Buffer.from(`\ufeff${text}`, 'utf16le').swap16()],
  // printf '灯塔有多高？…' | iconv -t GB18030, as hexadecimal.
  [
    'GB18030',
    'gb18030',
    () =>
      Buffer.from(
        '7175657374696f6e2c616e737765722c636f6e746578740d0ab5c6cbfed3d0b6e0b8dfa3bf2ccaaed2bbc3d72cb5c6cbfed3d0caaed2bbc3d7a1a30d0a',
        'hex',
      ),
  ],
])('%s', async (_, label, encode) => {
  const { rows, manifest } = await read(
    encode('question,answer,context\r\n灯塔有多高？,十一米,灯塔有十一米。\r\n'),
    'csv',
  );
  expect(rows).toMatchObject([{ question: '灯塔有多高？', answers: ['十一米'], context: '灯塔有十一米。' }]);
  expect(manifest.lineage.steps[0]?.parameters['encoding']).toBe(label === 'utf-8' ? undefined : label);
});

test('a damaged byte costs its row, and the line is told; a replacement character that was there stays', async () => {
  const good = Array.from({ length: 40 }, (_, at) => JSON.stringify({ instruction: `第${at}个问题`, output: '好' }));
  const bytes = Buffer.concat([
    Buffer.from(`${good.join('\n')}\n`),
    Buffer.from('{"instruction":"x","output":"'),
    Buffer.from([0xff]),
    Buffer.from('"}\n{"instruction":"after","output":"yes"}\n'),
  ]);
  const { rows, problems } = await read(bytes);
  expect(rows).toHaveLength(41);
  expect(problems).toEqual(['41: it has bytes that are no text in its encoding.']);
  const kept = await read(lines({ instruction: 'x', output: 'a \ufffd b' }));
  expect(kept.rows).toMatchObject([{ output: 'a \ufffd b' }]);
});

test('a quote that is never closed costs one row; quotes inside words, bars and old line ends are read', async () => {
  const broken = await read('question,answer,context\n"never,closed,1\nq2,a2,c2\nq3,say "hi" now,c3\n', 'csv');
  expect(broken.rows).toMatchObject([
    { question: 'q2', context: 'c2' },
    { question: 'q3', answers: ['say "hi" now'] },
  ]);
  expect(broken.problems).toEqual(['2: a quotation mark in it is never closed.']);
  const mac = await read('question|answer|context\rq|a|"c|c"\r', 'csv');
  expect(mac.rows).toMatchObject([{ question: 'q', context: 'c|c' }]);
});

test('compressed with gzip: read as what is in it; a damaged one leaves nothing', async () => {
  const text = lines(
    ...Array.from({ length: 3000 }, (_, at) => ({ instruction: `第${at}个 ${at * 7919}`, output: 'o' })),
  );
  const packed = gzipSync(text);
  expect(packed.length).toBeGreaterThan(10_000);
  const { manifest, format } = await read(packed, 'jsonl.gz');
  expect([manifest.rows, format]).toEqual([3000, 'alpaca']);
  const before = listDatasets(workspace.paths).length;
  await expect(read(packed.subarray(0, packed.length - 500), 'jsonl.gz')).rejects.toMatchObject({ code: 'corrupt' });
  expect(listDatasets(workspace.paths)).toHaveLength(before);
});

test('numbers as answers, columns without a name or with the same one', async () => {
  const { rows } = await read('question,answer,context,,answer\nq,5,c,x,y\n', 'csv');
  expect(rows).toMatchObject([{ answers: ['5'], metadata: { 'column 4': 'x', 'answer (5)': 'y' } }]);
  const numbers = await read(lines({ question: 'q', context: 'c', answers: 7, id: 3 }));
  expect(numbers.rows).toMatchObject([{ id: '3', answers: ['7'] }]);
});

test('a folder: all its files in order, each in the lineage; another kind among them is refused', async () => {
  const folder = path.join(workspace.folder, 'a folder');
  mkdirSync(path.join(folder, 'more'), { recursive: true });
  const put = (name: string, content: string) => writeFileSync(path.join(folder, name), content);
  put('part-2.jsonl', lines({ instruction: 'two', output: 'b' }));
  put('part-10.jsonl', `${lines({ instruction: 'ten', output: 'c' })}\nnot json\n`);
  put('more/last.csv', 'instruction,output\nlast,d\n');
  put('dataset_info.json', '{"x":{"file_name":"part-2.jsonl"}}');
  put('README.md', '# about');
  const { manifest, problems } = await importDataset(workspace.paths, folder, { name: 'folder' });
  expect((await all<unknown>(openDataset(workspace.paths, 'folder').rows())).map((row) => JSON.stringify(row))).toEqual(
    [expect.stringContaining('last'), expect.stringContaining('two'), expect.stringContaining('ten')],
  );
  expect(manifest.lineage.sources?.map(({ name, rows, skipped }) => [name, rows, skipped])).toEqual([
    ['more/last.csv', 1, 0],
    ['part-2.jsonl', 1, 0],
    ['part-10.jsonl', 1, 1],
  ]);
  expect(problems).toEqual([{ severity: 'skipped', file: 'part-10.jsonl', line: 2, message: 'it is not JSON.' }]);
  put('pairs.jsonl', lines({ query: 'q', pos: ['p'], neg: ['n'] }));
  await expect(importDataset(workspace.paths, folder, { name: 'mixed' })).rejects.toMatchObject({
    code: 'invalid',
    message: expect.stringMatching(/^part-2\.jsonl holds|^pairs\.jsonl holds retrieval rows/),
  });
  expect(listDatasets(workspace.paths).map(({ name }) => name)).not.toContain('mixed');
});

test('a folder whose files name parts keeps them as a split, and tells what they share', async () => {
  const folder = path.join(workspace.folder, 'parts');
  mkdirSync(folder);
  const put = (name: string, ...rows: string[][]) =>
    writeFileSync(path.join(folder, name), `question,answer,context\n${rows.map((row) => row.join(',')).join('\n')}\n`);
  put('my_train.csv', ['q0', 'a', 'c0'], ['q1', 'a', 'c1']);
  put('my_dev.csv', ['q2', 'a', 'c1'], ['q3', 'a', 'c3']);
  put('my_test.csv', ['q4', 'a', 'c4']);
  const { manifest } = await importDataset(workspace.paths, folder);
  expect(manifest.splits).toMatchObject([{ name: 'files', method: 'files' }]);
  expect(manifest.splits[0]?.parts.toSorted((a, b) => a.name.localeCompare(b.name))).toEqual([
    { name: 'dev', rows: 2, sharedWithTrain: 1 },
    { name: 'test', rows: 1, sharedWithTrain: 0 },
    { name: 'train', rows: 2, sharedWithTrain: 0 },
  ]);
  const dataset = openDataset(workspace.paths, 'parts');
  expect(await all<unknown>(dataset.rows('test'))).toMatchObject([{ question: 'q4' }]);
  put('more.csv', ['q5', 'a', 'c5']);
  const mixed = await importDataset(workspace.paths, folder, { name: 'parts and more' });
  expect(mixed.manifest.splits).toEqual([]);
});

test('preview: columns, first rows, what they become; a wish changes the answer, nothing is imported', async () => {
  const file = workspace.file('seen.csv', 'Q,ctx,ans\nWhen?,At six.,six\nWhere?,Here.,\n');
  const before = listDatasets(workspace.paths).length;
  const first = await previewFile(file);
  expect(first).toMatchObject({ container: 'csv', encoding: 'utf-8', files: 1, rows: [] });
  expect(first.columns).toEqual([
    { name: 'Q', sample: 'When?' },
    { name: 'ctx', sample: 'At six.' },
    { name: 'ans', sample: 'six' },
  ]);
  expect(first.problem?.message).toMatch(/no format that is known; its columns are Q, ctx, ans/);
  const mapped = await previewFile(file, { map: { question: 'Q', context: 'ctx', answers: 'ans' } });
  expect(mapped.plan).toMatchObject({ format: 'table', kind: 'qa' });
  expect(mapped.rows).toMatchObject([
    { line: 2, row: { question: 'When?', context: 'At six.', answers: ['six'] } },
    { line: 3, problem: 'answer is empty; it is kept, but never exported.' },
    { line: 3, row: { question: 'Where?' } },
  ]);
  const known = await previewFile(workspace.file('known.json', JSON.stringify([{ instruction: 'a', output: 'b' }])));
  expect(known.plan).toEqual({ format: 'alpaca', kind: 'sft', detected: true });
  expect(known.maps.sft).toEqual({ instruction: 'instruction', output: 'output' });
  expect((await previewFile(workspace.file('none.json', ''))).problem?.message).toMatch(/is empty/);
  expect(listDatasets(workspace.paths)).toHaveLength(before);
});

test('a column whose name has commas, quotes or an equals sign is named in a map, and in what is told of it', async () => {
  const content = '"Frage, lang","""ganz"" echt",a=b\nq,c,a\n';
  const text = 'question="Frage, lang", context = """ganz"" echt",answers=a=b';
  const map = parseColumnMap(text);
  expect(map).toEqual({ question: 'Frage, lang', context: '"ganz" echt', answers: 'a=b' });
  const { rows, manifest } = await read(content, 'csv', { map });
  expect(rows).toMatchObject([{ question: 'q', context: 'c', answers: ['a'] }]);
  expect(parseColumnMap(String(manifest.lineage.steps[0]?.parameters['map']))).toEqual(map);
  await expect(read(content, 'csv')).rejects.toMatchObject({
    hint: expect.stringContaining('--map question="Frage, lang",context=C'),
  });
  for (const wrong of ['question', 'question=', 'question="Q', 'question="Q" x']) {
    expect(() => parseColumnMap(wrong)).toThrow(/does not map a column/);
  }
});

test('a folder of links to files, as a hub download is, is read; links in circles and to nothing are passed over', async () => {
  const file = workspace.file('blob', lines({ instruction: 'i', output: 'o' }));
  const folder = path.join(workspace.folder, 'snapshot');
  mkdirSync(folder);
  symlinkSync(file, path.join(folder, 'train.jsonl'));
  symlinkSync('nowhere', path.join(folder, 'gone.jsonl'));
  symlinkSync('.', path.join(folder, 'again.jsonl'));
  const { manifest } = await importDataset(workspace.paths, folder);
  expect(manifest.rows).toBe(1);
  await expect(importDataset(workspace.paths, '/dev/null')).rejects.toMatchObject({
    code: 'unsupported',
    message: '/dev/null is neither a file nor a folder.',
  });
});
