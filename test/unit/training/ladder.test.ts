import { describe, expect, it } from 'vitest';
import { zeroFile } from '../../../src/training/deepspeed.ts';
import { forecastTraining } from '../../../src/training/forecast/forecast.ts';
import { ladder, nextRung } from '../../../src/training/forecast/ladder.ts';
import { lengthsOf } from '../../../src/training/forecast/lengths.ts';
import { refuseHopeless } from '../../../src/training/forecast/refusal.ts';
import { forecastInput, SMOLLM2 } from '../../support/shapes.ts';

/** A hundred lengths, 10 to 1,000. */
const LENGTHS = {
  source: 'counted' as const,
  texts: lengthsOf(Array.from({ length: 100 }, (_, at) => 10 * (at + 1))),
  passages: null,
};
const LLM = {
  per_device_train_batch_size: 6,
  gradient_accumulation_steps: 2,
  cutoff_len: 2048,
  lora_rank: 16,
  lora_alpha: 32,
  disable_gradient_checkpointing: true,
};

describe('the ladder after an out-of-memory', () => {
  it('keeps the rows of a step: the micro-batch shrinks by what the accumulation grows', () => {
    const rung = nextRung(forecastInput({ settings: LLM }));
    expect(rung).toMatchObject({
      id: 'micro-batch',
      changes: { per_device_train_batch_size: 3, gradient_accumulation_steps: 4 },
      keepsBatch: true,
    });
    // Three cannot be halved and goes to one.
    const after = { ...LLM, ...rung?.changes };
    expect(nextRung(forecastInput({ settings: after }))?.changes).toEqual({
      per_device_train_batch_size: 1,
      gradient_accumulation_steps: 12,
    });
  });

  it('goes on with checkpointing, the 99th and 95th percentile of the lengths, and half the rank at the same strength', () => {
    const rungs = [...ladder(forecastInput({ settings: LLM, lengths: LENGTHS }))];
    expect(rungs.map(({ id }) => id)).toEqual([
      'micro-batch',
      'micro-batch',
      'checkpointing',
      'cutoff',
      'cutoff',
      'rank',
      'rank',
    ]);
    expect(rungs.map(({ changes }) => changes).slice(2)).toEqual([
      { disable_gradient_checkpointing: false },
      { cutoff_len: 992 },
      { cutoff_len: 952 },
      { lora_rank: 8, lora_alpha: 16 },
      { lora_rank: 4, lora_alpha: 8 },
    ]);
    // 1,000 is longer than 992; 960 to 990 than 952.
    expect(rungs[3]?.cutsShare).toBeCloseTo(0.01, 10);
    expect(rungs[4]?.cutsShare).toBeCloseTo(0.04, 10);
  });

  it('quantises on CUDA where the package is there, and shares over GPUs where DeepSpeed is', () => {
    const least = { per_device_train_batch_size: 1, cutoff_len: 128, lora_rank: 4 };
    const on = (packages: readonly string[], gpus = 1) =>
      [...ladder(forecastInput({ device: 'cuda', settings: least, packages, gpus }))].map(({ id }) => id);
    expect(on([])).toEqual([]);
    expect(on(['bitsandbytes'])).toEqual(['quantise']);
    expect(on(['deepspeed'])).toEqual([]);
    expect(on(['deepspeed'], 2)).toEqual(['zero', 'zero', 'zero']);
  });

  it('names DeepSpeed files that are written for it, and only those', () => {
    const settings = { per_device_train_batch_size: 1, cutoff_len: 128, lora_rank: 4 };
    const rungs = [...ladder(forecastInput({ device: 'cuda', settings, packages: ['deepspeed'], gpus: 2 }))];
    const files = rungs.map(({ changes }) => JSON.parse(zeroFile(String(changes['deepspeed'])) ?? 'null'));
    expect(files.map((file) => file?.zero_optimization.stage)).toEqual([2, 3, 3]);
    expect(files.map((file) => 'offload_param' in file.zero_optimization)).toEqual([false, false, true]);
    expect(zeroFile('my/ds.json')).toBeUndefined();
  });

  it('makes the batch of an evaluation no larger than that of the training', () => {
    const settings = { per_device_train_batch_size: 1, val_size: 0.1, eval_strategy: 'steps', cutoff_len: 128 };
    expect(nextRung(forecastInput({ settings }))?.changes).toEqual({ per_device_eval_batch_size: 1 });
  });

  it('of an embedder changes what is trained on last, and says that the batch becomes another', () => {
    const settings = { per_device_train_batch_size: 2, train_group_size: 4, query_max_len: 64, passage_max_len: 128 };
    const rungs = [...ladder(forecastInput({ engine: 'flagembedding', device: 'cuda', settings }))];
    expect(rungs[0]?.changes).toEqual({ gradient_checkpointing: true, sub_batch_size: 2 });
    expect(rungs.at(-1)).toMatchObject({ id: 'group', keepsBatch: false });
    expect(rungs.find(({ id }) => id === 'micro-batch')?.keepsBatch).toBe(false);
  });

  it('every rung needs less memory than the one before, or as much', () => {
    const input = forecastInput({ settings: LLM, lengths: LENGTHS, shape: SMOLLM2 });
    const peaks = [forecastTraining(input).memory?.peak ?? 0];
    let settings: typeof input.settings = LLM;
    for (const { changes } of ladder(input)) {
      settings = { ...settings, ...changes };
      peaks.push(forecastTraining({ ...input, settings }).memory?.peak ?? 0);
    }
    expect(peaks).toEqual([...peaks].sort((a, b) => b - a));
    expect(peaks.at(-1)).toBeLessThan((peaks[0] ?? 0) / 3);
  });
});

