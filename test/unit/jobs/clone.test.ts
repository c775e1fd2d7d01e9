import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { engineOf, jobsInEngine } from '../../../src/engines/users.ts';
import { changeable, changedWork, nextName, parseChanges } from '../../../src/jobs/clone.ts';
import { jobFiles } from '../../../src/jobs/folder.ts';
import { storeIdentity } from '../../../src/jobs/identity.ts';
import { type JobWork, jobWorkSchema } from '../../../src/jobs/types.ts';
import { workspacePaths } from '../../../src/platform/paths.ts';

const training: JobWork = jobWorkSchema.parse({
  kind: 'train-llm',
  dataset: 'data@2',
  split: 'train',
  base: 'smol',
  name: 'tune',
  preset: 'cpu',
  settings: { max_steps: 6, lora_rank: 8 },
  seed: 42,
});
const server: JobWork = jobWorkSchema.parse({
  kind: 'serve',
  engine: 'llama',
  model: 'smol',
  contextTokens: 2048,
  idleMinutes: 10,
});

test('changes are told as key=value; the value may hold anything', () => {
  expect(parseChanges(['a=1', 'b=x=y', 'c=true', 'd='])).toEqual({ a: 1, b: 'x=y', c: true, d: '' });
  expect(() => parseChanges(['a'])).toThrow(expect.objectContaining({ code: 'usage' }));
});

test('a training takes its own keys and those of its engine; the rest stays', () => {
  const changed = changedWork(training, { name: '2026', limit: 50, lora_rank: 16 });
  expect(changed).toEqual({ ...training, name: '2026', limit: 50, settings: { max_steps: 6, lora_rank: 16 } });
  expect(training).not.toHaveProperty('limit');
});

test('the training of an embedder keeps its options, and takes others as its command does', () => {
  const work = jobWorkSchema.parse({
    ...{ ...training, kind: 'train-embedder', settings: {} },
    embedder: { evalSplit: 'context/dev', keep: 'best', temperature: 0.05 },
  });
  expect(changedWork(work, { seed: 7 })).toEqual({ ...work, seed: 7 });
  const changes = parseChanges(['keep=last', 'matryoshka=64,128', 'int8=on', 'instruction=off', 'temperature=0.1']);
  expect(changedWork(work, changes)).toEqual({
    ...work,
    embedder: {
      ...{ evalSplit: 'context/dev', keep: 'last', temperature: 0.1 },
      ...{ matryoshka: [64, 128], int8: true, instruction: false },
    },
  });
  expect(changedWork(work, { evalSplit: '' })).toMatchObject({ embedder: { keep: 'best' } });
  expect(changedWork(work, { evalSplit: '', keep: '', temperature: '' })).not.toHaveProperty('embedder');
  expect(changedWork(work, { weight_decay: 0.1 })).toMatchObject({ settings: { weight_decay: 0.1 } });
  expect(changeable(work)).toContainEqual({ key: 'keep', value: 'best' });
  for (const wrong of [{ keep: 'none' }, { negatives: 0 }, { matryoshka: 'a' }, { embedder: 'x' }]) {
    expect(() => changedWork(work, wrong)).toThrow(expect.objectContaining({ code: 'usage' }));
  }
});

test('a server takes a number for its context; a slip is met with the nearest key', () => {
  expect(changedWork(server, { contextTokens: 4096 })).toEqual({ ...server, contextTokens: 4096 });
  expect(() => changedWork(server, { contextToken: 4096 })).toThrow(
    expect.objectContaining({ code: 'usage', hint: 'Did you mean contextTokens?' }),
  );
});

test('what cannot be is refused: wrong values, lists, and another kind', () => {
  for (const change of [{ contextTokens: -1 }, { engine: 'none' }, { adapters: 'x' }, { kind: 'pull' }]) {
    expect(() => changedWork(server, change)).toThrow(expect.objectContaining({ code: 'usage' }));
  }
  expect(() => changedWork(training, { settings: 'x' })).toThrow(expect.objectContaining({ code: 'usage' }));
});

test('a clone is called after the other, with the next free number', () => {
  const taken =
    (...names: string[]) =>
    (name: string) =>
      names.includes(name);
  expect(nextName('tune', taken())).toBe('tune-2');
  expect(nextName('tune', taken('tune-2', 'tune-3'))).toBe('tune-4');
  expect(nextName('tune-9', taken())).toBe('tune-10');
  expect(nextName('smol-135m', taken())).toBe('smol-135m-2');
});

test('a job is in the engine that it needs', () => {
  const vllm = jobWorkSchema.parse({ ...server, engine: 'vllm' });
  expect([training, server, vllm].map(engineOf)).toEqual(['llamafactory', undefined, 'vllm']);
});

test('an engine is in use while a job of it runs, and no longer', () => {
  const home = mkdtempSync(path.join(os.tmpdir(), 'ragtui-engine-users-'));
  try {
    const paths = workspacePaths(home, {});
    const id = '20261123-060000-train-llm-abcd';
    const folder = path.join(paths.jobs, id);
    mkdirSync(folder, { recursive: true });
    const spec = { version: 1, id, name: 'n', createdAt: '2026-11-23T06:00:00.000Z', work: training };
    writeFileSync(jobFiles(folder).spec, JSON.stringify(spec));
    storeIdentity(jobFiles(folder).supervisor, process.pid);
    expect(jobsInEngine(paths, 'llamafactory').map((job) => job.spec.id)).toEqual([id]);
    expect(jobsInEngine(paths, 'vllm')).toEqual([]);
    rmSync(jobFiles(folder).supervisor);
    expect(jobsInEngine(paths, 'llamafactory')).toEqual([]);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
});
