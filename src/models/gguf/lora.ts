import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { RagtuiError, toRagtuiError } from '../../platform/errors.ts';
import { type GgufHeader, readGgufHeader } from './read.ts';
import { readSafetensors, type SafeTensor } from './safetensors.ts';
import { type GgufTensor, writeGguf } from './write.ts';

export interface LoraConversion {
  /** Folder as peft and LLaMA-Factory leave it: `adapter_config.json`, `adapter_model.safetensors`. */
  readonly adapter: string;
  /** The GGUF of the base model the adapter will ride on. */
  readonly base: string;
  /** File to write. */
  readonly out: string;
}

export interface ConvertedLora {
  readonly architecture: string;
  readonly rank: number;
  readonly alpha: number;
  /** Layers that are changed, two tensors each. */
  readonly modules: number;
}

/** Names of peft's modules in a GGUF; those of Llama, Mistral and Qwen are the same. */
const MODULES: Readonly<Record<string, string>> = {
  'self_attn.q_proj': 'attn_q',
  'self_attn.k_proj': 'attn_k',
  'self_attn.v_proj': 'attn_v',
  'self_attn.o_proj': 'attn_output',
  'mlp.gate_proj': 'ffn_gate',
  'mlp.up_proj': 'ffn_up',
  'mlp.down_proj': 'ffn_down',
};
/** Whether the rows of q and k lie in another order in the GGUF (pairs of a rotation beside each other). */
export const PERMUTES: Readonly<Record<string, boolean>> = { llama: true, qwen2: false, qwen3: false };

const configSchema = z.looseObject({
  peft_type: z.string(),
  r: z.number().int().positive(),
  lora_alpha: z.number(),
  use_rslora: z.boolean().nullish(),
  use_dora: z.boolean().nullish(),
  fan_in_fan_out: z.boolean().nullish(),
  lora_bias: z.boolean().nullish(),
  bias: z.string().nullish(),
  modules_to_save: z.array(z.string()).nullish(),
  alpha_pattern: z.record(z.string(), z.number()).nullish(),
  rank_pattern: z.record(z.string(), z.number()).nullish(),
  init_lora_weights: z.union([z.boolean(), z.string()]).nullish(),
  base_model_name_or_path: z.string().nullish(),
});
export type AdapterConfig = z.output<typeof configSchema>;

/** `adapter_config.json` of an adapter folder. Errors: `not-found`, `corrupt`. */
export function readAdapterConfig(folder: string): AdapterConfig {
  const file = path.join(folder, 'adapter_config.json');
  if (!existsSync(file)) {
    throw new RagtuiError(
      'not-found',
      `${folder} is no adapter: it has no adapter_config.json.`,
      'Name the folder the training wrote.',
    );
  }
  try {
    return configSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    throw new RagtuiError('corrupt', `${file} cannot be read.`, toRagtuiError(error).message, { cause: error });
  }
}

/** Throws `unsupported` for what neither llama.cpp nor vLLM can put on an unmodified base. */
export function checkAdapterConfig(config: AdapterConfig): void {
  const refuse = (what: string, hint: string): never => {
    throw new RagtuiError('unsupported', `The adapter ${what}: it cannot ride on the unmodified base.`, hint);
  };
  if (config.peft_type !== 'LORA') refuse(`is of kind ${config.peft_type}`, 'Only LoRA adapters are served.');
  if (config.use_dora) refuse('is DoRA', 'Train it without use_dora, or merge it into the model.');
  if (config.modules_to_save?.length) {
    refuse(`replaces whole modules (${config.modules_to_save.join(', ')})`, 'Train it without additional_target.');
  }
  if ((config.bias ?? 'none') !== 'none' || config.lora_bias) refuse('changes biases', 'Train it with bias none.');
  if (config.fan_in_fan_out) refuse('is transposed (fan_in_fan_out)', 'Only Llama-like linear layers are known.');
  if (Object.keys(config.alpha_pattern ?? {}).length > 0) {
    refuse('has more than one alpha (alpha_pattern)', 'Train it with one lora_alpha.');
  }
  const init = config.init_lora_weights;
  if (typeof init === 'string' && /pissa|olora|loftq/i.test(init)) {
    refuse(`begins from changed weights (${init})`, 'Merge it into the model, or train it with the usual start.');
  }
}

/**
 * Writes a LoRA adapter as GGUF (f32), number for number as llama.cpp's own converter does, for use with the
 * unmodified base; rsLoRA's scale goes into alpha. Errors: `not-found`, `corrupt`, `unsupported` (DoRA, whole modules,
 * biases, modules or architectures we do not know), `invalid` (made for another base).
 */
