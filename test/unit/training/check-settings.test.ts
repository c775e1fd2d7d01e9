import { expect, it } from 'vitest';
import { checkLlmKeys, checkMethod, checkServable } from '../../../src/training/check-settings.ts';
import { METHODS, PRESETS, STAGES, TRAINING_FIELDS } from '../../../src/training/fields.ts';
import { LLAMAFACTORY_KEYS } from '../../../src/training/llamafactory-keys.ts';
import { llmSettings } from '../../../src/training/llm-config.ts';
import type { Setting, Training } from '../../../src/training/types.ts';

const training = (settings: Record<string, Setting>, changes: Partial<Training> = {}): Training => ({
  dataset: 'd',
  split: 'all',
  base: 'b',
  name: 'n',
  preset: 'cpu',
  seed: 1,
  settings,
  ...changes,
});

it.each([
  ['lora_rnak', 'lora_rank'],
  ['learning-rate', 'learning_rate'],
  ['per_device_batch_size', 'per_device_eval_batch_size'],
])('refuses the key %s and names %s', (key, near) => {
  expect(() => checkLlmKeys({ max_steps: 3, [key]: 1 })).toThrow(
    expect.objectContaining({ code: 'usage', message: expect.stringContaining(key), hint: `Did you mean ${near}?` }),
  );
});

it('refuses keys that version 5 of Transformers has dropped (fatal in the engine)', () => {
  for (const key of ['no_cuda', 'save_safetensors', 'evaluation_strategy', 'group_by_length'])
    expect(() => checkLlmKeys({ [key]: true })).toThrow(/has no setting/);
});

it('knows every key that the presets and we ourselves write', () => {
  const places = { basePath: '', template: '', datasetName: '', datasetFolder: '', outputFolder: '' };
  for (const preset of PRESETS)
    for (const method of METHODS)
      for (const stage of STAGES)
        expect(() => checkLlmKeys(llmSettings(training({}, { preset, method, stage }), places))).not.toThrow();
});

it.each([
  [{ use_dora: true }, /DoRA/],
  [{ pissa_init: true }, /PiSSA/],
  [{ additional_target: 'embed_tokens' }, /modules_to_save/],
  [{ lora_rank: 1024 }, /up to 512/],
])('refuses %j, which cannot be served, with the reason', (settings, why) => {
  expect(() => checkServable(training(settings))).toThrow(why);
});

it('lets through what is served: rsLoRA, LoRA+, a rank of 512, DoRA turned off', () => {
  expect(() =>
    checkServable(training({ use_rslora: true, loraplus_lr_ratio: 16, lora_rank: 512, use_dora: false })),
  ).not.toThrow();
});

it('lets a model of its own have what an adapter cannot', () => {
  expect(() => checkServable(training({ resize_vocab: true }, { method: 'full' }))).not.toThrow();
});

it('refuses QLoRA on a CPU, and where bitsandbytes is missing, with the reason', () => {
  const qlora = training({}, { method: 'qlora', preset: 'gpu-8gb' });
  const code = (value: string, message: RegExp) =>
    expect.objectContaining({ code: value, message: expect.stringMatching(message) });
  expect(() => checkMethod(qlora, { device: 'cpu', versions: undefined })).toThrow(code('unsupported', /CUDA GPU/));
  const versions = { llamafactory: '0.9.5' };
  expect(() => checkMethod(qlora, { device: 'cuda', versions })).toThrow(code('unavailable', /bitsandbytes/));
  // The smallest card's preset is QLoRA by itself.
  expect(() => checkMethod(training({}, { preset: 'gpu-8gb' }), { device: 'cuda', versions })).toThrow(/bitsandbytes/);
  const whole = { ...versions, bitsandbytes: '0.50.2' };
  expect(() => checkMethod(qlora, { device: 'cuda', versions: whole })).not.toThrow();
});

it('explains settings that the engine has', () => {
  for (const { key } of TRAINING_FIELDS) expect(LLAMAFACTORY_KEYS).toContain(key);
});

it.each([
  ['per_device_train_batch_size', -1],
  ['per_device_train_batch_size', 1.5],
  ['learning_rate', 'abc'],
  ['learning_rate', 0],
  ['num_train_epochs', -2],
  ['val_size', -0.1],
])('a value that no engine takes is refused before anything starts: %s=%s', (key, value) => {
  expect(() => checkLlmKeys({ [key]: value })).toThrow(`${key} cannot be "${value}".`);
});

it('values that engines take in their own way are let through', () => {
  // Shares of all steps, "by epochs", and what a form would advise against.
  const settings = { save_steps: 0.1, logging_steps: 0.05, max_steps: -1, warmup_steps: 0, learning_rate: 0.5 };
  expect(() => checkLlmKeys({ ...settings, val_size: 0, cutoff_len: 1, lora_rank: 600 })).not.toThrow();
});
