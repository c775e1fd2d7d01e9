import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { importDataset } from '../../../src/datasets/import.ts';
import { seenInTraining } from '../../../src/evaluation/seen.ts';
import { updateOwnModels } from '../../../src/models/store.ts';
import { type Adapter, adapterSchema } from '../../../src/models/types.ts';
import { workspacePaths } from '../../../src/platform/paths.ts';
import { parseColumn } from '../../../src/rag/columns.ts';

const home = mkdtempSync(path.join(os.tmpdir(), 'ragtui-seen-'));
const paths = workspacePaths(home, {});
const LONG = `${'The harbour of Bergen was dug out by hand in the spring of that year, and boats came soon after. '.repeat(4)}`;

const adapter = (name: string, lineage: Adapter['lineage']): Adapter =>
  adapterSchema.parse({
    name,
    base: 'smol',
    path: '/a',
    basePath: '/b',
    rank: 4,
    alpha: 8,
    template: 't',
    templateSystem: '',
    sha256: 'a'.repeat(64),
    createdAt: '2026-11-29T07:00:00.000Z',
    lineage,
  });

beforeAll(async () => {
  mkdirSync(home, { recursive: true });
  const qas = (id: string, question: string) => [{ id, question, answers: [{ text: '1900', answer_start: 0 }] }];
  const paragraphs = [
    { context: 'Bergen opened in 1900.', qas: qas('a', 'When did it open?') },
    { context: LONG, qas: qas('b', 'Who dug the harbour?') },
  ];
  const file = path.join(home, 'train.json');
  writeFileSync(file, JSON.stringify({ version: '1.1', data: [{ title: 't', paragraphs }] }));
  await importDataset(paths, file, { format: 'squad', name: 'train' });
  const { listDatasets } = await import('../../../src/datasets/store.ts');
  const version = listDatasets(paths)[0]?.version ?? '';
  await updateOwnModels(paths, (own) => ({
    ...own,
    adapters: [
      adapter('sft', { dataset: 'train', datasetVersion: version, split: 'all' }),
      adapter('lost', { dataset: 'gone', datasetVersion: version, split: 'all' }),
      adapter('brought', { brought: true }),
    ],
  }));
});
afterAll(() => rmSync(home, { recursive: true }));

const item = (id: string, question: string, context: string) => {
  return { id, contextId: id, context, question, answers: ['x'], content: id };
};
const items = [
  item('question', 'WHEN did it open', 'Another passage altogether.'),
  item('passage', 'What year?', 'bergen opened, in 1900'),
  item('nearly', 'How was it made?', LONG.replace('and boats', 'and some boats')),
  item('clean', 'How deep is the lake?', 'The lake is 90 metres deep.'),
];
const seen = async (...specs: string[]) => {
  const found = await seenInTraining(paths, specs.map(parseColumn), items);
  return found && Object.fromEntries(found);
};

describe('what a tune was trained on', () => {
  it('is told by question, passage, or a passage that is nearly the same', async () => {
    const expected = { question: true, passage: true, nearly: true, clean: false };
    expect(await seen('name=base,llm=smol,context=gold', 'name=tuned,llm=sft,context=gold')).toEqual(expected);
    expect(await seen('name=tuned,llm=sft@vllm,context=gold')).toEqual(expected);
  });

  it('cannot be told without a tune, of one that was brought, or when its rows are gone', async () => {
    expect(await seen('name=base,llm=smol,context=gold')).toBeUndefined();
    expect(await seen('name=base,llm=brought,context=gold')).toBeUndefined();
    expect(await seen('name=base,llm=lost,context=gold')).toBeUndefined();
  });
});
