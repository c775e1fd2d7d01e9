import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { EXPORTERS, exportDataset, exportersOf } from '../../../src/datasets/exporters/registry.ts';
import { importDataset } from '../../../src/datasets/import.ts';
import { openDataset } from '../../../src/datasets/open.ts';
import { publishVersion } from '../../../src/datasets/store.ts';
import type { AlpacaRow, DatasetKind, DatasetRow, MessagesRow, RowOf } from '../../../src/datasets/types.ts';
import { VersionWriter } from '../../../src/datasets/version-writer.ts';
import { all, DatasetWorkspace } from './workspace.ts';

const workspace = new DatasetWorkspace();
afterAll(() => workspace.remove());

/** Texts that break formats: quotes, line ends, marks of tables and formulas, Chinese, emoji, the look of JSON. */
const hard = fc.constantFrom(
  '"',
  '""',
  ',',
  '\n',
  '\r\n',
  '\t',
  ';',
  '|',
  '=1+1',
  '[1]',
  '["a"]',
  '{}',
  '灯塔',
  '👩‍👩‍👧',
  '\u2028',
  '\\',
  '\\"',
  ' ',
  'null',
  '\ufeff',
  '$',
);
const text = fc.array(fc.oneof(hard, fc.string({ maxLength: 4 })), { maxLength: 4 }).map((parts) => parts.join(''));
const said = text.map((one) => `x${one}x`);

const turns = fc.tuple(fc.option(text), fc.array(fc.tuple(text, text), { maxLength: 2 }), text);
const messages = fc.tuple(turns, said).map(([[system, earlier, question], answer]): MessagesRow['messages'] => [
  ...(system === null ? [] : [{ role: 'system' as const, content: system }]),
  ...earlier.flatMap(([user, assistant]) => [
    { role: 'user' as const, content: user },
    { role: 'assistant' as const, content: assistant },
  ]),
  { role: 'user', content: question },
  { role: 'assistant', content: answer },
]);

const messagesRow = messages.map((list): MessagesRow => ({ form: 'messages', id: 'row-0', messages: list }));
const alpacaRow = fc
  .record({
    system: fc.option(text),
    history: fc.array(fc.tuple(text, text), { maxLength: 2 }),
    instruction: text,
    input: text,
    output: said,
  })
  .map(
    ({ system, ...row }): AlpacaRow => ({
      form: 'alpaca',
      id: 'row-0',
      ...(system === null ? {} : { system }),
      ...row,
    }),
  );

const ROWS: { readonly [K in DatasetKind]: fc.Arbitrary<RowOf[K]> } = {
  qa: fc.record({
    id: said,
    contextId: said,
    context: text,
    question: text,
    answers: fc.array(text, { minLength: 1, maxLength: 3 }),
    metadata: fc.dictionary(said, fc.oneof(text, fc.integer(), fc.boolean()), { maxKeys: 2, noNullPrototype: true }),
  }),
  sft: fc.oneof(alpacaRow, messagesRow),
  retrieval: fc
    .record({
      query: said,
      pos: fc.array(said, { minLength: 1, maxLength: 2 }),
      neg: fc.array(said, { minLength: 1, maxLength: 3 }),
      prompt: fc.option(said),
    })
    .map(({ prompt, ...row }) => ({ ...row, ...(prompt === null ? {} : { prompt }) })),
  preference: fc
    .tuple(messages, said, said)
    .filter(([, chosen, rejected]) => chosen !== rejected)
    .map(([list, chosen, rejected]) => ({ id: 'row-0', messages: list.slice(0, -1), chosen, rejected })),
};

let made = 0;

/** Many rows and few runs: each run writes files and waits for the disk, and rows do not depend on each other. */
const many = <T>(row: fc.Arbitrary<T>) => fc.array(row, { minLength: 40, maxLength: 60, size: 'max' });

async function keep(kind: DatasetKind, rows: readonly DatasetRow[]): Promise<string> {
  const name = `kept ${made++}`;
  const writer = new VersionWriter(workspace.paths);
  for (const row of rows) writer.add(row);
  await publishVersion(workspace.paths, writer.finish(), {
    name,
    kind,
    lineage: {
      source: { name: 'made up', sha256: '', bytes: 0, format: 'none' },
      steps: [],
      programVersion: '0',
      createdAt: '',
    },
  });
  return name;
}

/** Exports, imports what was written without a word about its format, and returns its rows. */
async function throughFile(name: string, to: string): Promise<{ rows: unknown[]; format: string }> {
  const { file } = await exportDataset(
    openDataset(workspace.paths, name),
    to,
    undefined,
    `${workspace.folder}/${name}`,
    {
      system: null,
      instruction: '',
    },
  );
  const back = `back ${made++}`;
  const report = await importDataset(workspace.paths, file, { name: back });
  expect(report.problems).toEqual([]);
  return { rows: await all<unknown>(openDataset(workspace.paths, back).rows()), format: report.format };
}

/** Formats without ids number their rows. */
const withoutIds = (rows: readonly unknown[]) =>
  rows.map((row) => (typeof row === 'object' && row !== null && 'form' in row ? { ...row, id: '' } : row));

