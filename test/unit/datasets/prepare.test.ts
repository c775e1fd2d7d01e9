import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { prepareDry } from '../../../src/datasets/preparing/dry-run.ts';
import { prepareDataset } from '../../../src/datasets/preparing/prepare.ts';
import { listDatasets, listVersions } from '../../../src/datasets/store.ts';
import type { QaRow } from '../../../src/datasets/types.ts';
import { findingsOf, publishRows } from './doctor-support.ts';
import { DatasetWorkspace } from './workspace.ts';

const workspace = new DatasetWorkspace();
const { paths } = workspace;
afterAll(() => workspace.remove());

const row = (number: number, question: string): QaRow => ({
  id: `r${number}`,
  contextId: `c${number}`,
  context: `Station ${number} opened in ${1900 + number} beside river number ${number * 7}.`,
  question,
  answers: [`${1900 + number}`],
  metadata: {},
});

test('nothing that is trained on is tested: training rows that leak go, the dry run says so and leaves no trace', async () => {
  // The same question of every second row: any split has it on both sides.
  const rows = Array.from({ length: 40 }, (_, at) =>
    row(at, at % 2 === 0 ? 'When was it opened?' : `When did station ${at} open?`),
  );
  await publishRows(paths, 'stations', 'qa', rows);
  const out = path.join(paths.home, 'out');
  const dry = await prepareDry(paths, 'stations', { negatives: 2 });
  expect(existsSync(out)).toBe(false);
  expect(listDatasets(paths).map(({ name }) => name)).toEqual(['stations']);
  const made = await prepareDataset(paths, 'stations', out, { negatives: 2 });
  expect(dry.version).toBe(made.version);
  expect(made.leaksBefore.some(({ dirty }) => dirty > 0)).toBe(true);
  expect(made.leaks.map(({ dirty }) => dirty)).toEqual([0]);
  // Asked n times in training, dropped in one round: the rows as they came, and those without.
  expect(listVersions(paths, 'stations')).toHaveLength(2);
  const questions = (part: string): string[] =>
    readFileSync(made.files.find((one) => one.target === 'embedder' && one.part === part)?.file ?? '', 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).query);
  const trained = questions('train');
  expect(trained).toHaveLength(made.retrieval?.rows ?? 0);
  expect(questions('test').filter((question) => trained.includes(question))).toEqual([]);
  expect(readdirSync(out).sort()).toEqual([
    'dataset_info.json',
    'stations-prepared-test-retrieval.jsonl',
    'stations-prepared-test.jsonl',
    'stations-prepared-train-retrieval.jsonl',
    'stations-prepared-train.jsonl',
    'stations-prepared.json',
  ]);
});

test('what is neither a file nor a dataset, and a target that rows are not for, are said before anything is made', async () => {
  const out = path.join(paths.home, 'none');
  await expect(prepareDataset(paths, 'statoins', out)).rejects.toMatchObject({ code: 'not-found' });
  await publishRows(paths, 'chats', 'sft', [
    { form: 'alpaca', id: 'a', history: [], instruction: 'Say a.', input: '', output: 'a' },
  ]);
  await expect(prepareDataset(paths, 'chats', out, { targets: ['embedder'] })).rejects.toMatchObject({
    code: 'unsupported',
  });
  expect(existsSync(out)).toBe(false);
});

test('a refusal where there is no answer is no answer that its context lacks', async () => {
  const refusal = { ...row(90, 'When was it opened?'), answers: ['The text does not say.'] };
  const rows = Array.from({ length: 20 }, (_, at) => row(at, `When did station ${at} open?`));
  await publishRows(paths, 'refusals', 'qa', [...rows, { ...refusal, metadata: { answerable: false } }]);
  await publishRows(paths, 'mistakes', 'qa', [...rows, refusal]);
  const missing = async (name: string) =>
    (await findingsOf(paths, name)).filter(({ rule }) => rule === 'answer-not-in-context').map((one) => one.row);
  expect(await missing('refusals')).toEqual([]);
  expect(await missing('mistakes')).toEqual([20]);
});
