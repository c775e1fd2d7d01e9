import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { forecastTraining } from '../../../src/training/forecast/forecast.ts';
import { lengthsOf, meanLongest, percentile, shareOver } from '../../../src/training/forecast/lengths.ts';
import { gpuFacts, withLimit } from '../../../src/training/forecast/machine.ts';
import { shapeOfFolder, shapeOfGguf } from '../../../src/training/forecast/read-shape.ts';
import { forecastInput, SMOLLM2 } from '../../support/shapes.ts';
import { writeTinyGguf } from '../../support/tiny-gguf.ts';

// Made by datasets 4.0 (train_test_split), accelerate 1.11 (BatchSamplerShard) and the arithmetic of
// transformers 5.6's Trainer: rows, batch, GPUs, accumulation, drop_last, val_size, epochs, max_steps → train rows,
// evaluation rows, steps an epoch, steps.
const STEPS: readonly (readonly [number, number, number, number, boolean, number, number, number, number[]])[] = [
  [96, 2, 1, 1, false, 0, 1, -1, [96, 0, 48, 48]],
  [97, 2, 1, 4, false, 0, 2, -1, [97, 0, 13, 26]],
  [101, 4, 8, 2, false, 0.01, 3, -1, [99, 2, 2, 6]],
  [33, 8, 4, 1, true, 0, 1, -1, [33, 0, 1, 1]],
  [7000, 2, 8, 1, false, 0.01, 2, -1, [6930, 70, 434, 868]],
  [7, 8, 1, 1, true, 0, 1, -1, [7, 0, 0, 0]],
  [30, 4, 2, 3, false, 5, 1.5, -1, [25, 5, 2, 3]],
  [30, 4, 2, 3, false, 0, 1, 7, [30, 0, 2, 7]],
];

describe('steps', () => {
  it.each(STEPS)(
    '%i rows, batch %i, %i GPUs, accumulation %i, drop_last %s, val_size %d, %d epochs, max_steps %i',
    (rows, batch, gpus, accumulation, dropLast, valSize, epochs, maxSteps, expected) => {
      const { steps } = forecastTraining(
        forecastInput({
          rows,
          gpus,
          settings: {
            per_device_train_batch_size: batch,
            gradient_accumulation_steps: accumulation,
            dataloader_drop_last: dropLast,
            val_size: valSize,
            num_train_epochs: epochs,
            max_steps: maxSteps,
          },
        }),
      );
      expect([steps.trainRows, steps.evalRows, steps.perEpoch, steps.total]).toEqual(expected);
    },
  );

  it('count max_samples before val_size, and the batch over GPUs and accumulation', () => {
    const settings = {
      max_samples: 50,
      val_size: 0.1,
      per_device_train_batch_size: 2,
      gradient_accumulation_steps: 3,
      num_train_epochs: 1,
    };
    const { steps } = forecastTraining(forecastInput({ rows: 1000, gpus: 2, settings }));
    expect(steps).toMatchObject({ trainRows: 45, evalRows: 5, effectiveBatch: 12, perEpoch: 4 });
  });
});

describe('parameters', () => {
  const of = (settings: Record<string, string | number>) =>
    forecastTraining(forecastInput({ shape: SMOLLM2, settings })).parameters;

  it('are those that LLaMA-Factory prints: LoRA of rank 8 on all layers of SmolLM2', () => {
    // "trainable params: 2,442,240 || all params: 136,957,248 || trainable%: 1.7832"
    expect(of({ lora_rank: 8, lora_target: 'all' })).toEqual({ trainable: 2_442_240, all: 136_957_248 });
  });

  it('grow with the rank and shrink with the layers that are named', () => {
    expect(of({ lora_rank: 16 })?.trainable).toBe(2 * 2_442_240);
    // r × (576 + 576) and r × (576 + 192), 30 times.
    expect(of({ lora_rank: 8, lora_target: 'q_proj,v_proj' })?.trainable).toBe(30 * 8 * (1152 + 768));
  });

  it('are all of them for a full training, whole blocks for freeze', () => {
    expect(of({ finetuning_type: 'full' })).toEqual({ trainable: 134_515_008, all: 134_515_008 });
    expect(of({ finetuning_type: 'freeze', freeze_trainable_layers: 2 })?.trainable).toBe(2 * 3_540_096);
    expect(of({ finetuning_type: 'freeze', freeze_trainable_layers: -3 })?.trainable).toBe(3 * 3_540_096);
  });
});

