import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { JobReport } from '../../../src/jobs/worker.ts';
import { MetricFeed, tellEarlier } from '../../../src/training/metrics.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'ragtui-feed-'));
});
afterEach(() => rmSync(folder, { recursive: true }));
const at = (name: string) => path.join(folder, name);

function listen() {
  const metrics: [string, number, number][] = [];
  const progress: { done: number; rate: number | null }[] = [];
  const report: JobReport = {
    metric: (name, step, value) => metrics.push([name, step, value]),
    progress: ({ done, rate }) => progress.push({ done, rate }),
    log() {},
    artifact() {},
    error() {},
    ready() {},
  };
  return { report, metrics, progress };
}
const row = (step: number, loss: number) => `${JSON.stringify({ current_steps: step, total_steps: 6, loss })}\n`;
const norm = (step: number, value: number) =>
  `${JSON.stringify({ current_steps: step, total_steps: 6, grad_norm: value })}\n`;

describe('the numbers of a job', () => {
  it('of a resumed training are whole: earlier rows up to the checkpoint, then the new ones', () => {
    writeFileSync(at('rows'), row(1, 3) + row(2, 2.5) + row(3, 2));
    writeFileSync(at('norms'), norm(1, 0.1) + norm(2, 0.2) + norm(3, 0.3));
    writeFileSync(at('stdout'), "{'loss': '9', 'grad_norm': '9'}\n");
    const { report, metrics, progress } = listen();
    const feed = new MetricFeed(report, {
      rows: at('rows'),
      resumedAt: 2,
      printed: { file: at('stdout'), from: readFileSync(at('stdout')).length, kept: at('norms') },
    });
    feed.look();
    expect(progress).toEqual([]);
    appendFileSync(at('rows'), row(3, 2.1));
    appendFileSync(at('stdout'), "{'loss': '2.1', 'grad_norm': '0.35'}\n");
    feed.look();
    expect(metrics.filter(([name]) => name === 'loss')).toEqual([
      ['loss', 1, 3],
      ['loss', 2, 2.5],
      ['loss', 3, 2.1],
    ]);
    expect(metrics.filter(([name]) => name === 'grad_norm')).toEqual([
      ['grad_norm', 1, 0.1],
      ['grad_norm', 2, 0.2],
      ['grad_norm', 3, 0.35],
    ]);
    // Earlier rows say nothing of how fast it is now.
    expect(progress).toEqual([{ done: 3, rate: null }]);
    expect(feed.last).toEqual({ step: 3, totalSteps: 6 });
    expect(readFileSync(at('norms'), 'utf8')).toBe(norm(1, 0.1) + norm(2, 0.2) + norm(3, 0.35));
  });

  it('of a training that was begun again meanwhile are told once, and norms stay with their steps', () => {
    const printed = (loss: number, value: number) => `{'loss': '${loss}', 'grad_norm': '${value}'}\n`;
    writeFileSync(at('stdout'), printed(3, 0.1) + printed(2.5, 0.2));
    const { report, metrics } = listen();
    const feed = new MetricFeed(report, {
      rows: at('rows'),
      resumedAt: 0,
      printed: { file: at('stdout'), from: 0, kept: at('norms') },
      sessions: at('sessions'),
    });
    writeFileSync(at('rows'), row(1, 3) + row(2, 2.5) + row(3, 2));
    feed.look();
    // What the first session printed of its third step arrives late.
    writeFileSync(at('rows'), row(1, 3) + row(2, 2.5));
    feed.again(2);
    appendFileSync(
      at('stdout'),
      `${printed(2, 0.9)}--- begun again by Slurm, from checkpoint-2, on n2 ---\n${printed(2.1, 0.3)}`,
    );
    appendFileSync(at('rows'), row(3, 2.1));
    feed.look();
    expect(metrics).toEqual([
      ['loss', 1, 3],
      ['grad_norm', 1, 0.1],
      ['loss', 2, 2.5],
      ['grad_norm', 2, 0.2],
      ['loss', 3, 2],
      ['resumed', 2, 1],
      ['loss', 3, 2.1],
      ['grad_norm', 3, 0.3],
    ]);
    expect(readFileSync(at('norms'), 'utf8')).toBe(norm(1, 0.1) + norm(2, 0.2) + norm(3, 0.3));
  });

  it('begin with nothing when the engine has written nothing yet', () => {
    const { report, metrics } = listen();
    const feed = new MetricFeed(report, { rows: at('rows'), resumedAt: 0 });
    feed.look();
    writeFileSync(at('rows'), row(1, 3).slice(0, 20));
    feed.look();
    expect(metrics).toEqual([]);
    appendFileSync(at('rows'), row(1, 3).slice(20));
    feed.look();
    expect(metrics).toEqual([['loss', 1, 3]]);
  });

  it('mark where sessions went on, and forget it when a training begins anew', () => {
    const begin = (resumedAt: number) => {
      const { report, metrics } = listen();
      new MetricFeed(report, { rows: at('rows'), resumedAt, sessions: at('sessions') }).look();
      return metrics.filter(([name]) => name === 'resumed').map(([, step]) => step);
    };
    expect(begin(0)).toEqual([]);
    expect(begin(4)).toEqual([4]);
    expect(begin(9)).toEqual([4, 9]);
    // A second try from the same checkpoint is no second mark.
    expect(begin(9)).toEqual([4, 9]);
    expect(begin(0)).toEqual([]);
  });

  it('count tokens a second from what the rows add, and keep them for a later session', () => {
    const counted = (step: number, tokens: number) =>
      `${JSON.stringify({ current_steps: step, total_steps: 6, loss: 1, total_tokens: tokens })}\n`;
    const { report, metrics } = listen();
    const printed = { file: at('stdout'), from: 0, kept: at('norms') };
    const feed = new MetricFeed(report, { rows: at('rows'), resumedAt: 0, printed });
    writeFileSync(at('rows'), counted(1, 100));
    feed.look();
    appendFileSync(at('rows'), counted(2, 180));
    feed.look();
    const rates = metrics.filter(([name]) => name === 'tokens_per_second');
    expect(rates.map(([, step]) => step)).toEqual([2]);
    expect(rates[0]?.[2]).toBeGreaterThan(0);
    const again = listen();
    new MetricFeed(again.report, { rows: at('rows'), resumedAt: 2, printed }).look();
    expect(again.metrics.filter(([name]) => name === 'tokens_per_second')).toEqual(rates);
  });

  it('of a training that is done are told again by the job that only finishes it', () => {
    writeFileSync(at('rows'), row(1, 3) + row(2, 2));
    writeFileSync(at('norms'), norm(1, 0.1));
    writeFileSync(at('sessions'), row(1, 0));
    const { report, metrics } = listen();
    tellEarlier(report, { rows: at('rows'), kept: at('norms'), sessions: at('sessions') });
    expect(metrics).toEqual([
      ['loss', 1, 3],
      ['loss', 2, 2],
      ['grad_norm', 1, 0.1],
      ['resumed', 1, 1],
    ]);
    expect(readFileSync(at('rows'), 'utf8')).toBe(row(1, 3) + row(2, 2));
  });
});
