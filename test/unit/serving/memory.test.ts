import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { contextThatFits, embeddedNeed, modelNeed } from '../../../src/serving/memory.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'ragtui-memory-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A GGUF file with numbers as `metadata` and a vocabulary of 1,000 rows of 8. */
function gguf(name: string, metadata: Readonly<Record<string, number | readonly number[]>>): string {
  const parts: Buffer[] = [];
  const u32 = (value: number) => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(value);
    parts.push(bytes);
  };
  const u64 = (value: number) => {
    u32(value);
    u32(0);
  };
  const text = (value: string) => {
    u64(value.length);
    parts.push(Buffer.from(value));
  };
  parts.push(Buffer.from('GGUF'));
  u32(3);
  u64(1);
  u64(Object.keys(metadata).length + 1);
  text('general.architecture');
  u32(8);
  text('llama');
  for (const [key, value] of Object.entries(metadata)) {
    text(`llama.${key}`);
    if (typeof value === 'number') {
      u32(4);
      u32(value);
    } else {
      u32(9);
      u32(4);
      u64(value.length);
      value.forEach(u32);
    }
  }
  text('token_embd.weight');
  u32(2);
  u64(8);
  u64(1000);
  u32(0);
  u64(0);
  const file = path.join(folder, `${name}.gguf`);
  writeFileSync(file, Buffer.concat(parts));
  return file;
}

const GROUPED = { block_count: 10, embedding_length: 64, 'attention.head_count': 8, context_length: 4096 };

test('keys and values: layers × heads for them × (key + value) × 2 bytes', () => {
  // 10 layers × 2 heads × (8 + 8) × 2 bytes.
  expect(modelNeed(gguf('grouped', { ...GROUPED, 'attention.head_count_kv': 2 })).kvPerToken).toBe(640);
  // Without grouping every head has its own.
  expect(modelNeed(gguf('all', GROUPED)).kvPerToken).toBe(10 * 8 * 16 * 2);
  // Widths of their own, and heads that differ by layer: (2 + 4) heads × (16 + 32) × 2 bytes.
  const odd = { 'attention.head_count_kv': [2, 4], 'attention.key_length': 16, 'attention.value_length': 32 };
  expect(modelNeed(gguf('odd', { ...GROUPED, block_count: 2, ...odd })).kvPerToken).toBe(6 * 48 * 2);
});

test('a server needs a context for one answer, one for its chats, and one for each adapter', () => {
  const file = gguf('model', { ...GROUPED, 'attention.head_count_kv': 2 });
  const { compute } = modelNeed(file);
  const need = (parallel: number, adapters: { name: string; path: string }[] = [], contextTokens = 1000) =>
    embeddedNeed(file, { contextTokens, parallel, adapters });
  const alone = need(1);
  expect(need(4) - alone).toBe(4 * 640 * 1000 + compute);
  const adapter = { name: 'a', path: file };
  expect(need(1, [adapter]) - alone).toBe(640 * 1000 + compute + 2 * statSync(file).size);
  // The model was trained on 4,096 tokens: more is never made.
  expect(need(1, [], 9000)).toBe(need(1, [], 4096));
});

test('the context that would fit is the one whose need stays within the room', () => {
  const file = gguf('fits', { ...GROUPED, 'attention.head_count_kv': 2 });
  const need = (contextTokens: number) => embeddedNeed(file, { contextTokens, parallel: 1, adapters: [] });
  expect(contextThatFits(file, need(2048))).toBe(2048);
  expect(contextThatFits(file, need(2048) - 1)).toBe(2048 - 256);
  expect(contextThatFits(file, need(100_000) + 1e9)).toBe(4096);
  expect(contextThatFits(file, 1000)).toBe(0);
});
