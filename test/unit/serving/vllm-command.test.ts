import { cpSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { addLocalModel } from '../../../src/models/own.ts';
import { fixturesDir, pythonScript } from '../../../src/platform/entry.ts';
import { workspacePaths } from '../../../src/platform/paths.ts';
import { planDeployment } from '../../../src/serving/deploy.ts';
import { parseLlm } from '../../../src/serving/servers.ts';
import type { ServeWork } from '../../../src/serving/types.ts';
import { loraRoom, shownCommand, vllmCommand, vllmEnvironment } from '../../../src/serving/vllm/command.ts';
import { VALUE_FLAGS } from '../../../src/serving/vllm/flag-names.ts';
import { checkGpus } from '../../../src/serving/vllm/gpus.ts';
import { poolerConfig } from '../../../src/serving/vllm/pooling.ts';
import { writeRandomAdapter } from '../../support/random-adapter.ts';

const work: ServeWork = {
  engine: 'vllm',
  model: 'base',
  contextTokens: 2048,
  idleMinutes: 0,
  adapters: [],
  kvCacheGiB: 2,
};
const cpu = { python: '/env/bin/python', device: 'cpu', hasBfloat16: false } as const;
const start = (change: Partial<ServeWork> = {}, machine: object = cpu, ranks: number[] = []) =>
  vllmCommand({
    machine: { ...cpu, ...machine },
    work: { ...work, ...change },
    weights: '/models/base-hf',
    adapters: change.adapters ?? [],
    room: loraRoom({ ...work, ...change }, ranks),
    port: 8123,
  }).args.join(' ');

describe('the command of a vLLM server', () => {
  test('is the recipe that was proven, on loopback, with the key in the environment and a bounded cache', () => {
    expect(start()).toBe(
      '-m vllm.entrypoints.openai.api_server --model /models/base-hf --served-model-name base ' +
        '--host 127.0.0.1 --port 8123 --max-model-len 2048 --middleware vllm_guard.KeyGuard ' +
        '--disable-access-log-for-endpoints /health,/metrics --generation-config vllm --enforce-eager --dtype float32 ' +
        '--shutdown-timeout 10 --enable-lora --max-loras 2 --max-lora-rank 16',
    );
    expect(vllmEnvironment(work, cpu, 'secret')).toEqual({
      VLLM_API_KEY: 'secret',
      VLLM_CPU_KVCACHE_SPACE: '2',
      PYTHONPATH: path.dirname(pythonScript('vllm_guard')),
    });
    expect(existsSync(pythonScript('vllm_guard'))).toBe(true);
  });

  test('lets a CPU with bfloat16, and a GPU, choose their numbers', () => {
    expect(start({}, { hasBfloat16: true })).toContain('--dtype auto');
    expect(start({}, { device: 'cuda' })).not.toMatch(/dtype|eager/);
  });

  test('has room for its adapters, the largest rank, and versions that come later', () => {
    const adapters = [
      { name: 'v1', path: '/a/one, two' },
      { name: 'v2', path: '/b' },
    ];
    expect(start({ adapters }, cpu, [4, 20])).toContain(
      '--enable-lora --max-loras 4 --max-lora-rank 32 --lora-modules {"name":"v1","path":"/a/one, two"} {"name":"v2","path":"/b"}',
    );
    expect(() => start({ adapters }, cpu, [4, 1000])).toThrow(/rank 512/);
    expect(start({ vllm: { loraSlots: 1, maxLoraRank: 100 } })).toContain('--max-loras 1 --max-lora-rank 128');
    expect(start({ vllm: { lora: false } })).not.toContain('lora');
    expect(start({ runner: 'pooling' })).not.toContain('lora');
    expect(() => start({ adapters, vllm: { lora: false } }, cpu, [4, 8])).toThrow(/Leave one of them out|--no-lora/);
    expect(() => start({ adapters, vllm: { maxLoraRank: 8 } }, cpu, [4, 16])).toThrow(
      /rank 16; --max-lora-rank says 8/,
    );
  });

  test('says what was asked for, and nothing else', () => {
    const vllm = {
      dtype: 'bfloat16' as const,
      gpuMemoryUtilization: 0.6,
      tensorParallel: 2,
      pipelineParallel: 3,
      dataParallel: 4,
      quantization: 'awq',
      maxNumSeqs: 7,
      sleepMode: true,
      drainSeconds: 0,
      flags: [
        { name: 'seed', value: '3' },
        { name: 'enforce-eager', value: null },
      ],
    };
    expect(start({ vllm, servedName: 'shown' }, { device: 'cuda' })).toBe(
      '-m vllm.entrypoints.openai.api_server --model /models/base-hf --served-model-name shown --host 127.0.0.1 ' +
        '--port 8123 --max-model-len 2048 --middleware vllm_guard.KeyGuard ' +
        '--disable-access-log-for-endpoints /health,/metrics --generation-config vllm --dtype bfloat16 ' +
        '--quantization awq --gpu-memory-utilization 0.6 --tensor-parallel-size 2 --pipeline-parallel-size 3 ' +
        '--data-parallel-size 4 --max-num-seqs 7 --enable-sleep-mode --shutdown-timeout 0 --enable-lora --max-loras 2 ' +
        '--max-lora-rank 16 --seed 3 --enforce-eager',
    );
    expect(vllmEnvironment({ ...work, vllm }, cpu, 'k')).toMatchObject({ VLLM_SERVER_DEV_MODE: '1' });
  });

  test('computes on a Ray cluster where one is named, its copies too', () => {
    const on = (vllm: ServeWork['vllm']) => start({ vllm }, { device: 'cuda' });
    expect(on({ tensorParallel: 8, ray: 'auto' })).toMatch(
      /--tensor-parallel-size 8 --distributed-executor-backend ray --shutdown/,
    );
    expect(on({ tensorParallel: 4, dataParallel: 2, ray: '10.0.0.5:6379' })).toMatch(
      /--tensor-parallel-size 4 --data-parallel-size 2 --distributed-executor-backend ray --data-parallel-backend ray/,
    );
    const envOf = (ray: string) => vllmEnvironment({ ...work, vllm: { ray } }, { ...cpu, device: 'cuda' }, 'k');
    expect(envOf('10.0.0.5:6379')).toMatchObject({ RAY_ADDRESS: '10.0.0.5:6379' });
    // What the person's own RAY_ADDRESS says stays.
    expect(envOf('auto')).not.toHaveProperty('RAY_ADDRESS');
  });

  test('its parallel flags are those that vLLM 0.32 has', () => {
    for (const name of ['tensor-parallel-size', 'pipeline-parallel-size', 'data-parallel-size']) {
      expect(VALUE_FLAGS).toContain(name);
    }
    expect(VALUE_FLAGS).toContain('distributed-executor-backend');
    expect(VALUE_FLAGS).toContain('data-parallel-backend');
  });

  test('is refused where the machine has fewer GPUs than it multiplies to', async () => {
    vi.stubEnv('RAGTUI_GPUS', '0,1,2');
    const on = (vllm: ServeWork['vllm'], gpus: number) => checkGpus({ ...work, vllm, gpus }, 'cuda');
    await expect(on({ tensorParallel: 2, dataParallel: 2 }, 4)).rejects.toThrow(
      'It wants 4 GPUs (tensor 2 × data 2); this machine shows GPU 0, GPU 1, GPU 2.',
    );
    await expect(on({ tensorParallel: 3 }, 3)).resolves.toBeUndefined();
    await expect(on({ tensorParallel: 16, ray: 'auto' }, 16)).resolves.toBeUndefined();
    vi.unstubAllEnvs();
  });

  test('is shown as one could type it', () => {
    const env = { VLLM_API_KEY: 'secret', VLLM_CPU_KVCACHE_SPACE: '2', PYTHONPATH: '/my env' };
    expect(shownCommand({ program: 'python', args: ['x'] }, env)).toBe(
      "VLLM_CPU_KVCACHE_SPACE=2 PYTHONPATH='/my env' python x",
    );
    expect(shownCommand({ program: '/my env/python', args: ['-m', 'x', '{"a":"it\'s"}'] })).toBe(
      `'/my env/python' -m x '{"a":"it'\\''s"}'`,
    );
  });
});

test('the command of an embedder pools as the model does, in float32, without adapters', () => {
  const args = (machine: object) =>
    vllmCommand({
      machine: { ...cpu, ...machine },
      work: { ...work, model: 'mini', runner: 'pooling', contextTokens: 256 },
      weights: '/models/mini',
      adapters: [],
      room: loraRoom({ ...work, runner: 'pooling' }, []),
      pooler: poolerConfig({ pooling: 'mean', normalize: true }),
      port: 8123,
    }).args.join(' ');
  // As it was run on vllm-cpu 0.32: its vectors had a cosine of 1.0000000 with those of our own runtime.
  expect(args({ hasBfloat16: true })).toBe(
    '-m vllm.entrypoints.openai.api_server --model /models/mini --served-model-name mini --host 127.0.0.1 --port 8123 ' +
      '--max-model-len 256 --middleware vllm_guard.KeyGuard --disable-access-log-for-endpoints /health,/metrics ' +
      '--enforce-eager --dtype float32 --runner pooling ' +
      '--pooler-config {"pooling_type":"MEAN","use_activation":true} --shutdown-timeout 10',
  );
  expect(args({ device: 'cuda' })).toContain('--dtype float32 --runner pooling');
  expect(poolerConfig({ pooling: 'cls', normalize: false })).toBe('{"pooling_type":"CLS","use_activation":false}');
  expect(() => poolerConfig({ pooling: 'none', normalize: true })).toThrow(/inside its ONNX file/);
});

describe('a plan of a deployment', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'ragtui-deploy-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const plan = (adapters: string[]) =>
    planDeployment(workspacePaths(folder, {}), {
      model: 'smollm2-135m-instruct',
      adapters,
      engine: 'vllm',
      dryRun: true,
    });
  const adapter = (name: string, config: Record<string, unknown> = {}) => {
    const at = path.join(folder, name);
    writeRandomAdapter(at, { seed: 1, rank: 8, alpha: 16, dtype: 'F32', config });
    return at;
  };

  test('takes adapters by name and folder', () => {
    const at = adapter('tune one');
    expect(plan([`sft=${at}`])).toMatchObject({
      model: 'smollm2-135m-instruct',
      adapters: [{ name: 'sft', path: at }],
    });
  });

  test('of an embedder for vLLM names the folder of its torch weights; ONNX alone is refused', async () => {
    const paths = workspacePaths(folder, {});
    const base = planDeployment(paths, { model: 'all-minilm-l6-v2-base', engine: 'vllm', adapters: [], dryRun: true });
    expect(base).toMatchObject({
      runner: 'pooling',
      contextTokens: 256,
      weights: path.join(paths.models, 'all-minilm-l6-v2-base'),
    });
    const toy = path.join(folder, 'toy');
    cpSync(path.join(fixturesDir(), 'reference', 'toy-embedder'), toy, { recursive: true });
    await addLocalModel(paths, { name: 'toy', path: toy, kind: 'embedding' });
    const plan = () => planDeployment(paths, { model: 'toy', engine: 'vllm', adapters: [] });
    expect(plan).toThrow(/toy is here as ONNX; vLLM wants torch weights/);
    writeFileSync(path.join(toy, 'model.safetensors'), '');
    expect(plan()).toMatchObject({ runner: 'pooling', weights: toy });
  });

  test('refuses what a server would reject, before anything starts', () => {
    expect(() => plan([`sft=${adapter('dora', { use_dora: true })}`])).toThrow(/DoRA/);
    expect(() => plan([`sft=${path.join(folder, 'nothing')}`])).toThrow(/does not exist/);
    expect(() => plan([`sft=${folder}`])).toThrow(/no adapter_config/);
    expect(() => plan(['sft'])).toThrow(/no adapter "sft"/);
    const at = adapter('good');
    expect(() => plan([`../x=${at}`])).toThrow(/cannot be a name/);
    expect(() => plan([`a=${at}`, `a=${at}`])).toThrow(/Two things/);
    expect(() => plan([`smollm2-135m-instruct=${at}`])).toThrow(/Two things/);
  });
});

test('an LLM of a column can name its engine', () => {
  expect(parseLlm('sft')).toEqual({ name: 'sft', engine: undefined });
  expect(parseLlm('sft@vllm')).toEqual({ name: 'sft', engine: 'vllm' });
  expect(() => parseLlm('sft@moon')).toThrow(/no engine/);
});