export function convertLora({ adapter, base, out }: LoraConversion): ConvertedLora {
  const config = readAdapterConfig(adapter);
  checkAdapterConfig(config);
  const weights = path.join(adapter, 'adapter_model.safetensors');
  if (!existsSync(weights)) {
    throw new RagtuiError('not-found', `${adapter} has no adapter_model.safetensors.`, 'Save it as safetensors.');
  }
  const header = readGgufHeader(base);
  const architecture = String(header.metadata.get('general.architecture') ?? '');
  const permutes = PERMUTES[architecture];
  if (permutes === undefined) {
    throw new RagtuiError(
      'unsupported',
      `Adapters of ${architecture || 'unknown'} models cannot be converted yet.`,
      `Known: ${Object.keys(PERMUTES).join(', ')}. Serve it with vLLM.`,
    );
  }
  const pairs = pairUp(readSafetensors(weights), weights);
  const tensors = [...pairs].flatMap(([module, pair]): GgufTensor[] => {
    const name = ggufName(module);
    checkShapes(name, pair, header, base);
    const heads = permutes ? headsOf(name, architecture, header) : undefined;
    const b = heads === undefined ? pair.b.values : permuteRows(pair.b, heads);
    return [
      { name: `${name}.lora_a`, shape: pair.a.shape, values: pair.a.values },
      { name: `${name}.lora_b`, shape: pair.b.shape, values: b },
    ];
  });
  // llama.cpp scales by alpha / r, rsLoRA by alpha / √r (Kalajdzievski 2023).
  const alpha = config.use_rslora ? config.lora_alpha * Math.sqrt(config.r) : config.lora_alpha;
  writeGguf(
    out,
    [
      { key: 'general.architecture', text: architecture },
      { key: 'general.type', text: 'adapter' },
      { key: 'adapter.type', text: 'lora' },
      { key: 'adapter.lora.alpha', float: alpha },
    ],
    tensors,
  );
  return { architecture, rank: config.r, alpha, modules: pairs.size };
}

interface Pair {
  /** rank × columns of the weight. */
  readonly a: SafeTensor;
  /** rows of the weight × rank. */
  readonly b: SafeTensor;
}

/** A and B of every module, in the order of the file. */
function pairUp(tensors: readonly SafeTensor[], file: string): Map<string, Pair> {
  const halves = new Map<string, { a?: SafeTensor; b?: SafeTensor }>();
  for (const tensor of tensors) {
    const match = /^base_model\.model\.(.+)\.lora_([AB])\.(?:default\.)?weight$/.exec(tensor.name);
    const [, module, half] = match ?? [];
    if (!module) {
      throw new RagtuiError(
        'unsupported',
        `The adapter holds "${tensor.name}", which is not part of a LoRA of linear layers.`,
        'Train it on linear layers only, without new tokens.',
      );
    }
    halves.set(module, { ...halves.get(module), [half === 'A' ? 'a' : 'b']: tensor });
  }
  if (halves.size === 0) throw new RagtuiError('corrupt', `${file} holds no weights.`, 'Train the adapter again.');
  const pairs = new Map<string, Pair>();
  for (const [module, { a, b }] of halves) {
    if (!a || !b) throw new RagtuiError('corrupt', `${file} lacks one half of ${module}.`, 'Copy it again.');
    pairs.set(module, { a, b });
  }
  return pairs;
}

/** `model.layers.3.self_attn.q_proj` → `blk.3.attn_q.weight`. */
function ggufName(module: string): string {
  const [, layer, rest] = /^model\.layers\.(\d+)\.(.+)$/.exec(module) ?? [];
  const known = rest !== undefined && Object.hasOwn(MODULES, rest) ? MODULES[rest] : undefined;
  if (known === undefined) {
    throw new RagtuiError(
      'unsupported',
      `The adapter changes ${module}, which cannot be converted.`,
      `Known layers: ${Object.keys(MODULES).join(', ')}.`,
    );
  }
  return `blk.${layer}.${known}.weight`;
}

function checkShapes(name: string, { a, b }: Pair, header: GgufHeader, base: string): void {
  const [rank = 0, columns = 0] = a.shape;
  const [rows = 0, rankB = 0] = b.shape;
  const weight = header.tensors.get(name);
  const [baseColumns, baseRows] = weight?.dims ?? [];
  if (a.shape.length !== 2 || b.shape.length !== 2 || rank !== rankB) {
    throw new RagtuiError('corrupt', `The halves of ${name} do not fit each other.`, 'Copy the adapter again.');
  }
  if (columns !== baseColumns || rows !== baseRows) {
    const has = weight ? `is ${baseRows} × ${baseColumns}` : 'is missing';
    throw new RagtuiError(
      'invalid',
      `The adapter belongs to another base: its ${name} is ${rows} × ${columns}, in ${path.basename(base)} it ${has}.`,
      'Name the base it was trained on.',
    );
  }
}

/** Heads by which the rows of q or k are regrouped; undefined for the other layers. */
export function headsOf(name: string, architecture: string, { metadata }: GgufHeader): number | undefined {
  const isQuery = name.endsWith('.attn_q.weight');
  if (!isQuery && !name.endsWith('.attn_k.weight')) return undefined;
  const all = metadata.get(`${architecture}.attention.head_count`);
  const heads = isQuery ? all : (metadata.get(`${architecture}.attention.head_count_kv`) ?? all);
  if (typeof heads !== 'number' || heads < 1) {
    throw new RagtuiError(
      'unsupported',
      'The base does not say how many attention heads it has.',
      'Serve it with vLLM.',
    );
  }
  return heads;
}

/** Rows [head, half, i] → [head, i, half]: from Hugging Face's order of rotation pairs to llama.cpp's. */
export function permuteRows({ shape, values }: Pick<SafeTensor, 'shape' | 'values'>, heads: number): Float32Array {
  const [rows = 0, width = 0] = shape;
  const half = rows / heads / 2;
  const result = new Float32Array(values.length);
  for (let row = 0; row < rows; row += 1) {
    const head = Math.floor(row / (2 * half));
    const inHead = row % (2 * half);
    const target = head * 2 * half + (inHead % half) * 2 + Math.floor(inHead / half);
    result.set(values.subarray(row * width, (row + 1) * width), target * width);
  }
  return result;
}
