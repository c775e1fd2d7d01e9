import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CATALOGUE } from '../../../src/models/catalogue.ts';
import { resolveEmbedder } from '../../../src/models/embedder-client.ts';
import { addEndpoint } from '../../../src/models/endpoint-entries.ts';
import { fingerprintOf } from '../../../src/models/fingerprint.ts';
import { addLocalModel } from '../../../src/models/own.ts';
import { installedModel, listEndpoints, listModels, modelStatus, removeModel } from '../../../src/models/store.ts';
import { verifyModel } from '../../../src/models/verify.ts';
import { fixturesDir } from '../../../src/platform/entry.ts';
import { lockFile } from '../../../src/platform/lock.ts';
import { type WorkspacePaths, workspacePaths } from '../../../src/platform/paths.ts';

const TOY = path.join(fixturesDir(), 'reference', 'toy-embedder');
let home: string;
let paths: WorkspacePaths;
beforeEach(() => {
  home = mkdtempSync(path.join(os.tmpdir(), 'ragtui store-'));
  paths = workspacePaths(home, {});
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

describe('the catalogue', () => {
  it('has no id twice, and only files with a hash can come from packages', () => {
    const ids = CATALOGUE.map((entry) => entry.id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const file of CATALOGUE.flatMap((entry) => entry.files)) {
      const packaged = file.sources.some((source) => source.kind === 'pip' || source.kind === 'maven');
      expect(packaged && !file.sha256).toBe(false);
    }
  });

  it('is absent in a new workspace, and nothing is made by looking', () => {
    expect(listModels(paths).map((status) => status.state)).toEqual(CATALOGUE.map(() => 'absent'));
    expect(() => statSync(paths.models)).toThrow();
    expect(() => installedModel(paths, 'smollm2-135m-instruct')).toThrow(/not here yet/);
    expect(() => installedModel(paths, 'nothing')).toThrow(/no model "nothing"/);
  });
});

describe('an own model', () => {
  const copyToy = (): string => {
    const folder = path.join(home, 'my tune');
    mkdirSync(folder);
    for (const name of ['model.onnx', 'tokenizer.json', 'config.json']) {
      writeFileSync(path.join(folder, name), readFileSync(path.join(TOY, name)));
    }
    return folder;
  };

  it('is described by its folder, stays there, and is listed as present', async () => {
    const folder = copyToy();
    mkdirSync(path.join(folder, '1_Pooling'));
    writeFileSync(path.join(folder, '1_Pooling', 'config.json'), '{"pooling_mode_mean_tokens": true}');
    const entry = await addLocalModel(paths, { name: 'tune', path: folder, kind: 'embedding' });
    expect(entry).toMatchObject({
      kind: 'embedder',
      embedder: { pooling: 'mean', dimension: 4, maxTokens: 8, dtype: 'f32' },
    });
    expect(modelStatus(paths, 'tune')).toMatchObject({ state: 'present', folder });
    expect(installedModel(paths, 'tune').files['model.onnx']).toBe(path.join(folder, 'model.onnx'));
    expect((await verifyModel(paths, 'tune')).ok).toBe(true);
    await removeModel(paths, 'tune');
    expect(listModels(paths).some((status) => status.entry.id === 'tune')).toBe(false);
    expect(statSync(path.join(folder, 'model.onnx')).isFile()).toBe(true);
  });

  it('is damaged when its bytes changed, and is not used then', async () => {
    const folder = copyToy();
    await addLocalModel(paths, { name: 'tune', path: folder, kind: 'embedding' });
    const file = path.join(folder, 'model.onnx');
    const bytes = readFileSync(file);
    bytes[100] = (bytes[100] ?? 0) ^ 1;
    writeFileSync(file, bytes);
    expect(modelStatus(paths, 'tune').state).toBe('damaged');
    await expect(resolveEmbedder(paths, 'tune')).rejects.toMatchObject({ code: 'corrupt' });
    const report = await verifyModel(paths, 'tune');
    expect(report.files.find((one) => one.name === 'model.onnx')?.ok).toBe(false);
  });

  it.each([
    ['a name with a slash', { name: '../x', kind: 'embedding' }, 'usage'],
    ['a name of the catalogue', { name: 'bge-small-zh-v1.5', kind: 'embedding' }, 'exists'],
    ['an ONNX folder as a chat model', { name: 'tune', kind: 'chat' }, 'usage'],
  ] as const)('is refused with %s', async (_what, request, code) => {
    await expect(addLocalModel(paths, { ...request, path: copyToy() })).rejects.toMatchObject({ code });
  });

  it('is refused without what it needs, saying what', async () => {
    const empty = path.join(home, 'empty');
    mkdirSync(empty);
    await expect(addLocalModel(paths, { name: 't', path: empty, kind: 'embedding' })).rejects.toThrow(/no ONNX model/);
    writeFileSync(path.join(empty, 'model.onnx'), 'x');
    await expect(addLocalModel(paths, { name: 't', path: empty, kind: 'embedding' })).rejects.toThrow(
      /no tokenizer\.json/,
    );
    await expect(
      addLocalModel(paths, { name: 't', path: path.join(home, 'gone'), kind: 'chat' }),
    ).rejects.toMatchObject({
      code: 'not-found',
    });
  });
});

describe('endpoints', () => {
  const ENDPOINT = {
    name: 'vllm',
    kind: 'chat',
    url: 'http://127.0.0.1:8000/v1',
    model: 'qwen',
    keyEnv: 'MY_KEY',
  } as const;

  it('are kept with the name of the key only, in a file for the owner', async () => {
    await addEndpoint(paths, ENDPOINT);
    expect(listEndpoints(paths)).toEqual([ENDPOINT]);
    expect(statSync(path.join(home, 'models.json')).mode & 0o777).toBe(0o600);
    await expect(addEndpoint(paths, ENDPOINT)).rejects.toMatchObject({ code: 'exists' });
    await removeModel(paths, 'vllm');
    expect(listEndpoints(paths)).toEqual([]);
  });

  it('are refused with a key in the URL or another protocol', async () => {
    for (const url of ['http://me:secret@host/v1', 'http://host/v1?api_key=k', 'file:///etc/passwd', 'nothing']) {
      await expect(addEndpoint(paths, { ...ENDPOINT, url })).rejects.toMatchObject({ code: 'usage' });
    }
  });

  it('added at the same time are all kept', async () => {
    const names = Array.from({ length: 8 }, (_, index) => `e${index}`);
    await Promise.all(names.map((name) => addEndpoint(paths, { ...ENDPOINT, name })));
    expect(
      listEndpoints(paths)
        .map((one) => one.name)
        .sort(),
    ).toEqual(names);
  });
});

it('a damaged models.json is an error that names it', () => {
  writeFileSync(path.join(home, 'models.json'), '{"version": 1, "models": [{');
  expect(() => listModels(paths)).toThrow(/models\.json cannot be read/);
});

it('a fingerprint changes with everything that changes vectors, and not with the query instruction', () => {
  const config = {
    pooling: 'cls',
    normalize: true,
    maxTokens: 512,
    dimension: 4,
    dtype: 'f32',
    queryInstruction: '',
    passageInstruction: '',
  } as const;
  const weights = { model: 'a', tokenizer: 'b' };
  const base = fingerprintOf(config, weights);
  const changed = [
    fingerprintOf({ ...config, pooling: 'mean' }, weights),
    fingerprintOf({ ...config, normalize: false }, weights),
    fingerprintOf({ ...config, maxTokens: 511 }, weights),
    fingerprintOf({ ...config, dtype: 'int8' }, weights),
    fingerprintOf({ ...config, passageInstruction: 'passage: ' }, weights),
    fingerprintOf(config, { ...weights, model: 'c' }),
    fingerprintOf(config, { ...weights, tokenizer: 'c' }),
  ];
  expect(new Set([base, ...changed]).size).toBe(changed.length + 1);
  expect(fingerprintOf({ ...config, queryInstruction: 'find: ' }, weights)).toBe(base);
  expect(fingerprintOf({ ...config }, { tokenizer: 'b', model: 'a' })).toBe(base);
});

describe('a lock', () => {
  it('is held by one at a time, in turn', async () => {
    const file = path.join(home, 'lock');
    let inside = 0;
    let most = 0;
    const waited: number[] = [];
    const worker = async (): Promise<void> => {
      const unlock = await lockFile(file, { everyMs: 2, onWait: (pid) => waited.push(pid) });
      inside += 1;
      most = Math.max(most, inside);
      await new Promise((resolve) => setImmediate(resolve));
      inside -= 1;
      unlock();
    };
    await Promise.all([worker(), worker(), worker(), worker()]);
    expect(most).toBe(1);
    expect(waited).toContain(process.pid);
  });

  it('of a process that is gone, or that never wrote it, is taken over', async () => {
    const file = path.join(home, 'lock');
    for (const content of [JSON.stringify({ pid: process.pid, startTime: '1', token: 'x' }), '', '{']) {
      writeFileSync(file, content);
      const unlock = await lockFile(file);
      unlock();
      expect(() => statSync(file)).toThrow();
    }
  });

  it('is not waited for any longer after a cancel', async () => {
    const file = path.join(home, 'lock');
    const unlock = await lockFile(file);
    const stop = new AbortController();
    const waiting = lockFile(file, { signal: stop.signal, onWait: () => stop.abort() });
    await expect(waiting).rejects.toMatchObject({ code: 'cancelled' });
    unlock();
  });
});
