import { closeSync, openSync, readdirSync, readSync } from 'node:fs';
import path from 'node:path';
import { RagtuiError } from '../../platform/errors.ts';
import { headsOf, PERMUTES, permuteRows } from './lora.ts';
import { type GgufTensorInfo, readGgufHeader } from './read.ts';
import { openSafetensors, type StoredTensor } from './safetensors.ts';
import { type GgufPart, writeGgufParts } from './write.ts';

export interface ModelConversion {
  /** Folder in Transformers' layout with the weights. */
  readonly folder: string;
  /** GGUF of the model it was tuned from: vocabulary, chat template and shape are taken from there as they are. */
  readonly base: string;
  /** File to write. */
  readonly out: string;
  readonly dtype: 'f16' | 'q8_0';
}

/** The format's numbers (`ggml_type`), and what it says of a file of mostly these (`general.file_type`). */
const F32 = 0;
const TYPES = { f16: { type: 1, fileType: 1 }, q8_0: { type: 8, fileType: 7 } } as const;
const BLOCK = 32;
const Q8_BLOCK_BYTES = 2 + BLOCK;

/** Tensors outside and inside the layers, by their name in a GGUF. */
const OUTSIDE: Readonly<Record<string, readonly string[]>> = {
  'token_embd.weight': ['model.embed_tokens.weight'],
  'output_norm.weight': ['model.norm.weight'],
  // Tied to the embeddings where the model has none of its own.
  'output.weight': ['lm_head.weight', 'model.embed_tokens.weight'],
};
const INSIDE: Readonly<Record<string, string>> = {
  attn_norm: 'input_layernorm',
  ffn_norm: 'post_attention_layernorm',
  attn_q: 'self_attn.q_proj',
  attn_k: 'self_attn.k_proj',
  attn_v: 'self_attn.v_proj',
  attn_output: 'self_attn.o_proj',
  attn_q_norm: 'self_attn.q_norm',
  attn_k_norm: 'self_attn.k_norm',
  ffn_gate: 'mlp.gate_proj',
  ffn_up: 'mlp.up_proj',
  ffn_down: 'mlp.down_proj',
};

/**
 * Writes a tuned model as GGUF: the base's metadata byte for byte, the tuned weights as f16 or q8_0 (vectors as f32, as
 * llama.cpp does). For Llama-like models and Qwen 2 and 3. Errors: `unsupported` (architecture, tensors), `invalid` (other
 * shapes than the base's), `corrupt`.
 */
export function convertModel({ folder, base, out, dtype }: ModelConversion): void {
  const header = readGgufHeader(base);
  const architecture = String(header.metadata.get('general.architecture') ?? '');
  const permutes = PERMUTES[architecture];
  if (permutes === undefined) {
    throw new RagtuiError(
      'unsupported',
      `Models of ${architecture || 'unknown'} architecture cannot be written as GGUF yet.`,
      `Known: ${Object.keys(PERMUTES).join(', ')}. Serve it with vLLM.`,
    );
  }
  const weights = new Map(safetensorsOf(folder).map((tensor) => [tensor.name, tensor]));
  const tensors = [...header.tensors.values()].map((info): GgufPart => {
    const wanted = namesOf(info.name);
    const tensor = wanted.map((name) => weights.get(name)).find((one) => one !== undefined);
    // What is computed of the configuration (rope_freqs) is no weight: it stays the base's.
    if (wanted.length === 0 && info.type === F32) return copied(base, info);
    if (!tensor) {
      throw new RagtuiError('unsupported', `The tuned model has no ${wanted[0] ?? info.name}.`, 'Serve it with vLLM.');
    }
    checkShape(tensor, info);
    const heads = permutes && wanted.length > 0 ? headsOf(info.name, architecture, header) : undefined;
    return converted(info, dtype, () => {
      const values = tensor.read();
      return heads === undefined ? values : permuteRows({ shape: tensor.shape, values }, heads);
    });
  });
  const raw = rawMetadata(base, header.values, TYPES[dtype].fileType);
  writeGgufParts(out, { count: header.values.count, raw }, tensors);
}

function safetensorsOf(folder: string): StoredTensor[] {
  const names = readdirSync(folder).filter((name) => /^model.*\.safetensors$/.test(name));
  if (names.length === 0) throw new RagtuiError('not-found', `${folder} holds no model*.safetensors.`);
  return names.sort().flatMap((name) => openSafetensors(path.join(folder, name)));
}

/** Names in Transformers' layout of a GGUF's tensor, the first that is there counts; none for what we do not know. */
function namesOf(name: string): readonly string[] {
  const outside = Object.hasOwn(OUTSIDE, name) ? OUTSIDE[name] : undefined;
  if (outside) return outside;
  const [, layer, part = '', kind] = /^blk\.(\d+)\.([a-z_]+)\.(weight|bias)$/.exec(name) ?? [];
  const inside = Object.hasOwn(INSIDE, part) ? INSIDE[part] : undefined;
  return inside === undefined ? [] : [`model.layers.${layer}.${inside}.${kind}`];
}

