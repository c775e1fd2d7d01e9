import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** A small model's shape, as its config.json says it. */
export interface TinyModel {
  readonly hidden: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly ffn: number;
  readonly layers: number;
}

export const TINY: TinyModel = { hidden: 64, heads: 4, kvHeads: 2, ffn: 96, layers: 2 };

export interface RandomAdapter {
  readonly seed: number;
  readonly rank: number;
  readonly alpha: number;
  readonly dtype: 'F32' | 'F16' | 'BF16';
  readonly model?: TinyModel;
  /** Instead of numbers from the seed: all of B zero, as before training. */
  readonly zero?: boolean;
  /** Changes of adapter_config.json. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** More tensors, by name. */
  readonly extra?: readonly string[];
}

/** Rows (out) and columns (in) of every linear layer of a Llama-like model. */
export function modules({
  hidden,
  heads,
  kvHeads,
  ffn,
}: TinyModel): Readonly<Record<string, readonly [number, number]>> {
  const kv = (hidden / heads) * kvHeads;
  return {
    'self_attn.q_proj': [hidden, hidden],
    'self_attn.k_proj': [kv, hidden],
    'self_attn.v_proj': [kv, hidden],
    'self_attn.o_proj': [hidden, hidden],
    'mlp.gate_proj': [ffn, hidden],
    'mlp.up_proj': [ffn, hidden],
    'mlp.down_proj': [hidden, ffn],
  };
}

/** Writes an adapter folder as peft does (adapter_config.json, adapter_model.safetensors), the same one for the same seed. */
export function writeRandomAdapter(folder: string, adapter: RandomAdapter): void {
  const { seed, rank, alpha, dtype, zero, model = TINY } = adapter;
  mkdirSync(folder, { recursive: true });
  const next = mulberry32(seed);
  const tensors: { name: string; shape: number[] }[] = [];
  for (let layer = 0; layer < model.layers; layer += 1) {
    for (const [module, [rows, columns]] of Object.entries(modules(model))) {
      const prefix = `base_model.model.model.layers.${layer}.${module}`;
      tensors.push({ name: `${prefix}.lora_A.weight`, shape: [rank, columns] });
      tensors.push({ name: `${prefix}.lora_B.weight`, shape: [rows, rank] });
    }
  }
  for (const name of adapter.extra ?? []) tensors.push({ name, shape: [4] });
  const header: Record<string, unknown> = { __metadata__: { format: 'pt' } };
  const data: Buffer[] = [];
  let offset = 0;
  for (const { name, shape } of tensors) {
    const count = shape.reduce((product, one) => product * one, 1);
    const bytes = numbers(count, dtype, zero && name.includes('lora_B') ? () => 0.5 : next);
    header[name] = { dtype, shape, data_offsets: [offset, offset + bytes.length] };
    data.push(bytes);
    offset += bytes.length;
  }
  const head = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(head.length));
  writeFileSync(path.join(folder, 'adapter_model.safetensors'), Buffer.concat([length, head, ...data]));
  const names = Object.keys(modules(model)).map((name) => name.split('.')[1]);
  const config = {
    peft_type: 'LORA',
    task_type: 'CAUSAL_LM',
    base_model_name_or_path: 'base',
    r: rank,
    lora_alpha: alpha,
    lora_dropout: 0,
    bias: 'none',
    use_dora: false,
    use_rslora: false,
    modules_to_save: null,
    fan_in_fan_out: false,
    init_lora_weights: true,
    rank_pattern: {},
    alpha_pattern: {},
    target_modules: names,
    ...adapter.config,
  };
  writeFileSync(path.join(folder, 'adapter_config.json'), JSON.stringify(config, null, 2));
}

/** Numbers in about ±0.05; `next` gives [0, 1) and 0.5 becomes zero. The 16-bit kinds are cut, not rounded. */
function numbers(count: number, dtype: RandomAdapter['dtype'], next: () => number): Buffer {
  const buffer = Buffer.alloc(count * (dtype === 'F32' ? 4 : 2));
  for (let at = 0; at < count; at += 1) {
    const value = (next() - 0.5) / 10;
    if (dtype === 'F32') buffer.writeFloatLE(value, at * 4);
    else if (dtype === 'BF16') buffer.writeUInt16LE(floatBits(value) >>> 16, at * 2);
    // Any bits but infinity and NaN, subnormal numbers too.
    else buffer.writeUInt16LE(Math.floor(next() * 0x3000) + (next() < 0.5 ? 0 : 0x8000), at * 2);
  }
  return buffer;
}

function floatBits(value: number): number {
  const buffer = Buffer.alloc(4);
  buffer.writeFloatLE(value);
  return buffer.readUInt32LE();
}

/** Small public-domain generator: 32 bits of state, numbers in [0, 1). */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
