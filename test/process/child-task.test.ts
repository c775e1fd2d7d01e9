import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { jobIdSchema } from '../../src/jobs/types.ts';
import { addLocalModel } from '../../src/models/own.ts';
import { ensureWorkspace, workspacePaths } from '../../src/platform/paths.ts';
import { planLlm } from '../../src/training/llm-plan.ts';
import type { RowSummary } from '../../stores/datasets.ts';
import { realDatasets, realEvaluation, realTraining } from '../../stores/loop-ports.ts';
import { writeChatFolder } from '../support/chat-model.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'ragtui-task-'));
const paths = workspacePaths(path.join(folder, 'home with a space'), {});
ensureWorkspace(paths);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ROWS = 12_000;
const file = path.join(folder, 'chat.jsonl');
const lines = Array.from({ length: ROWS }, (_, i) =>
  JSON.stringify({
    messages: [
      { role: 'user', content: `Question ${i}` },
      { role: 'assistant', content: `Answer ${i}` },
    ],
  }),
);
writeFileSync(file, `${lines.join('\n')}\n`);

describe('work for the screens in a child process', () => {
  const datasets = realDatasets(paths);
  const work = { op: 'import', file, format: 'openai', name: 'chat' } as const;

  it('a cancelled import leaves no dataset', async () => {
    const controller = new AbortController();
    const running = datasets.run(work, { signal: controller.signal, onProgress: () => controller.abort() });
    await expect(running).rejects.toMatchObject({ code: 'cancelled' });
    expect(await datasets.list()).toEqual([]);
  });

  it('an import tells how far it is, and its rows are read with their numbers', async () => {
    const seen: number[] = [];
    const result = await datasets.run(work, { onProgress: ({ rows }) => seen.push(rows) });
    expect(result).toMatchObject({ op: 'import', dataset: 'chat', rows: ROWS, added: true, skipped: 0 });
    expect(seen.length).toBeGreaterThan(2);
    const [manifest] = await datasets.list();
    const found: RowSummary[] = [];
    await datasets.summaries(
      { name: 'chat', version: manifest?.version ?? '', part: 'all' },
      { signal: new AbortController().signal, onRows: (rows) => found.push(...rows) },
    );
    expect(found).toHaveLength(ROWS);
    expect(found[7]).toEqual({ number: 7, question: 'Question 7', answer: 'Answer 7' });
  });

  it('what is wrong comes back as what it is, with what to do', async () => {
    await expect(datasets.run({ ...work, file: `${file}.gone` }, {})).rejects.toMatchObject({
      code: 'not-found',
      message: expect.stringContaining('chat.jsonl.gone'),
    });
    const run = jobIdSchema.parse('20260101-000000-evaluate-0000');
    await expect(realEvaluation(paths).figures(run, new AbortController().signal)).rejects.toMatchObject({
      code: 'not-found',
    });
  });

  it('reads a base once: from then on a plan knows its template, and says why one that is asked for is wrong', async () => {
    const model = path.join(folder, 'a base');
    mkdirSync(model);
    writeChatFolder(model);
    writeFileSync(path.join(model, 'model.safetensors'), 'weights');
    await addLocalModel(paths, { name: 'mine', path: model, kind: 'chat' });
    const training = realTraining(paths);
    const asked = {
      dataset: 'chat',
      split: 'all',
      base: 'mine',
      name: 't1',
      preset: 'cpu',
      settings: {},
      seed: 1,
    } as const;
    await training.prepare('llm', asked);
    expect(training.prepare('llm', asked)).toBeUndefined();
    expect(training.plan('llm', asked)).toEqual(planLlm(paths, asked));
    expect(training.plan('llm', asked).template).toMatchObject({ name: 'smollm2', how: 'compared' });
    const wrong = { ...asked, template: 'llama3' };
    await training.prepare('llm', wrong);
    expect(() => training.plan('llm', wrong)).toThrow(expect.objectContaining({ code: 'invalid' }));
    expect(training.prepare('llm', { ...asked, base: 'nothing' })).toBeUndefined();
  });
});