const claimed = EXPORTERS.flatMap(({ id, lossless }) => lossless.map((kind) => [id, kind] as const));

test('there are claims to check, and every exporter writes some kind', () => {
  expect(claimed.length).toBeGreaterThan(10);
  for (const { kinds, lossless } of EXPORTERS) for (const kind of lossless) expect(kinds).toContain(kind);
  const names = exportersOf('preference').map(({ id }) => id);
  expect(names).toEqual(['llamafactory', 'openai', 'sharegpt', 'jsonl', 'csv', 'parquet']);
});

// Alpaca holds conversations as an instruction with history: their own test is below. One part of mixed forms becomes
// messages in Parquet.
const formOf = (to: string) => (to === 'alpaca' || to === 'parquet' ? alpacaRow : ROWS.sft);

test.each(claimed)('%s loses nothing of %s rows: out, found by its content, and in again', async (to, kind) => {
  const row: fc.Arbitrary<DatasetRow> = kind === 'sft' ? formOf(to) : ROWS[kind];
  await fc.assert(
    fc.asyncProperty(many(row), async (rows) => {
      const numbered = rows.map((one, at) =>
        'id' in one && kind === 'preference' ? { ...one, id: `row-${at}` } : one,
      );
      const { rows: back } = await throughFile(await keep(kind, numbered), to);
      expect(withoutIds(back)).toEqual(withoutIds(numbered));
    }),
    { numRuns: 2 },
  );
});

test.each(['openai', 'sharegpt'])(
  'conversations through %s: every turn, an empty system text and a missing one',
  async (to) => {
    await fc.assert(
      fc.asyncProperty(many(messagesRow), async (rows) => {
        const { rows: back, format } = await throughFile(await keep('sft', rows), to);
        expect(format).toBe(to);
        expect(withoutIds(back)).toEqual(withoutIds(rows));
      }),
      { numRuns: 2 },
    );
  },
);

test('messages → Alpaca → messages: the same conversations', async () => {
  await fc.assert(
    fc.asyncProperty(many(messagesRow), async (rows) => {
      const name = await keep('sft', rows);
      const alpaca = await exportDataset(
        openDataset(workspace.paths, name),
        'alpaca',
        undefined,
        `${workspace.folder}/${name}`,
        { system: null },
      );
      const middle = `middle ${made++}`;
      await importDataset(workspace.paths, alpaca.file, { name: middle, format: 'alpaca' });
      const { rows: back } = await throughFile(middle, 'openai');
      expect(withoutIds(back)).toEqual(withoutIds(rows));
    }),
    { numRuns: 2 },
  );
});

test('Alpaca → messages → Alpaca: the same rows where the input is empty, else the same conversation', async () => {
  await fc.assert(
    fc.asyncProperty(many(alpacaRow), async (rows) => {
      const { rows: messages } = await throughFile(await keep('sft', rows), 'openai');
      const { rows: back } = await throughFile(await keepAs(messages), 'alpaca');
      const joined = rows.map((row) => ({
        ...row,
        instruction: [row.instruction, row.input].filter((part) => part !== '').join('\n'),
        input: '',
      }));
      expect(withoutIds(back)).toEqual(withoutIds(joined));
    }),
    { numRuns: 2 },
  );
});

/** Rows that were read as data are data. */
async function keepAs(rows: readonly unknown[]): Promise<string> {
  const file = workspace.file(`again ${made++}.jsonl`, rows.map((row) => JSON.stringify(row)).join('\n'));
  const name = `again ${made++}`;
  await importDataset(workspace.paths, file, { name, format: 'openai' });
  return name;
}

test('CSV keeps qa rows whole, whatever is in them', async () => {
  await fc.assert(
    fc.asyncProperty(many(ROWS.qa), async (rows) => {
      const name = await keep('qa', rows);
      const { file } = await exportDataset(
        openDataset(workspace.paths, name),
        'csv',
        undefined,
        `${workspace.folder}/${name}`,
      );
      const back = `table ${made++}`;
      await importDataset(workspace.paths, file, {
        name: back,
        map: { id: 'id', contextId: 'contextId', question: 'question', answers: 'answers', context: 'context' },
      });
      expect(await all<unknown>(openDataset(workspace.paths, back).rows())).toEqual(rows);
    }),
    { numRuns: 2 },
  );
});

test('cells that a spreadsheet would run are told, and escaped where that is asked for', async () => {
  const rows = [{ id: '1', contextId: 'c', context: '=1+1', question: '@x', answers: ['-2'], metadata: {} }];
  const dataset = openDataset(workspace.paths, await keep('qa', rows));
  const told = await exportDataset(dataset, 'csv', undefined, workspace.folder);
  expect(told.notes).toEqual([expect.stringMatching(/^3 cells begin with =, \+, - or @: a spreadsheet may run/)]);
  const safe = await exportDataset(dataset, 'csv', undefined, workspace.folder, { spreadsheet: true });
  expect(readFileSync(safe.file, 'utf8')).toBe(
    "id,contextId,question,answers,context,metadata\r\n1,c,'@x,'-2,'=1+1,{}\r\n",
  );
});
