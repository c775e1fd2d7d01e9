import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { workspacePaths } from '../../../src/platform/paths.ts';
import type { ServeWork } from '../../../src/serving/types.ts';
import { checkVllmMemory } from '../../../src/serving/vllm/memory.ts';
import { StageClock } from '../../../src/serving/vllm/stage-times.ts';

let home: string;
beforeEach(() => {
  home = mkdtempSync(path.join(os.tmpdir(), 'ragtui-stages-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

test('stages are timed, and the time left is what they took the last time', () => {
  const first = new StageClock([]);
  expect(first.secondsLeft(3)).toBeNull();
  first.begin(1, 10);
  // Two lines in one look: the one between began and ended at once.
  first.begin(3, 15);
  expect(first.durations(20)).toEqual([10, 5, 0, 5]);
  const next = new StageClock(first.durations(20));
  expect(next.usual).toBe(10);
  expect(next.secondsLeft(4)).toBe(16);
  // Longer than the last time: what is left of the stage is unknown, and never below nothing.
  expect(next.secondsLeft(12)).toBe(10);
  next.begin(1, 12);
  expect(next.usual).toBe(5);
  expect(next.secondsLeft(13)).toBe(9);
});

test('a cache that a CPU has no memory for is refused with the numbers, and told what would fit', () => {
  const paths = workspacePaths(home, {});
  const work: ServeWork = {
    engine: 'vllm',
    model: 'base',
    contextTokens: 2048,
    idleMinutes: 0,
    adapters: [],
    kvCacheGiB: 8,
  };
  const free = 6 * 1024 ** 3;
  expect(() => checkVllmMemory(paths, work, 'cpu', false, free)).toThrow(
    expect.objectContaining({
      code: 'unavailable',
      message: expect.stringMatching(/cache 8192 MB.*6144 MB are free/),
      hint: expect.stringMatching(/--kv-gib [34]\b/),
    }),
  );
  expect(() => checkVllmMemory(paths, { ...work, kvCacheGiB: 2 }, 'cpu', false, free)).not.toThrow();
  // A GPU's memory is vLLM's own to measure.
  expect(() => checkVllmMemory(paths, work, 'cuda', true, free)).not.toThrow();
});
