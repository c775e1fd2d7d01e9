import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { keepHost } from '../../../src/hosts/store.ts';
import { addLocalModel } from '../../../src/models/own.ts';
import { ensureWorkspace, type WorkspacePaths, workspacePaths } from '../../../src/platform/paths.ts';
import { planStart, type StartRequest } from '../../../src/serving/start-plan.ts';
import { needBytes } from '../../../src/serving/start-plan-size.ts';
import { factsOfHost, hostCalled } from '../../store/fleet-samples.ts';
import { writeChatFolder } from '../../support/chat-model.ts';

const GIB = 1024 ** 3;
/** Bytes of the weights, float32 on disk. */
const WEIGHTS = 4_000_000;

describe('what a server on another host takes, by what is kept of the host', () => {
  let home: string;
  let paths: WorkspacePaths;
  beforeEach(async () => {
    home = mkdtempSync(path.join(os.tmpdir(), 'ragtui plan '));
    paths = workspacePaths(home, {});
    ensureWorkspace(paths);
    const folder = path.join(home, 'toy-hf');
    writeChatFolder(folder);
    writeFileSync(path.join(folder, 'model.safetensors'), Buffer.alloc(WEIGHTS));
    await addLocalModel(paths, { name: 'toy', path: folder, kind: 'chat' });
    const vllm = { name: 'vllm', python: '/far/bin/python', versions: { vllm: '0.32.0' }, lock: '' } as const;
    const gpu = { name: 'A100', memoryMb: 81_920, driver: '1' };
    await keepHost(
      paths,
      hostCalled('gpu', { facts: factsOfHost({ gpus: [gpu, gpu] }), installed: [{ ...vllm, device: 'cuda' }] }),
    );
    await keepHost(
      paths,
      hostCalled('cpu', {
        facts: factsOfHost({ gpus: [], bfloat16: false, memoryMb: 4096 }),
        installed: [{ ...vllm, device: 'cpu' }],
      }),
    );
    await keepHost(paths, hostCalled('bare'));
  });
  afterEach(() => rmSync(home, { recursive: true, force: true }));

  const plan = (host: string, request: Partial<StartRequest> = {}) =>
    planStart(paths, { model: 'toy', adapters: [], launcher: `ssh:${host}`, ...request });

  test('of GPUs: what each of them holds, of those that the host has, by the Python there', async () => {
    const one = await plan('gpu');
    expect(one).toMatchObject({
      work: { engine: 'vllm', launcher: 'ssh:gpu' },
      device: 'gpu',
      freeBytes: null,
      gpus: { wanted: 1, here: 2 },
      host: { name: 'gpu', checkedAt: '2026-11-23T06:00:00.000Z', totalBytes: 80 * GIB, vllm: '0.32.0' },
    });
    expect(needBytes(one)).toBe(WEIGHTS / 2);
    expect(one.command).toMatch(/^\S*.*\/far\/bin\/python /);
    const split = await plan('gpu', { vllm: { tensorParallel: 4 } });
    expect([needBytes(split), split.gpus]).toEqual([WEIGHTS / 8, { wanted: 4, here: 2 }]);
  });

  test('of a CPU without bfloat16: whole weights, the cache and vLLM itself; options of GPUs are refused there', async () => {
    const there = await plan('cpu', { kvCacheGiB: 3 });
    expect(there).toMatchObject({ device: 'memory', host: { name: 'cpu', totalBytes: 4 * GIB } });
    expect(there.gpus).toBeUndefined();
    expect(needBytes(there)).toBe(WEIGHTS + 3 * GIB + 2 * GIB);
    await expect(plan('cpu', { vllm: { gpuMemoryUtilization: 0.5 } })).rejects.toThrow(/installed for a CPU on cpu/);
    await expect(plan('gpu', { kvCacheGiB: 3 })).rejects.toThrow(/On a GPU the cache is what weights leave/);
  });

  test('a host without vLLM is planned for what it is; one that nobody knows is refused', async () => {
    expect(await plan('bare')).toMatchObject({ device: 'gpu', gpus: { wanted: 1, here: 1 }, host: { vllm: null } });
    await expect(plan('nowhere')).rejects.toThrow(/There is no host nowhere/);
    await expect(plan('gpu', { engine: 'llama' })).rejects.toThrow(/llama serves on this machine alone/);
  });
});