describe('a training that does not fit', () => {
  const GB = 1e9;
  const on = (total: number, available = total, disk = 100 * GB) =>
    forecastTraining(
      forecastInput({
        settings: LLM,
        lengths: LENGTHS,
        shape: SMOLLM2,
        machine: { memory: { total, available }, gpus: null, disk },
      }),
    );

  it('is refused with its numbers and the nearest settings that fit, which keep the batch', () => {
    const forecast = on(8 * GB);
    expect(forecast.verdict.state).toBe('refused');
    const { nearest } = forecast.verdict;
    expect(nearest?.peak).toBeLessThan(8 * GB * 0.85);
    const { per_device_train_batch_size: micro, gradient_accumulation_steps: accumulation } = nearest?.settings ?? {};
    expect(Number(micro) * Number(accumulation)).toBe(12);
    expect(() => refuseHopeless(forecast)).toThrow(/needs about [\d.]+ GB of memory, and this machine has 8\.0 GB/);
    expect(() => refuseHopeless(forecast, { oversize: true })).not.toThrow();
  });

  it('is not refused for memory that others hold now, but called tight', () => {
    const need = on(1000 * GB).memory?.peak ?? 0;
    expect(on(1000 * GB).verdict.state).toBe('fits');
    expect(on(1000 * GB, need / 2).verdict).toMatchObject({ state: 'tight', obstacles: [{ kind: 'memory' }] });
    expect(on(need * 1.05).verdict.state).toBe('tight');
    expect(() => refuseHopeless(on(need * 1.05))).not.toThrow();
  });

  it('has no nearest settings where nothing helps', () => {
    const forecast = on(0.5 * GB);
    expect(forecast.verdict).toMatchObject({ state: 'refused', nearest: null });
    expect(() => refuseHopeless(forecast)).toThrow(
      expect.objectContaining({ hint: expect.stringMatching(/smaller base/) }),
    );
  });

  it('is refused for a disk without room', () => {
    const forecast = on(1000 * GB, 1000 * GB, 1e6);
    expect(forecast.verdict).toMatchObject({ state: 'refused', obstacles: [{ kind: 'disk', have: 1e6 }] });
  });

  it('is refused for want of steps, whatever is allowed', () => {
    const settings = { per_device_train_batch_size: 8, dataloader_drop_last: true };
    const forecast = forecastTraining(forecastInput({ rows: 5, settings }));
    expect(() => refuseHopeless(forecast, { oversize: true })).toThrow(/without a step/);
  });
});
