import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { workspacePaths } from '../../../src/platform/paths.ts';
import { forecastTraining } from '../../../src/training/forecast/forecast.ts';
import { knownPace, paceKey, rememberPace } from '../../../src/training/forecast/known-pace.ts';
import { lengthsOf } from '../../../src/training/forecast/lengths.ts';
import { paceOf, RunWatch } from '../../../src/training/forecast/run-watch.ts';
import type { MeasuredPace } from '../../../src/training/forecast/types.ts';
import { forecastInput } from '../../support/shapes.ts';

const PACE: MeasuredPace = {
  source: 'micro-run',
  from: '2026-11-29, load 1.0',
  secondsPerStep: { low: 1, middle: 2, high: 4 },
  steps: 3,
  tokensPerStep: 100,
  peakBytes: 5,
};

describe('seconds of a step', () => {
  it('are the time between rows, with the spread of them; the first row has the start in it', () => {
    const seen = [0, 1, 3, 4, 6].map((second, step) => ({ step: step + 1, atMs: 1000 * second + 90_000 }));
    expect(paceOf(seen)).toEqual({ secondsPerStep: { low: 1, middle: 1.5, high: 2 }, steps: 4 });
  });

  it('of rows that came at once are shared among them', () => {
    const seen = [
      { step: 1, atMs: 0 },
      { step: 2, atMs: 1000 },
      { step: 3, atMs: 1000 },
      { step: 4, atMs: 4000 },
    ];
    expect(paceOf(seen)).toMatchObject({ secondsPerStep: { low: 1, high: 1.5 }, steps: 3 });
  });

  it('are unknown of one row, or none', () => {
    expect(paceOf([])).toBeUndefined();
    expect(paceOf([{ step: 1, atMs: 5 }])).toBeUndefined();
  });
});

describe('the time of a training', () => {
  const lengths = { source: 'counted' as const, texts: lengthsOf([16]), passages: null };
  const settings = { per_device_train_batch_size: 10, num_train_epochs: 1, save_steps: 500, cutoff_len: 16 };

  it('scales with the tokens of a step: 160 here, measured with 100', () => {
    const { time } = forecastTraining(forecastInput({ rows: 100, settings, lengths, pace: PACE }));
    // Ten steps of 2 s × 1.6, 25 s of start and 2 s for the checkpoint at the end.
    expect(time.seconds).toEqual({ low: 10 * 1.6 + 27, middle: 10 * 3.2 + 27, high: 10 * 6.4 + 27 });
  });

  it('is not known without a measurement', () => {
    expect(forecastTraining(forecastInput({ rows: 100, settings, lengths })).time).toEqual({
      measured: null,
      seconds: null,
    });
  });
});

describe('what was measured', () => {
  let home: string;
  beforeEach(() => {
    home = mkdtempSync(path.join(os.tmpdir(), 'ragtui-pace-'));
  });
  afterEach(() => rmSync(home, { recursive: true, force: true }));

  it('is found by base and way of training, whatever batch, lengths and rank', () => {
    const paths = workspacePaths(home, {});
    const key = (settings: Record<string, number | boolean>, base = 'a') =>
      paceKey({ engine: 'llamafactory', device: 'cpu', gpus: 1, base, settings });
    rememberPace(paths, key({ cutoff_len: 128, lora_rank: 8 }), PACE);
    expect(knownPace(paths, key({ cutoff_len: 512, lora_rank: 64 }))).toEqual(PACE);
    expect(knownPace(paths, key({ disable_gradient_checkpointing: true }))).toBeNull();
    expect(knownPace(paths, key({}, 'b'))).toBeNull();
    rememberPace(paths, key({}), { ...PACE, steps: 9 });
    expect(knownPace(paths, key({}))?.steps).toBe(9);
  });

  it('in a damaged file counts as nothing', () => {
    const paths = workspacePaths(home, {});
    rememberPace(paths, 'k', PACE);
    for (const name of readdirSync(home)) writeFileSync(path.join(home, name), '{"k": {"steps": "many"');
    expect(knownPace(paths, 'k')).toBeNull();
  });

  it('of a session that went on leaves the steps before it out', () => {
    const file = path.join(home, 'rows.jsonl');
    const row = (step: number) => `${JSON.stringify({ current_steps: step, total_steps: 9, loss: 1 })}\n`;
    writeFileSync(file, row(1) + row(2));
    const watch = new RunWatch(file, 2);
    watch.started(process.pid);
    watch.look();
    expect(watch.pace()).toBeUndefined();
  });
});
