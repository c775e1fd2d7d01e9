import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { importDataset } from '../../../src/datasets/import.ts';
import { type EvaluationWish, prepareEvaluation } from '../../../src/evaluation/prepare.ts';
import { evaluationSchema } from '../../../src/evaluation/types.ts';
import { workspacePaths } from '../../../src/platform/paths.ts';

const home = mkdtempSync(path.join(os.tmpdir(), 'ragtui-prepare-'));
const paths = workspacePaths(home, {});

beforeAll(async () => {
  const write = (name: string, context: string, question: string, text: string) => {
    const qas = [{ id: 'q', question, answers: [{ text, answer_start: 0 }] }];
    const file = path.join(home, `${name}.json`);
    writeFileSync(file, JSON.stringify({ version: '1.1', data: [{ title: 't', paragraphs: [{ context, qas }] }] }));
    return importDataset(paths, file, { format: 'squad', name });
  };
  await write('en', 'Bergen opened in 1900.', 'When did it open?', 'Bergen');
  await write('zh', '范廷颂于1963年被任为主教。', '他什么时候被任为主教？', '范廷颂');
});
afterAll(() => rmSync(home, { recursive: true }));

const wish = (over: Partial<EvaluationWish> = {}): EvaluationWish => ({
  dataset: 'en',
  split: 'all',
  limit: null,
  seed: 1,
  kb: null,
  baselines: true,
  concurrency: 1,
  reuse: true,
  column: ['name=a,llm=m,context=gold'],
  metrics: null,
  primary: null,
  metricEmbedder: null,
  ...over,
});
const prepare = (over?: Partial<EvaluationWish>) => prepareEvaluation(paths, wish(over));

describe('what a run becomes', () => {
  it('answers: their metrics, with cosine by an embedder of the dataset’s language', async () => {
    const { evaluation, models } = await prepare();
    expect(evaluationSchema.parse(evaluation)).toEqual(evaluation);
    expect(evaluation.version).toMatch(/^v-/);
    expect(evaluation.primary).toBe('token-f1');
    expect(evaluation.metrics).toEqual([
      'token-f1',
      'exact',
      'verbatim',
      'contains',
      'rouge-l',
      'no-answer',
      'origin-tutorial',
      'cosine@bge-small-en-v1.5-int8',
      'first-token',
      'tokens-per-second',
      'prompt-tokens',
      'answer-tokens',
    ]);
    expect(models).toEqual(['m', 'bge-small-en-v1.5-int8']);
    const chinese = await prepare({ dataset: 'zh' });
    expect(chinese.evaluation.metrics.slice(-7, -4)).toEqual(['cmrc-em', 'cmrc-f1', 'cosine@bge-small-zh-v1.5-int8']);
  });

  it('embedders: retrieval metrics only, and the models that it needs', async () => {
    const { evaluation, models } = await prepare({
      kb: 'base',
      column: ['name=a,embedder=e1,mode=vector', 'name=b,embedder=e2,reranker=r', 'name=c,embedder=e3,mode=bm25'],
    });
    expect(evaluation.metrics).toEqual([
      'hit@1',
      'hit@5',
      'mrr@10',
      'ndcg@10',
      'recall@10',
      'context-recall',
      'context-relevance',
    ]);
    expect(evaluation.primary).toBe('hit@1');
    expect(models).toEqual(['e1', 'e2', 'r']);
  });

  it('metrics as named, each once', async () => {
    const { evaluation } = await prepare({
      metrics: ['cosine', 'exact', 'exact'],
      primary: 'exact',
      metricEmbedder: 'x',
    });
    expect(evaluation).toMatchObject({ metrics: ['cosine@x', 'exact'], primary: 'exact' });
  });
});

it.each([
  [{ column: ['name=a,llm=m'] }, /needs a knowledge base/],
  [{ column: ['name=bm25,llm=m,context=gold'] }, /name of a baseline/],
  [{ metrics: ['bleu'] }, /no metric "bleu"/],
  [{ metrics: ['exact'], primary: 'token-f1' }, /is not one of the run's/],
  [{ dataset: 'nowhere' }, /no dataset "nowhere"/],
  [{ split: 'test' }, /no part "test"/],
])('refuses %j before anything starts', async (over, why) => {
  await expect(prepare(over)).rejects.toThrow(why);
});
