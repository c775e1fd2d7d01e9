import { closeSync, existsSync, openSync, readdirSync, readFileSync, readSync, statSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { type GgufHeader, readGgufHeader } from '../../models/gguf/read.ts';
import { parseJson } from '../../platform/json.ts';
import { type NamedWeight, shapeOf } from './shape.ts';
import type { ModelShape } from './types.ts';

const configSchema = z.looseObject({
  model_type: z.string().default(''),
  num_hidden_layers: z.number().int().positive(),
  hidden_size: z.number().int().positive(),
  intermediate_size: z.number().int().positive(),
  num_attention_heads: z.number().int().positive(),
  num_key_value_heads: z.number().int().positive().nullish(),
  head_dim: z.number().int().positive().nullish(),
  vocab_size: z.number().int().positive(),
});

/** Shape of the model in a Transformers folder (config.json and the heads of its safetensors); null when it cannot be read. */
export function shapeOfFolder(folder: string, kind: ModelShape['kind']): ModelShape | null {
  const file = path.join(folder, 'config.json');
  const config = existsSync(file) ? configSchema.safeParse(parseJson(readFileSync(file, 'utf8'))) : undefined;
  if (!config?.success) return null;
  const files = readdirSync(folder).filter((name) => name.endsWith('.safetensors'));
  const weights: NamedWeight[] = [];
  let storedBytes = 0;
  for (const name of files) {
    const found = safetensorsHead(path.join(folder, name));
    if (!found) return null;
    weights.push(...found);
    storedBytes += statSync(path.join(folder, name)).size;
  }
  if (weights.length === 0) return null;
  const one = config.data;
  return shapeOf(
    {
      architecture: one.model_type,
      kind,
      layers: one.num_hidden_layers,
      hidden: one.hidden_size,
      intermediate: one.intermediate_size,
      heads: one.num_attention_heads,
      kvHeads: one.num_key_value_heads ?? undefined,
      headSize: one.head_dim ?? undefined,
      vocabulary: one.vocab_size,
      storedBytes,
    },
    weights,
  );
}

const headSchema = z.record(
  z.string(),
  z.looseObject({ dtype: z.string().optional(), shape: z.array(z.number().int().nonnegative()).optional() }),
);
/** A head longer than this is no head. */
const MOST_HEAD = 64 * 1024 * 1024;

/** Names and shapes in a safetensors file: eight bytes of length, then JSON. Undefined for a damaged one. */
function safetensorsHead(file: string): NamedWeight[] | undefined {
  const handle = openSync(file, 'r');
  try {
    const length = Buffer.alloc(8);
    if (readSync(handle, length, 0, 8, 0) < 8) return undefined;
    const bytes = Number(length.readBigUInt64LE());
    if (bytes > MOST_HEAD) return undefined;
    const text = Buffer.alloc(bytes);
    if (readSync(handle, text, 0, bytes, 8) < bytes) return undefined;
    const head = headSchema.safeParse(parseJson(text.toString('utf8')));
    if (!head.success) return undefined;
    // Whole numbers (places of the words) are no parameters.
    return Object.entries(head.data).flatMap(([name, { dtype, shape }]) =>
      shape === undefined || !/^(B?F|U8)/.test(dtype ?? '') ? [] : [{ name, shape }],
    );
  } finally {
    closeSync(handle);
  }
}

/** llama.cpp's names of linear layers, and Transformers'. */
const NAMES: Readonly<Record<string, string>> = {
  attn_q: 'q_proj',
  attn_k: 'k_proj',
  attn_v: 'v_proj',
  attn_output: 'o_proj',
  attn_qkv: 'qkv_proj',
  ffn_gate: 'gate_proj',
  ffn_up: 'up_proj',
  ffn_down: 'down_proj',
};
/** Tables that llama.cpp computes and Transformers has no weight for. */
const NO_WEIGHTS = /^rope_(freqs|factors)/;
const BYTES_OF_FLOAT32 = 4;

/** Shape of the model in a GGUF, as the float32 Transformers folder made of it will have it; null when it cannot be read. */
export function shapeOfGguf(file: string): ModelShape | null {
  const header = headerOf(file);
  if (!header) return null;
  const architecture = String(header.metadata.get('general.architecture') ?? '');
  const number = (key: string): number | undefined => {
    const value = header.metadata.get(`${architecture}.${key}`);
    const first = Array.isArray(value) ? Math.max(...value.map(Number)) : value;
    return typeof first === 'number' && first > 0 ? first : undefined;
  };
  const [layers, hidden, intermediate, heads] = [
    number('block_count'),
    number('embedding_length'),
    number('feed_forward_length'),
    number('attention.head_count'),
  ];
  const vocabulary = header.tensors.get('token_embd.weight')?.dims[1];
  if (!layers || !hidden || !intermediate || !heads || !vocabulary) return null;
  const weights = [...header.tensors.values()]
    .filter(({ name }) => !NO_WEIGHTS.test(name))
    .map(({ name, dims }) => ({ name: transformersName(name), shape: [...dims].reverse() }));
  const facts = {
    architecture,
    kind: 'decoder' as const,
    layers,
    hidden,
    intermediate,
    heads,
    kvHeads: number('attention.head_count_kv'),
    headSize: number('attention.key_length'),
    vocabulary,
    storedBytes: 0,
  };
  const shape = shapeOf(facts, weights);
  return { ...shape, storedBytes: shape.parameters * BYTES_OF_FLOAT32 };
}

function headerOf(file: string): GgufHeader | undefined {
  try {
    return readGgufHeader(file);
  } catch {
    return undefined;
  }
}

/** `blk.3.attn_q.weight` → `layers.3.q_proj.weight`. */
function transformersName(name: string): string {
  const [, layer, module = '', rest] = /^blk\.(\d+)\.([^.]+)\.(weight|bias)$/.exec(name) ?? [];
  return layer === undefined ? name : `layers.${layer}.${NAMES[module] ?? module}.${rest}`;
}
