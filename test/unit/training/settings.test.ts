import { describe, expect, it } from 'vitest';
import { RagtuiError } from '../../../src/platform/errors.ts';
import { embedderSettings, toFlags } from '../../../src/training/embedder-config.ts';
import { effectiveBatch, llmSettings } from '../../../src/training/llm-config.ts';
import { parseSettings } from '../../../src/training/settings.ts';
import type { Training } from '../../../src/training/types.ts';
import { toYaml } from '../../../src/training/yaml.ts';

const training = (changes: Partial<Training> = {}): Training => ({
  dataset: 'd',
  split: 'train',
  base: 'b',
  name: 'n',
  preset: 'cpu',
  settings: {},
  seed: 42,
  ...changes,
});
const places = {
  basePath: '/base',
  template: 'smollm2',
  datasetName: 'd-train',
  datasetFolder: '/job/data',
  outputFolder: '/out',
};
const embedder = {
  basePath: '/base',
  base: {
    pooling: 'mean' as const,
    normalize: true,
    maxTokens: 256,
    dimension: 384,
    dtype: 'f32' as const,
    queryInstruction: '',
    passageInstruction: '',
  },
  trainFile: '/job/data/rows.jsonl',
  outputFolder: '/out',
};

describe('--set', () => {
  it('takes numbers and truth values for what they look like', () => {
    const texts = [
      'max_steps=6',
      'learning_rate=5e-5',
      'use_rslora=true',
      'lora_target=q_proj,v_proj',
      'x=',
      'y=a=b',
      'z=.5',
    ];
    expect(parseSettings(texts)).toEqual({
      max_steps: 6,
      learning_rate: 0.00005,
      use_rslora: true,
      lora_target: 'q_proj,v_proj',
      x: '',
      y: 'a=b',
      z: 0.5,
    });
  });

  it.each(['max_steps', '=3', 'Max=3', '--x=1'])('refuses %s', (text) => {
    expect(() => parseSettings([text])).toThrow(/is not a setting/);
  });
});

describe('YAML for LLaMA-Factory', () => {
  it('is read by a YAML parser as it was meant (PyYAML 1.1: 1e-5 without a point is a string)', () => {
    expect(toYaml({ a: 'it: "is" #1', b: true, c: 1e-5, d: 1.5e-7, e: 3, f: '是\n' })).toBe(
      'a: "it: \\"is\\" #1"\nb: true\nc: 0.00001\nd: 1.5e-7\ne: 3\nf: "是\\n"\n',
    );
    expect(toYaml({ rate: 1e-7 })).toBe('rate: 1.0e-7\n');
  });
});

describe('settings of an LLM training', () => {
  it('are the tutorial’s (design §7)', () => {
    expect(llmSettings(training({ preset: 'tutorial' }), places)).toMatchObject({
      finetuning_type: 'lora',
      lora_rank: 8,
      lora_alpha: 16,
      lora_dropout: 0,
      lora_target: 'all',
      learning_rate: 0.0001,
      cutoff_len: 5120,
      max_samples: 20000,
      val_size: 0.01,
      per_device_train_batch_size: 2,
      gradient_accumulation_steps: 1,
      num_train_epochs: 2,
      lr_scheduler_type: 'cosine',
      warmup_steps: 0.1,
      fp16: true,
      logging_steps: 10,
      save_steps: 500,
      eval_steps: 500,
    });
  });

  it('on a CPU are float32 without checkpointing, and save on TERM', () => {
    const settings = llmSettings(training(), places);
    expect(settings).toMatchObject({
      use_cpu: true,
      fp16: false,
      bf16: false,
      cutoff_len: 512,
      disable_gradient_checkpointing: true,
      enable_jit_checkpoint: true,
      logging_steps: 1,
    });
    expect(settings).not.toHaveProperty('eval_steps');
  });

  it('give way to --set, but for what is ours', () => {
    expect(llmSettings(training({ settings: { lora_rank: 16, max_steps: 6 } }), places)).toMatchObject({
      lora_rank: 16,
      max_steps: 6,
    });
    expect(() => llmSettings(training({ settings: { output_dir: '/etc' } }), places)).toThrow(/set by ragtui itself/);
  });

  it('have none of the keys that version 5 of Transformers no longer knows', () => {
    const gone = [
      'no_cuda',
      'save_safetensors',
      'evaluation_strategy',
      'group_by_length',
      'jit_mode_eval',
      'overwrite_output_dir',
    ];
    for (const preset of ['cpu', 'tutorial'] as const) {
      for (const key of gone) expect(llmSettings(training({ preset }), places)).not.toHaveProperty(key);
    }
  });
});

