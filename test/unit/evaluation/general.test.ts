import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { qaRowSchema } from '../../../src/datasets/types.ts';
import { generalColumns } from '../../../src/evaluation/general-names.ts';
import { findMetric } from '../../../src/evaluation/metrics/registry.ts';
import { planItems } from '../../../src/evaluation/plan.ts';
import { prepareEvaluation } from '../../../src/evaluation/prepare.ts';
import { buildReport } from '../../../src/evaluation/report.ts';
import { addAdapter, addLocalModel } from '../../../src/models/own.ts';
import { packageRoot } from '../../../src/platform/entry.ts';
import { ensureWorkspace, workspacePaths } from '../../../src/platform/paths.ts';
import { writeRandomAdapter } from '../../support/random-adapter.ts';
import { writeTinyGguf } from '../../support/tiny-gguf.ts';
import { result, runOf } from './results.ts';
import { item } from './scored-item.ts';

const file = path.join(packageRoot(), 'fixtures', 'general', 'questions.jsonl');
const rows = readFileSync(file, 'utf8')
  .trim()
  .split('\n')
  .map((line) => qaRowSchema.parse(JSON.parse(line)));

describe('the general questions', () => {
  it('are 40 to 60, half of them Chinese, each once, on three topics of ten or more', () => {
    expect(rows.length).toBeGreaterThanOrEqual(40);
    expect(rows.length).toBeLessThanOrEqual(60);
    expect(new Set(rows.map(({ question }) => question)).size).toBe(rows.length);
    const count = (key: string) => {
      const values = rows.map(({ metadata }) => String(metadata[key]));
      return [...new Set(values)].map((value) => [value, values.filter((one) => one === value).length]);
    };
    expect(count('language')).toEqual([
      ['en', rows.length / 2],
      ['zh', rows.length / 2],
    ]);
    for (const [topic, found] of count('topic')) expect(found, String(topic)).toBeGreaterThanOrEqual(10);
    for (const { id, contextId } of rows)
      expect([id, contextId]).toEqual([contextId, expect.stringMatching(/^(facts|arithmetic|format)-(en|zh)-\d\d$/)]);
  });

  it('each accepted answer is taken for one, also in a sentence', () => {
    const { score } = findMetric('mentions');
    for (const { question, answers } of rows) {
      for (const answer of answers) {
        for (const output of [answer, `The answer is: ${answer}.`, `答案是${answer}。`]) {
          expect(score(item({ output, answers })), `${question} ${output}`).toBe(1);
        }
      }
      expect(score(item({ output: 'I am not sure.', answers })), question).toBe(0);
    }
  });

  it('have no passage: they are asked where no column reads one', () => {
    const plan = (context: 'none' | 'gold') => planItems(rows, { limit: null, seed: 1, columns: [{ context }] });
    expect(plan('none')).toHaveLength(rows.length);
    expect(plan('gold')).toHaveLength(0);
  });
});

describe('a run of them', () => {
  const home = mkdtempSync(path.join(os.tmpdir(), 'ragtui-general-'));
  const paths = workspacePaths(home, {});
  afterAll(() => rmSync(home, { recursive: true }));
  const wish = {
    dataset: '@general',
    split: 'all',
    limit: null,
    seed: 1,
    kb: null,
    baselines: true,
    concurrency: 1,
    reuse: true,
    metrics: null,
    primary: null,
    metricEmbedder: null,
  };

  it('is made of a dataset that is there from then on, with the bare question and nothing to read', async () => {
    const { evaluation } = await prepareEvaluation(paths, {
      ...wish,
      column: ['name=base,llm=m', 'name=tuned,llm=t,prompt=sft'],
    });
    expect(evaluation).toMatchObject({ dataset: 'ragtui-general', primary: 'mentions', baselines: false });
    expect(evaluation.columns.map(({ context, prompt }) => [context, prompt])).toEqual([
      ['none', 'plain'],
      ['none', 'sft'],
    ]);
    expect(evaluation.metrics.slice(0, 2)).toEqual(['mentions', 'no-answer']);
    const again = await prepareEvaluation(paths, { ...wish, column: ['name=base,llm=m'] });
    expect(again.evaluation.version).toBe(evaluation.version);
  });

  it('base and tune get the system text of the tune', async () => {
    const folder = path.join(home, 'tune');
    writeRandomAdapter(folder, { seed: 3, rank: 4, alpha: 8, dtype: 'F32' });
    ensureWorkspace(paths);
    const base = path.join(home, 'tiny.gguf');
    writeTinyGguf(base, 'llama');
    await addLocalModel(paths, { name: 'tiny', path: base, kind: 'chat' });
    const shape = { rank: 4, alpha: 8, template: 'chatml', templateSystem: 'Be brief.' };
    await addAdapter(paths, { name: 'tune', base: 'tiny', path: folder, basePath: home, lineage: {}, ...shape });
    const { evaluation } = await prepareEvaluation(paths, { ...wish, column: ['name=a,llm=tiny', 'name=b,llm=tune'] });
    expect(evaluation.columns.map(({ prompt }) => prompt)).toEqual(['plain@tune', 'plain@tune']);
  });

  it('a column that is to read something is refused', () => {
    expect(() => generalColumns(['name=a,llm=m,context=gold'])).toThrow(/no passage/);
    expect(generalColumns(['name=a,llm=m,context=none,prompt=p'])).toEqual(['name=a,llm=m,context=none,prompt=p']);
  });

  const reportOf = (lost: number, dataset = 'ragtui-general') =>
    buildReport(
      runOf(
        Array.from({ length: 40 }, (_, i) => [
          result({ item: `facts-en-${i + 10}`, scores: { mentions: 1 } }),
          result({ item: `facts-en-${i + 10}`, column: 'tuned', scores: { mentions: i < lost ? 0 : 1 } }),
        ]).flat(),
        { dataset, metrics: ['mentions'], primary: 'mentions' },
      ),
    );

  it('says first what was lost, with its interval, or that it cannot be told', () => {
    expect(reportOf(20).notes[0]?.text).toMatch(
      /^Forgetting: tuned answers 50\.0 points fewer of the 40 general questions right than base \[3\d\.\d, 6\d\.\d\]\.$/,
    );
    expect(reportOf(1).notes[0]).toMatchObject({ id: 'forgot-unknown', values: { lost: '2.5', items: 40 } });
    expect(reportOf(20, 'other').notes.map(({ id }) => id)).not.toContain('forgot');
  });
});
