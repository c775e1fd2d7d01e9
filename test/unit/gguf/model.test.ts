import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { convertModel, toHalf } from '../../../src/models/gguf/model.ts';
import { readGgufHeader } from '../../../src/models/gguf/read.ts';
import { modules, TINY } from '../../support/random-adapter.ts';
import { writeTinyGguf } from '../../support/tiny-gguf.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'ragtui-gguf-'));
  writeTinyGguf(path.join(folder, 'base.gguf'), 'llama');
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Every weight of a row is that row's number: where a row went can be read. */
function writeModel(changes: Readonly<Record<string, readonly [number, number]>> = {}): void {
  const header: Record<string, unknown> = {};
  const data: Buffer[] = [];
  let offset = 0;
  for (let layer = 0; layer < TINY.layers; layer += 1) {
    for (const [module, shape] of Object.entries({ ...modules(TINY), ...changes })) {
      const [rows, columns] = shape;
      const values = Float32Array.from({ length: rows * columns }, (_, at) => Math.floor(at / columns));
      const bytes = Buffer.from(values.buffer);
      header[`model.layers.${layer}.${module}.weight`] = {
        dtype: 'F32',
        shape,
        data_offsets: [offset, offset + bytes.length],
      };
      data.push(bytes);
      offset += bytes.length;
    }
  }
  const head = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(head.length));
  writeFileSync(path.join(folder, 'model.safetensors'), Buffer.concat([length, head, ...data]));
}
const convert = (dtype: 'f16' | 'q8_0') => {
  const out = path.join(folder, `${dtype}.gguf`);
  convertModel({ folder, base: path.join(folder, 'base.gguf'), out, dtype });
  return { file: readFileSync(out), header: readGgufHeader(out, ['tokenizer.ggml.tokens']) };
};

describe('a tuned model as GGUF', () => {
  it('has the base’s metadata and tensors, and q and k in llama.cpp’s order', () => {
    writeModel();
    const { file, header } = convert('f16');
    const base = readGgufHeader(path.join(folder, 'base.gguf'), ['tokenizer.ggml.tokens']);
    expect([...header.metadata]).toEqual([...base.metadata]);
    expect([...header.tensors.keys()]).toEqual([...base.tensors.keys()]);
    const rows = (name: string, count: number): number[] => {
      const tensor = header.tensors.get(name);
      const columns = tensor?.dims[0] ?? 0;
      expect(tensor?.type).toBe(1);
      return Array.from({ length: count }, (_, row) => file.readUInt16LE((tensor?.offset ?? 0) + row * columns * 2));
    };
    // A head has 16 rows; its two halves alternate: 0, 8, 1, 9 … As binary16: 0, 0x4800, 0x3c00, 0x4880.
    expect(rows('blk.1.attn_q.weight', 4)).toEqual([0, 0x4800, 0x3c00, 0x4880]);
    expect(rows('blk.1.attn_v.weight', 4)).toEqual([0, 0x3c00, 0x4000, 0x4200]);
  });

  it('as q8_0 has a scale and 32 signed bytes for each block', () => {
    writeModel();
    const { file, header } = convert('q8_0');
    const tensor = header.tensors.get('blk.0.ffn_up.weight');
    expect(tensor?.type).toBe(8);
    // Row 3 begins after three rows of two blocks: all 3, so the scale is 3/127 = 0x260c and every byte 127.
    const at = (tensor?.offset ?? 0) + 3 * 2 * 34;
    expect([file.readUInt16LE(at), file.readInt8(at + 2), file.readInt8(at + 33)]).toEqual([0x260c, 127, 127]);
  });

  it('is refused when it is of another shape, or lacks a tensor', () => {
    writeModel({ 'mlp.up_proj': [64, 64] });
    expect(() => convert('f16')).toThrow(expect.objectContaining({ code: 'invalid' }));
    writeFileSync(
      path.join(folder, 'model.safetensors'),
      Buffer.concat([Buffer.from([2, 0, 0, 0, 0, 0, 0, 0]), Buffer.from('{}')]),
    );
    expect(() => convert('f16')).toThrow(expect.objectContaining({ code: 'unsupported' }));
  });

  it('is refused for an architecture whose order of rows we do not know', () => {
    writeTinyGguf(path.join(folder, 'base.gguf'), 'mamba');
    writeModel();
    expect(() => convert('f16')).toThrow(/mamba architecture cannot be written/);
  });
});

it.each([
  [0, 0],
  [-0, 0x8000],
  [1, 0x3c00],
  [-2, 0xc000],
  [0.1, 0x2e66],
  [65504, 0x7bff],
  [65519.99, 0x7bff],
  [65520, 0x7c00],
  [Number.POSITIVE_INFINITY, 0x7c00],
  [Number.NaN, 0x7e00],
  // The smallest subnormal is 2^-24; half of it is a tie and goes to the even 0, a little more does not.
  [2 ** -24, 1],
  [2 ** -25, 0],
  [2 ** -25 * 1.01, 1],
  [3 * 2 ** -25, 2],
  [2 ** -14, 0x0400],
  // Ties go to even: 1 + 2^-11 lies between 1 and the next one.
  [1 + 2 ** -11, 0x3c00],
  [1 + 3 * 2 ** -11, 0x3c02],
])('%d as binary16', (value, bits) => {
  expect(toHalf(Float32Array.of(value))[0]).toBe(bits);
});
