import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { JobReport } from '../../../src/jobs/worker.ts';
import { bestOf, EvaluationFeed } from '../../../src/training/evaluations.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'ragtui-evaluations-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const row = (content: object): string => `${JSON.stringify({ total_steps: 8, ...content })}\n`;
const measured = (step: number, mrr: number): string =>
  row({ current_steps: step, 'eval_mrr@10': mrr, 'eval_recall@1': 0.5, eval_loss: 1.25, eval_runtime: 3.26 });

describe('the held-out numbers of a training', () => {
  it('are said in the log, those of an earlier session not again; the best step is found', () => {
    const rows = path.join(folder, 'trainer_log.jsonl');
    writeFileSync(rows, row({ current_steps: 0, phase: 'evaluating' }) + measured(0, 0.9) + measured(2, 0.5));
    const logged: string[] = [];
    const phases: string[] = [];
    const report: JobReport = {
      metric() {},
      progress: ({ phase, done }) => phases.push(`${phase} ${done}`),
      log: (_, text) => logged.push(text),
      artifact() {},
      error() {},
      ready() {},
    };
    const feed = new EvaluationFeed(report, rows, 2);
    feed.look();
    appendFileSync(rows, row({ current_steps: 3, loss: 2 }) + measured(4, 0.7) + measured(6, 0.7));
    feed.look();
    expect(logged.map((text) => text.slice(0, 40))).toEqual([
      'Held-out rows at step 2 (3.3 s): recall@',
      'Held-out rows at step 4 (3.3 s): recall@',
      'Held-out rows at step 6 (3.3 s): recall@',
    ]);
    expect(logged[1]).toBe('Held-out rows at step 4 (3.3 s): recall@1 0.500 · mrr@10 0.700 · loss 1.250');
    expect(phases).toEqual(['searching the held-out rows 0']);
    expect(feed.all.map(({ step }) => step)).toEqual([0, 2, 4, 6]);
    // The base is no checkpoint, and of equal ones the first costs the least.
    expect(bestOf(feed.all)?.step).toBe(4);
    expect(bestOf([])).toBeUndefined();
  });
});