describe('settings of an embedder training', () => {
  it('keep the pooling of the base', () => {
    expect(embedderSettings(training(), embedder)).toMatchObject({
      sentence_pooling_method: 'mean',
      normalize_embeddings: true,
      train_group_size: 4,
      use_cpu: true,
    });
  });

  it('are the tutorial’s (design §7)', () => {
    expect(embedderSettings(training({ preset: 'tutorial' }), embedder)).toMatchObject({
      train_group_size: 8,
      query_max_len: 512,
      passage_max_len: 512,
      learning_rate: 0.00001,
      warmup_steps: 0.1,
      weight_decay: 0.01,
      temperature: 0.02,
      per_device_train_batch_size: 16,
      num_train_epochs: 2,
    });
  });

  it('become flags with the truth values of Python', () => {
    const flags = toFlags(embedderSettings(training(), { ...embedder, checkpoint: '/out/checkpoint-24' }));
    expect(flags.join(' ')).toContain('--normalize_embeddings True');
    expect(flags.join(' ')).toContain('--resume_from_checkpoint /out/checkpoint-24');
    expect(flags).not.toContain('--query_instruction_for_retrieval');
  });
});

describe('methods and presets', () => {
  const settings = (changes: Partial<Training>, devices = 1) => llmSettings(training(changes), { ...places, devices });

  it('full and freeze have no adapter and a tenth of its learning rate', () => {
    for (const method of ['full', 'freeze'] as const) {
      const made = settings({ method });
      expect(made).toMatchObject({ finetuning_type: method, learning_rate: 1e-5 });
      expect(Object.keys(made).filter((key) => key.startsWith('lora_'))).toEqual([]);
    }
    expect(settings({ method: 'freeze' })).toMatchObject({ freeze_trainable_layers: 2 });
  });

  it('QLoRA is LoRA over weights of 4 bits', () => {
    expect(settings({ preset: 'gpu-24gb', method: 'qlora' })).toMatchObject({
      finetuning_type: 'lora',
      quantization_bit: 4,
      quantization_method: 'bnb',
      lora_rank: 8,
    });
  });

  it('DPO learns in small steps from both answers', () => {
    expect(settings({ stage: 'dpo' })).toMatchObject({ stage: 'dpo', pref_beta: 0.1, learning_rate: 5e-6 });
    expect(settings({ stage: 'dpo', settings: { pref_beta: 0.3 } })).toMatchObject({ pref_beta: 0.3 });
  });

  it.each(['gpu-8gb', 'gpu-12gb', 'gpu-24gb', 'gpu-48gb', 'gpu-80gb'] as const)(
    '%s follows the tutorial: alpha twice the rank, 16 rows a step on one card and on four',
    (preset) => {
      const one = settings({ preset });
      expect(one['lora_alpha']).toBe(2 * Number(one['lora_rank']));
      expect(one['disable_gradient_checkpointing']).toBe(false);
      expect(effectiveBatch(one, 1)).toBe(16);
      const batch = Number(one['per_device_train_batch_size']);
      expect(effectiveBatch(settings({ preset }, 4), 4)).toBe(Math.max(16, batch * 4));
      // One kind of half precision, never both.
      expect([one['fp16'], one['bf16']].filter(Boolean)).toHaveLength(1);
    },
  );

  it('less memory means a lower rank first, then 4-bit weights', () => {
    const ranks = (['gpu-80gb', 'gpu-48gb', 'gpu-24gb', 'gpu-12gb', 'gpu-8gb'] as const).map((preset) => {
      const { lora_rank: rank, quantization_bit: bits } = settings({ preset });
      return [rank, bits];
    });
    expect(ranks).toEqual([
      [32, undefined],
      [16, undefined],
      [8, undefined],
      [8, 4],
      [4, 4],
    ]);
  });

  it.each([
    [{ method: 'full' as const, settings: { lora_rank: 4 } }, /of another method than full.*lora or qlora/],
    [{ settings: { freeze_trainable_layers: 4 } }, /of another method than lora.*freeze/],
    [{ settings: { quantization_bit: 4 } }, /of another method than lora.*qlora/],
    [{ settings: { finetuning_type: 'full' } }, /an option.*--method/],
    [{ settings: { stage: 'dpo' } }, /an option.*--stage/],
  ])('refuses %j', (changes, why) => {
    const fault = (() => {
      try {
        settings(changes);
      } catch (error) {
        return error instanceof RagtuiError ? `${error.message} ${error.hint}` : '';
      }
      return '';
    })();
    expect(fault).toMatch(why);
  });
});
