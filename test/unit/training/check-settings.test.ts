import { expect, it } from 'vitest';
import { checkLlmKeys, checkServable } from '../../../src/training/check-settings.ts';
import { llmSettings } from '../../../src/training/llm-config.ts';

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
  const training = { dataset: 'd', split: 'all', base: 'b', name: 'n', settings: {}, seed: 1 };
  for (const preset of ['cpu', 'tutorial'] as const)
    expect(() => checkLlmKeys(llmSettings({ ...training, preset }, places))).not.toThrow();
});

it.each([
  [{ use_dora: true }, /DoRA/],
  [{ pissa_init: true }, /PiSSA/],
  [{ additional_target: 'embed_tokens' }, /modules_to_save/],
  [{ lora_rank: 1024 }, /up to 512/],
])('refuses %j, which cannot be served, with the reason', (settings, why) => {
  expect(() => checkServable(settings)).toThrow(why);
});

it('lets through what is served: rsLoRA, LoRA+, a rank of 512, DoRA turned off', () => {
  expect(() =>
    checkServable({ use_rslora: true, loraplus_lr_ratio: 16, lora_rank: 512, use_dora: false }),
  ).not.toThrow();
});
