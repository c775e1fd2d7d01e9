import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { resolveEmbedder, resolveReranker, startEmbedder, startReranker } from '../../src/models/embedder-client.ts';
import type { EmbedderProcess } from '../../src/models/embedder-types.ts';
import { addLocalModel } from '../../src/models/own.ts';
import { type SupervisedEmbedder, supervisedEmbedder } from '../../src/models/supervised-embedder.ts';
import { fixturesDir } from '../../src/platform/entry.ts';
import { type WorkspacePaths, workspacePaths } from '../../src/platform/paths.ts';
import { processIdentity, waitUntil } from '../../src/platform/processes.ts';
import { ensureBuilt, ensureModels, pathsWithModels } from '../support/models.ts';

// The toy models are made by scripts/reference/toy_models.py: a token's hidden state is a row of a small table
// (a = [3 0 0 0], b = [0 4 0 0], c = [0 0 6 0], special tokens and "zero" = 0, [PAD] = 9 9 9 9), so every vector here is worked out by hand.
const PASSAGE = { kind: 'passage' } as const;
const toy = (name: string): string => path.join(fixturesDir(), 'reference', name);
const MEAN = { pooling: 'mean', normalize: false } as const;

let home: string;
let paths: WorkspacePaths;
const open: { close(): Promise<void> }[] = [];
beforeAll(() => ensureBuilt());
beforeEach(() => {
  home = mkdtempSync(path.join(os.tmpdir(), 'ragtui embedder-'));
  paths = workspacePaths(home, { RAGTUI_MODELS_CACHE: path.join(home, 'models') });
});
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
  rmSync(home, { recursive: true, force: true });
});

async function toyEmbedder(embedder: Parameters<typeof addLocalModel>[1]['embedder']): Promise<EmbedderProcess> {
  await addLocalModel(paths, {
    name: 'toy',
    path: toy('toy-embedder'),
    kind: 'embedding',
    ...(embedder ? { embedder } : {}),
  });
  const started = await startEmbedder(await resolveEmbedder(paths, 'toy'));
  open.push(started);
  return started;
}

it('averages the real tokens only, whatever they are batched with', async () => {
  const embedder = await toyEmbedder(MEAN);
  // Of different lengths, so that all but one are padded in the batch.
  const { vectors, tokens } = await embedder.embed(['a', 'a b', 'a b c c'], PASSAGE);
  expect(vectors.map((vector) => [...vector])).toEqual([
    [1, 0, 0, 0],
    [0.75, 1, 0, 0],
    [0.5, expect.closeTo(4 / 6, 6), 2, 0],
  ]);
  expect(tokens).toEqual([3, 4, 6]);
});

it('scales to length one when the model asks for it', async () => {
  const embedder = await toyEmbedder({ pooling: 'mean', normalize: true });
  const { vectors } = await embedder.embed(['a b'], PASSAGE);
  expect([...(vectors[0] ?? [])]).toEqual([expect.closeTo(0.6, 6), expect.closeTo(0.8, 6), 0, 0]);
});

it('cuts at the limit and keeps the closing token', async () => {
  const embedder = await toyEmbedder({ ...MEAN, maxTokens: 4 });
  const { vectors, tokens } = await embedder.embed(['a b c c c c'], PASSAGE);
  expect([...(vectors[0] ?? [])]).toEqual([0.75, 1, 0, 0]);
  expect(tokens).toEqual([4]);
});

it.each(['nan', 'inf', 'zero'])('refuses the vector of "%s" and goes on working', async (word) => {
  const embedder = await toyEmbedder(MEAN);
  await expect(embedder.embed(['a', word], PASSAGE)).rejects.toMatchObject({
    code: 'invalid',
    message: expect.stringContaining('text 2'),
  });
  expect((await embedder.embed(['a'], PASSAGE)).vectors).toHaveLength(1);
});

it('refuses at the start a model whose vectors have another length', async () => {
  await expect(toyEmbedder({ ...MEAN, dimension: 5 })).rejects.toMatchObject({ code: 'corrupt' });
});

