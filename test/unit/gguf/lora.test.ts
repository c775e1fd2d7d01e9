import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { convertLora } from '../../../src/models/gguf/lora.ts';
import { readGgufHeader } from '../../../src/models/gguf/read.ts';
import { readSafetensors } from '../../../src/models/gguf/safetensors.ts';
import { type RandomAdapter, TINY, writeRandomAdapter } from '../../support/random-adapter.ts';
import { writeTinyGguf } from '../../support/tiny-gguf.ts';

let folder: string;
let base: string;
let out: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'ragtui lora-'));
  base = path.join(folder, 'base.gguf');
  out = path.join(folder, 'adapter.gguf');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const adapterFolder = () => path.join(folder, 'adapter');
function convert(adapter: Partial<RandomAdapter> = {}, architecture = 'llama') {
  writeTinyGguf(base, architecture);
  writeRandomAdapter(adapterFolder(), { seed: 1, rank: 8, alpha: 16, dtype: 'F32', ...adapter });
  return convertLora({ adapter: adapterFolder(), base, out });
}

/** Names, sizes and every byte of the tensors, whatever their order. */
function digest(file: string): string {
  const bytes = readFileSync(file);
  const hash = createHash('sha256');
  const tensors = [...readGgufHeader(file).tensors.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const { name, dims, type, offset } of tensors) {
    hash.update(`${name} ${dims.join('x')} ${type}\n`);
    hash.update(bytes.subarray(offset, offset + 4 * dims.reduce((product, one) => product * one, 1)));
  }
  return hash.digest('hex');
}

describe('a converted adapter', () => {
  // From llama.cpp's own convert_lora_to_gguf.py (commit de3ff81, --outtype f32) over the same folders, its output read
  // with the Python package gguf 0.19.0.
  test.each([
    ['llama', 'F32', 1, '61d5854eb3f2bce21e3514308abc8c10d3fdaccd6fd33bbefb5c98268d114495'],
    ['llama', 'F16', 2, '458be4bb624de0ffd93e4ce1758b6724de28edc7ee9d59db05ae52e4de579978'],
    ['llama', 'BF16', 3, 'cb96cccdbb299c50b3ca3c470d59486db0cddd4e4b938d3120f6eea1dd03fff3'],
    ['qwen2', 'F32', 1, 'ed5c8eae7c91a6b66ee8e8fd6493f83cab3d19b6a16fe46946785f286a5fdbbf'],
    ['qwen2', 'F16', 2, '11ffdd761e7b8f78e75d487e006b5d804d50a5ec9e14261cb30d80218af440e2'],
  ] as const)(
    'of a %s base in %s is bit for bit what the reference converter writes',
    (architecture, dtype, seed, expected) => {
      expect(convert({ dtype, seed }, architecture)).toEqual({ architecture, rank: 8, alpha: 16, modules: 14 });
      expect(digest(out)).toBe(expected);
      expect(Object.fromEntries(readGgufHeader(out).metadata)).toEqual({
        'general.architecture': architecture,
        'general.type': 'adapter',
        'adapter.type': 'lora',
        'adapter.lora.alpha': 16,
      });
    },
  );

  test('of rsLoRA has alpha times the root of its rank', () => {
    expect(convert({ config: { use_rslora: true } }).alpha).toBeCloseTo(16 * Math.sqrt(8));
  });
});

describe('refused with one clear line', () => {
  test.each([
    ['DoRA', { use_dora: true }, /DoRA/],
    ['whole modules', { modules_to_save: ['embed_tokens'] }, /embed_tokens/],
    ['biases', { bias: 'all' }, /bias/],
    ['lora_bias', { lora_bias: true }, /bias/],
    ['several alphas', { alpha_pattern: { q_proj: 4 } }, /alpha/],
    ['another kind', { peft_type: 'IA3' }, /IA3/],
    ['PiSSA', { init_lora_weights: 'pissa_niter_4' }, /pissa/],
  ])('%s', (_, config, message) => {
    expect(() => convert({ config })).toThrow(message);
    expect(existsSync(out)).toBe(false);
  });

  test('tensors and layers it does not know', () => {
    expect(() => convert({ extra: ['base_model.model.lm_head.weight'] })).toThrow(/lm_head\.weight/);
    expect(() =>
      convert({ extra: ['base_model.model.lm_head.lora_A.weight', 'base_model.model.lm_head.lora_B.weight'] }),
    ).toThrow(/changes lm_head/);
    expect(() => convert({ extra: ['base_model.model.model.layers.9.mlp.up_proj.lora_A.weight'] })).toThrow(/one half/);
  });

  test('another base, another architecture', () => {
    const deeper = { ...TINY, layers: 3 };
    expect(() => convert({ model: deeper })).toThrow(/another base: its blk\.2\.attn_q\.weight.*missing/);
    expect(() => convert({ model: { ...TINY, ffn: 128 } })).toThrow(/128 × 64.*is 96 × 64/);
    expect(() => convert({}, 'gemma3')).toThrow(/gemma3/);
  });

  test('a folder that is none, and files that are cut off', () => {
    expect(() => convertLora({ adapter: folder, base, out })).toThrow(/no adapter_config\.json/);
    convert();
    const weights = path.join(adapterFolder(), 'adapter_model.safetensors');
    truncateSync(weights, 5000);
    expect(() => convertLora({ adapter: adapterFolder(), base, out })).toThrow(/damaged/);
    truncateSync(weights, 4);
    expect(() => readSafetensors(weights)).toThrow(/damaged/);
    truncateSync(base, 100);
    expect(() => readGgufHeader(base)).toThrow(/cut off/);
    writeFileSync(base, 'no model');
    expect(() => readGgufHeader(base)).toThrow(/does not begin/);
  });
});
