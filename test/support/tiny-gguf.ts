import { writeFileSync } from 'node:fs';
import { modules, TINY, type TinyModel } from './random-adapter.ts';

const u32 = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};
const u64 = (value: number) => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
};
const text = (value: string) => Buffer.concat([u64(Buffer.byteLength(value)), Buffer.from(value)]);

const NAMES: Readonly<Record<string, string>> = {
  'self_attn.q_proj': 'attn_q',
  'self_attn.k_proj': 'attn_k',
  'self_attn.v_proj': 'attn_v',
  'self_attn.o_proj': 'attn_output',
  'mlp.gate_proj': 'ffn_gate',
  'mlp.up_proj': 'ffn_up',
  'mlp.down_proj': 'ffn_down',
};

/** The header of a base model's GGUF (no weights), written by hand from the format's description, with a vocabulary to pass over. */
export function writeTinyGguf(file: string, architecture: string, model: TinyModel = TINY): void {
  const words = Array.from({ length: 3000 }, (_, at) => `word-${at}`);
  const fields = [
    Buffer.concat([text('general.architecture'), u32(8), text(architecture)]),
    Buffer.concat([text('tokenizer.ggml.tokens'), u32(9), u32(8), u64(words.length), ...words.map(text)]),
    Buffer.concat([text(`${architecture}.attention.head_count`), u32(4), u32(model.heads)]),
    Buffer.concat([text(`${architecture}.attention.head_count_kv`), u32(4), u32(model.kvHeads)]),
  ];
  const tensors: Buffer[] = [];
  for (let layer = 0; layer < model.layers; layer += 1) {
    for (const [module, [rows, columns]] of Object.entries(modules(model))) {
      const name = `blk.${layer}.${NAMES[module]}.weight`;
      tensors.push(Buffer.concat([text(name), u32(2), u64(columns), u64(rows), u32(0), u64(0)]));
    }
  }
  writeFileSync(
    file,
    Buffer.concat([Buffer.from('GGUF'), u32(3), u64(tensors.length), u64(fields.length), ...fields, ...tensors]),
  );
}
