import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { resolveEmbedder, startEmbedder } from '../../src/models/embedder-client.ts';
import type { EmbedderProcess, ResolvedEmbedder } from '../../src/models/embedder-types.ts';
import { fixturesDir } from '../../src/platform/entry.ts';
import { ensureBuilt, ensureModels, pathsWithModels } from '../support/models.ts';

// Made by scripts/reference/vectors.py with Python onnxruntime: one text at a time, CLS (and mean) pooling, unit length.
const rowSchema = z.object({ tokens: z.number(), cls: z.array(z.number()), mean: z.array(z.number()) });
const reference = z
  .object({ texts: z.array(z.string()), models: z.record(z.string(), z.array(rowSchema)) })
  .parse(JSON.parse(readFileSync(path.join(fixturesDir(), 'reference', 'vectors.json'), 'utf8')));
const PASSAGE = { kind: 'passage' } as const;

/** Cosine over the numbers the reference keeps (all, or the first 16). */
function cosine(ours: Float32Array, theirs: readonly number[]): number {
  let dot = 0;
  let a = 0;
  let b = 0;
  for (const [index, value] of theirs.entries()) {
    const mine = ours[index] ?? Number.NaN;
    dot += mine * value;
    a += mine * mine;
    b += value * value;
  }
  return dot / Math.sqrt(a * b);
}
const norm = (vector: Float32Array): number => Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));

const home = mkdtempSync(path.join(os.tmpdir(), 'ragtui-vectors-'));
const paths = pathsWithModels(home);
beforeAll(async () => {
  ensureBuilt();
  await ensureModels(Object.keys(reference.models));
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

async function withEmbedder<T>(resolved: ResolvedEmbedder, use: (embedder: EmbedderProcess) => Promise<T>): Promise<T> {
  const embedder = await startEmbedder(resolved, { threads: 1 });
  try {
    return await use(embedder);
  } finally {
    await embedder.close();
  }
}

describe.each(Object.keys(reference.models))('vectors of %s', (name) => {
  const expected = reference.models[name] ?? [];

  it('equal those of Python onnxruntime, in order, of unit length, cut at the same token', async () => {
    const resolved = await resolveEmbedder(paths, name);
    const { vectors, tokens } = await withEmbedder(resolved, (embedder) => embedder.embed(reference.texts, PASSAGE));
    expect(vectors).toHaveLength(expected.length);
    for (const [index, row] of expected.entries()) {
      const vector = vectors[index] ?? new Float32Array();
      expect(vector).toHaveLength(resolved.dimension);
      expect(norm(vector)).toBeCloseTo(1, 6);
      expect(cosine(vector, row.cls), reference.texts[index]?.slice(0, 20)).toBeGreaterThan(0.99999);
      expect(tokens[index]).toBe(row.tokens);
    }
  });

  it('with mean pooling equal the mean of all tokens', async () => {
    const resolved = await resolveEmbedder(paths, name);
    const mean: ResolvedEmbedder = { ...resolved, config: { ...resolved.config, pooling: 'mean' } };
    const { vectors } = await withEmbedder(mean, (embedder) => embedder.embed(reference.texts, PASSAGE));
    for (const [index, row] of expected.entries()) {
      expect(cosine(vectors[index] ?? new Float32Array(), row.mean)).toBeGreaterThan(0.99999);
    }
  });
});

it('an int8 text has the same vector alone, among others, in another order', async () => {
  const resolved = await resolveEmbedder(paths, 'bge-small-zh-v1.5-int8');
  await withEmbedder(resolved, async (embedder) => {
    const together = (await embedder.embed(reference.texts, PASSAGE)).vectors;
    const backwards = (await embedder.embed([...reference.texts].reverse(), PASSAGE)).vectors.reverse();
    expect(backwards).toEqual(together);
    const alone = (await embedder.embed([reference.texts[3] ?? ''], PASSAGE)).vectors[0];
    expect(alone).toEqual(together[3]);
  });
});

it('a query gets the instruction unless it is switched off, a passage never', async () => {
  const resolved = await resolveEmbedder(paths, 'bge-small-zh-v1.5-int8');
  const text = reference.texts[1] ?? '';
  await withEmbedder(resolved, async (embedder) => {
    const [plain] = (await embedder.embed([text], PASSAGE)).vectors;
    const [off] = (await embedder.embed([text], { kind: 'query', instruction: false })).vectors;
    const [on] = (await embedder.embed([text], { kind: 'query' })).vectors;
    const [byHand] = (await embedder.embed([`为这个句子生成表示以用于检索相关文章：${text}`], PASSAGE)).vectors;
    expect(off).toEqual(plain);
    expect(on).toEqual(byHand);
    expect(on).not.toEqual(plain);
  });
});