function checkShape({ name, shape }: StoredTensor, { dims }: GgufTensorInfo): void {
  if (shape.toReversed().join() === dims.join()) return;
  throw new RagtuiError(
    'invalid',
    `${name} is ${shape.join(' × ')}, in the base ${dims.toReversed().join(' × ')}.`,
    'Name the base it was tuned from.',
  );
}

function converted(
  { name, dims }: GgufTensorInfo,
  dtype: ModelConversion['dtype'],
  values: () => Float32Array,
): GgufPart {
  const count = dims.reduce((product, one) => product * one, 1);
  if (dims.length < 2) return { name, dims, type: F32, bytes: count * 4, data: () => bytesOf(values()) };
  if (dtype === 'q8_0' && (dims[0] ?? 0) % BLOCK === 0) {
    return { name, dims, type: TYPES.q8_0.type, bytes: (count / BLOCK) * Q8_BLOCK_BYTES, data: () => toQ8(values()) };
  }
  return { name, dims, type: TYPES.f16.type, bytes: count * 2, data: () => bytesOf(toHalf(values())) };
}

function copied(file: string, { name, dims, type, offset }: GgufTensorInfo): GgufPart {
  const bytes = dims.reduce((product, one) => product * one, 1) * 4;
  return { name, dims, type, bytes, data: () => readAt(file, offset, bytes) };
}

/** The metadata as it stands in the base, with the file's own kind of numbers. */
function rawMetadata(base: string, { start, end }: { start: number; end: number }, fileType: number): Buffer {
  const raw = readAt(base, start, end - start);
  const key = Buffer.from('general.file_type');
  const at = raw.indexOf(key);
  // Key, type of value (4 = u32), value.
  if (at >= 0 && raw.readUInt32LE(at + key.length) === 4) raw.writeUInt32LE(fileType, at + key.length + 4);
  return raw;
}

function readAt(file: string, position: number, length: number): Buffer {
  const buffer = Buffer.alloc(length);
  const fd = openSync(file, 'r');
  try {
    for (let done = 0; done < length; ) {
      const count = readSync(fd, buffer, done, length - done, position + done);
      if (count === 0) throw new RagtuiError('corrupt', `${file} is cut off.`, 'Pull or make it again.');
      done += count;
    }
  } finally {
    closeSync(fd);
  }
  return buffer;
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array | Uint16Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

/** IEEE 754 binary32 → binary16, to the nearest, ties to even; too large becomes infinity. */
export function toHalf(values: Float32Array): Uint16Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const halves = new Uint16Array(values.length);
  for (let at = 0; at < bits.length; at += 1) halves[at] = half(bits[at] ?? 0);
  return halves;
}

function half(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const rest = bits & 0x7fffffff;
  if (rest > 0x7f800000) return sign | 0x7e00;
  // From 65520 on the nearest is infinity.
  if (rest >= 0x477ff000) return sign | 0x7c00;
  if (rest >= 0x38800000) {
    const rounded = rest + 0xfff + ((rest >>> 13) & 1);
    return sign | ((rounded - 0x38000000) >>> 13);
  }
  // Subnormal: less than half of the smallest one is zero.
  if (rest < 0x33000001) return sign;
  const shift = 126 - (rest >>> 23);
  const mantissa = (rest & 0x7fffff) | 0x800000;
  const whole = mantissa >>> shift;
  const left = mantissa & ((1 << shift) - 1);
  const middle = 1 << (shift - 1);
  return sign | (left > middle || (left === middle && (whole & 1) === 1) ? whole + 1 : whole);
}

/** llama.cpp's q8_0: blocks of 32, their scale (the largest / 127) as f16, then each as a signed byte. */
function toQ8(values: Float32Array): Uint8Array {
  const blocks = values.length / BLOCK;
  const bytes = Buffer.alloc(blocks * Q8_BLOCK_BYTES);
  const scales = new Float32Array(blocks);
  for (let block = 0; block < blocks; block += 1) {
    const from = block * BLOCK;
    let largest = 0;
    for (let at = from; at < from + BLOCK; at += 1) largest = Math.max(largest, Math.abs(values[at] ?? 0));
    scales[block] = Math.fround(largest / 127);
    const inverse = scales[block] ? Math.fround(1 / (scales[block] ?? 1)) : 0;
    for (let at = 0; at < BLOCK; at += 1) {
      const scaled = Math.fround((values[from + at] ?? 0) * inverse);
      // Halves away from zero, as C rounds.
      bytes.writeInt8(Math.sign(scaled) * Math.floor(Math.abs(scaled) + 0.5), block * Q8_BLOCK_BYTES + 2 + at);
    }
  }
  const halves = toHalf(scales);
  for (let block = 0; block < blocks; block += 1) bytes.writeUInt16LE(halves[block] ?? 0, block * Q8_BLOCK_BYTES);
  return bytes;
}