it('refuses at the start a file that is no model', async () => {
  await addLocalModel(paths, { name: 'toy', path: toy('toy-embedder'), kind: 'embedding' });
  const resolved = await resolveEmbedder(paths, 'toy');
  if (resolved.source.kind !== 'folder') throw new Error('expected files');
  const broken = { ...resolved, source: { ...resolved.source, model: resolved.source.tokenizer } };
  await expect(startEmbedder(broken)).rejects.toMatchObject({ code: 'corrupt' });
});

it('scores pairs with a cross-encoder: sigmoid of its logit, the text cut to fit', async () => {
  await addLocalModel(paths, { name: 'judge', path: toy('toy-reranker'), kind: 'reranker' });
  const reranker = await startReranker(resolveReranker(paths, 'judge'));
  open.push(reranker);
  const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
  // [CLS]2 a4 [SEP]3 | b5 c6 [SEP]3 → (14 − 9) / 10;  | a4 [SEP]3 → (7 − 9) / 10;  eight tokens at most: | b5 b5 b5 b5 [SEP]3 → (23 − 9) / 10.
  expect(await reranker.rerank('a', ['b c', 'a', 'b b b b b b b b'])).toEqual([
    expect.closeTo(sigmoid(0.5), 6),
    expect.closeTo(sigmoid(-0.2), 6),
    expect.closeTo(sigmoid(1.4), 6),
  ]);
});

it('a killed child rejects what it was doing, tells its listeners, and leaves no process', async () => {
  await ensureModels(['bge-small-zh-v1.5-int8']);
  const embedder = await startEmbedder(await resolveEmbedder(pathsWithModels(home), 'bge-small-zh-v1.5-int8'));
  open.push(embedder);
  const reasons: string[] = [];
  embedder.onExit((reason) => reasons.push(reason));
  const work = embedder.embed(
    Array.from({ length: 200 }, (_, n) => `${n} 很长的一段话。`.repeat(40)),
    PASSAGE,
  );
  const outcome = expect(work).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringContaining('SIGKILL'),
  });
  process.kill(embedder.pid ?? 0, 'SIGKILL');
  await outcome;
  expect(reasons).toHaveLength(1);
  await expect(embedder.embed(['a'], PASSAGE)).rejects.toMatchObject({ code: 'unavailable' });
  expect(processIdentity(embedder.pid ?? 0)).toBeUndefined();
});

it('a cancelled call ends at once and the next one works', async () => {
  await ensureModels(['bge-small-zh-v1.5-int8']);
  const embedder = await startEmbedder(await resolveEmbedder(pathsWithModels(home), 'bge-small-zh-v1.5-int8'));
  open.push(embedder);
  const stop = new AbortController();
  const texts = Array.from({ length: 250 }, (_, n) => `${n} 很长的一段话。`.repeat(60));
  const work = embedder.embed(texts, { ...PASSAGE, signal: stop.signal });
  const outcome = expect(work).rejects.toMatchObject({ code: 'cancelled' });
  stop.abort();
  await outcome;
  expect((await embedder.embed(['短'], PASSAGE)).vectors).toHaveLength(1);
});

it('a supervised embedder is started again and gives the same vectors', async () => {
  await ensureModels(['bge-small-zh-v1.5-int8']);
  const resolved = await resolveEmbedder(pathsWithModels(home), 'bge-small-zh-v1.5-int8');
  const restarts: string[] = [];
  const embedder: SupervisedEmbedder = supervisedEmbedder(resolved, { onRestart: (reason) => restarts.push(reason) });
  open.push(embedder);
  const texts = Array.from({ length: 12 }, (_, n) => `${n} 很长的一段话。`.repeat(40));
  const expected = await embedder.embed(texts, PASSAGE);
  const first = embedder.pid();
  const again = embedder.embed(texts, PASSAGE);
  process.kill(first ?? 0, 'SIGKILL');
  expect(await again).toEqual(expected);
  expect(restarts).toHaveLength(1);
  expect(embedder.pid()).not.toBe(first);
});

it('close() ends its child', async () => {
  const embedder = await toyEmbedder(MEAN);
  const { pid } = embedder;
  await embedder.close();
  expect(await waitUntil(() => processIdentity(pid ?? 0) === undefined, 5000)).toBe(true);
});
