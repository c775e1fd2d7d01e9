import { afterEach, beforeEach, expect, test } from 'vitest';
import { importDataset } from '../../../src/datasets/import.ts';
import { makingSchema, OPERATIONS, USUAL_AUDIT } from '../../../src/datasets/making/types.ts';
import {
  type DatasetTask,
  type DatasetTaskResult,
  datasetTaskResultSchema,
  datasetTaskSchema,
  runDatasetTask,
} from '../../../src/datasets/task.ts';
import { DatasetWorkspace } from './workspace.ts';

let workspace: DatasetWorkspace;
beforeEach(async () => {
  workspace = new DatasetWorkspace();
  const rows = Array.from(
    { length: 12 },
    (_, at) => `"Who has number ${at}?","Person ${at}","Number ${at} is with Person ${at}."`,
  );
  const file = workspace.file('qa.csv', `question,answer,context\n${rows.join('\n')}\n`);
  await importDataset(workspace.paths, file, { format: 'financial-qa', name: 'qa' });
  const pairs = rows.map((_, at) =>
    JSON.stringify({ query: `q ${at}`, pos: [`p ${at}`], neg: [`n ${at}`, `m ${at}`] }),
  );
  const other = workspace.file('r.jsonl', pairs.join('\n'));
  await importDataset(workspace.paths, other, { format: 'retrieval', name: 'r' });
});
afterEach(() => workspace.remove());

/** As over the channel of the child process: both ways through the schemas. */
async function run(task: unknown): Promise<DatasetTaskResult> {
  const parsed: DatasetTask = datasetTaskSchema.parse(JSON.parse(JSON.stringify(task)));
  const result = await runDatasetTask(workspace.paths, parsed, () => {});
  return datasetTaskResultSchema.parse(JSON.parse(JSON.stringify(result)));
}

test('what a form wishes becomes the work of a job', async () => {
  const negatives = await run({
    op: 'prepare',
    wish: {
      what: 'negatives',
      dataset: 'qa',
      part: 'all',
      seed: 1,
      instruction: null,
      sources: [{ from: 'bm25', count: 2, ranks: [1, 9], choose: 'sample' }],
      kb: null,
      margin: null,
      fill: true,
      audit: USUAL_AUDIT,
      concurrency: 1,
    },
  });
  expect(negatives).toMatchObject({
    models: [],
    rows: 12,
    making: { as: 'qa-retrieval', instruction: 'Represent this sentence for searching relevant passages: ' },
  });
  const wish = { dataset: 'qa', part: 'all' };
  const augment = await run({
    op: 'prepare',
    wish: { what: 'augment', ...wish, seed: 1, share: 0.5, mode: 'copy', operations: OPERATIONS },
  });
  expect(augment).toMatchObject({ making: { refusal: 'The passage does not answer this question.' } });
  if (augment.op !== 'prepare') throw new Error('op');
  expect(augment.examples[0]?.before).not.toBe(augment.examples[0]?.after);
  const sft = await run({ op: 'prepare', wish: { what: 'sft', ...wish, prompt: 'sft', as: 'train-me' } });
  expect(sft).toMatchObject({ rows: 12, making: { as: 'train-me', template: { name: 'sft', text: null } } });
  for (const one of [negatives, augment, sft]) {
    if (one.op === 'prepare') expect(makingSchema.parse(one.making)).toEqual(one.making);
  }
});

test('what is wrong is said before a job starts', async () => {
  const sources = [{ from: 'existing' }];
  const wish = {
    what: 'negatives',
    part: 'all',
    seed: 1,
    instruction: '',
    kb: null,
    margin: null,
    fill: true,
    concurrency: 1,
  };
  const all = { ...wish, dataset: 'qa', sources, audit: USUAL_AUDIT };
  await expect(run({ op: 'prepare', wish: all })).rejects.toThrow(/Only retrieval rows/);
  await expect(run({ op: 'prepare', wish: { ...all, dataset: 'nothing' } })).rejects.toMatchObject({
    code: 'not-found',
  });
  const above = { ...all, dataset: 'r', audit: { ...USUAL_AUDIT, above: 0 } };
  await expect(run({ op: 'prepare', wish: above })).rejects.toThrow(/needs an embedder/);
});

test('a row is rendered, with marks, without a model', async () => {
  const shown = await run({ op: 'render', dataset: 'qa', row: 3, model: null, markers: 'KEY' });
  if (shown.op !== 'render') throw new Error('op');
  expect(shown.rendered).toBeNull();
  expect(shown.messages.map(({ role }) => role)).toEqual(['system', 'user', 'assistant']);
  expect(shown.messages[2]?.content).toBe('{{KEY_START}}Person 3{{KEY_END}}');
});

test('negatives are reviewed: labels come back with the sample and count in the estimate', async () => {
  const review = { op: 'review', dataset: 'r', size: 4, seed: 1 };
  const first = await run(review);
  if (first.op !== 'review') throw new Error('op');
  expect(first.items).toHaveLength(4);
  const [item] = first.items;
  if (!item) throw new Error('no item');
  const { row, negative } = item;
  const second = await run({ ...review, label: { row, negative, label: 'false-negative' } });
  expect(second).toMatchObject({ estimate: { negatives: 24, labelled: 1, falseNegatives: 1, share: 1 } });
  if (second.op !== 'review') throw new Error('op');
  expect(second.items[0]?.label).toBe('false-negative');
  expect(await run({ op: 'drop-false', dataset: 'r' })).toMatchObject({ dropped: 1, rows: 12 });
  expect(await run({ op: 'quarantine', dataset: 'r' })).toMatchObject({ total: 0, entries: [] });
  expect(await run({ op: 'beside', dataset: 'r', file: 'rejected' })).toMatchObject({ total: 0, lines: [] });
});