describe('a preference training', () => {
  const lengths = { source: 'counted' as const, texts: lengthsOf([100]), passages: null };
  const of = (settings: Record<string, string>) =>
    forecastTraining(
      forecastInput({ shape: SMOLLM2, lengths, settings: { per_device_train_batch_size: 1, ...settings } }),
    );

  it('runs both answers of a row at once', () => {
    expect(of({ stage: 'dpo' }).tokens?.longestBatch).toBe(2 * 104);
    expect(of({ stage: 'sft' }).tokens?.longestBatch).toBe(104);
  });

  it('holds a second model to compare with, unless an adapter can be taken off', () => {
    const weights = (settings: Record<string, string>) => of(settings).memory?.parts.weights ?? 0;
    expect(weights({ stage: 'dpo' })).toBe(weights({ stage: 'sft' }));
    const full = { finetuning_type: 'full' };
    expect(weights({ stage: 'dpo', ...full })).toBe(2 * weights({ stage: 'sft', ...full }));
    expect(weights({ stage: 'dpo', pref_loss: 'simpo', ...full })).toBe(weights({ stage: 'sft', ...full }));
  });
});

describe('lengths', () => {
  const ten = lengthsOf([10, 1, 9, 2, 8, 3, 7, 4, 6, 5]);

  it('say what is cut and where the percentiles are', () => {
    expect(shareOver(ten, 8)).toBe(0.2);
    expect(percentile(ten, 0.9)).toBe(9);
    expect(percentile(ten, 1)).toBe(10);
  });

  it('are filled up to the longest of a batch: for one text the mean, for two the mean of all hundred pairs', () => {
    expect(meanLongest(ten, 100, 1)).toBeCloseTo(5.5, 10);
    const pairs = ten.sample.flatMap((a) => ten.sample.map((b) => Math.max(a, b)));
    expect(meanLongest(ten, 100, 2)).toBeCloseTo(pairs.reduce((sum, one) => sum + one, 0) / pairs.length, 10);
  });

  it('are cut before they are filled up', () => {
    expect(meanLongest(ten, 4, 50)).toBeCloseTo(4, 6);
  });
});

describe('tokens', () => {
  it('of an LLM are filled up to a multiple of eight; what is longer than the cutoff is told', () => {
    const lengths = { source: 'counted' as const, texts: lengthsOf([10, 10, 10, 50]), passages: null };
    const settings = { cutoff_len: 20, per_device_train_batch_size: 1, num_train_epochs: 2 };
    const { tokens } = forecastTraining(forecastInput({ rows: 4, lengths, settings }));
    expect(tokens).toMatchObject({ longest: 50, longestBatch: 24, perStep: 16, total: 2 * 4 * 12.5 });
    expect(tokens?.cut).toEqual([{ setting: 'cutoff_len', at: 20, share: 0.25 }]);
  });

  it('of an embedder are the question and its group of passages', () => {
    const lengths = { source: 'counted' as const, texts: lengthsOf([5]), passages: lengthsOf([100]) };
    const settings = { query_max_len: 8, passage_max_len: 64, train_group_size: 4, per_device_train_batch_size: 2 };
    const { tokens } = forecastTraining(
      forecastInput({ engine: 'flagembedding', rows: 8, lengths, settings: { ...settings, num_train_epochs: 1 } }),
    );
    expect(tokens).toMatchObject({ perStep: 2 * (5 + 4 * 64), total: 8 * (5 + 4 * 64) });
    expect(tokens?.cut.map(({ share }) => share)).toEqual([0, 1]);
  });

  it('are not known without lengths, and then nothing is made up', () => {
    const { tokens, memory, disk, time, verdict } = forecastTraining(forecastInput());
    expect([tokens, memory, disk, time.seconds]).toEqual([null, null, null, null]);
    expect(verdict.state).toBe('unknown');
  });
});

describe('the shape of a base', () => {
  it('is read from a GGUF by llama.cpp’s names', () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'ragtui-shape-'));
    try {
      const file = path.join(folder, 'model.gguf');
      writeTinyGguf(file, 'llama');
      // It lacks what a whole model says of itself.
      expect(shapeOfGguf(file)).toBeNull();
      writeFileSync(file, 'GGU');
      expect(shapeOfGguf(file)).toBeNull();
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('is read from config.json and the head of the weights; whole numbers are no parameters', () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'ragtui-shape-'));
    try {
      const config = {
        model_type: 'bert',
        num_hidden_layers: 2,
        hidden_size: 8,
        intermediate_size: 16,
        num_attention_heads: 2,
        vocab_size: 10,
      };
      writeFileSync(path.join(folder, 'config.json'), JSON.stringify(config));
      const head = JSON.stringify({
        __metadata__: { format: 'pt' },
        'embeddings.position_ids': { dtype: 'I64', shape: [1, 512], data_offsets: [0, 4096] },
        'embeddings.word_embeddings.weight': { dtype: 'F32', shape: [10, 8], data_offsets: [0, 320] },
        'encoder.layer.0.attention.self.query.weight': { dtype: 'F32', shape: [8, 8], data_offsets: [0, 256] },
        'encoder.layer.0.attention.self.query.bias': { dtype: 'F32', shape: [8], data_offsets: [0, 32] },
        'encoder.layer.1.output.dense.weight': { dtype: 'F32', shape: [8, 16], data_offsets: [0, 512] },
      });
      const length = Buffer.alloc(8);
      length.writeBigUInt64LE(BigInt(head.length));
      writeFileSync(path.join(folder, 'model.safetensors'), Buffer.concat([length, Buffer.from(head)]));
      expect(shapeOfFolder(folder, 'encoder')).toMatchObject({
        parameters: 80 + 64 + 8 + 128,
        layerParameters: [72, 128],
        kvHeads: 2,
        headSize: 4,
        linears: [
          { name: 'query', in: 8, out: 8 },
          { name: 'dense', in: 16, out: 8 },
        ],
      });
      writeFileSync(path.join(folder, 'model.safetensors'), Buffer.concat([length, Buffer.from('{')]));
      expect(shapeOfFolder(folder, 'encoder')).toBeNull();
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe('the machine', () => {
  it('has no more memory than its control group lets it have', () => {
    expect(withLimit(64, 40, null, null)).toEqual({ total: 64, available: 40 });
    expect(withLimit(64, 40, 16, 10)).toEqual({ total: 16, available: 6 });
    expect(withLimit(64, 4, 16, 0)).toEqual({ total: 16, available: 4 });
  });

  it('tells of the GPUs that are used; without a word from the driver nothing is known', () => {
    const gpu = { index: 0, uuid: 'GPU-1', name: 'L4', busy: 0, temperature: null, power: null, powerLimit: null };
    const told = { state: 'ok' as const, processes: [], gpus: [{ ...gpu, memoryUsed: 4, memoryTotal: 24 }] };
    expect(gpuFacts(told, 1)).toEqual([{ name: 'L4', total: 24, free: 20 }]);
    expect(gpuFacts({ state: 'none' }, 1)).toBeNull();
    expect(gpuFacts({ ...told, gpus: [{ ...gpu, memoryUsed: null, memoryTotal: null }] }, 1)).toBeNull();
  });
});
