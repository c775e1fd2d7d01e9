import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { packageRoot } from '../../src/platform/entry.ts';
import type { WorkspacePaths } from '../../src/platform/paths.ts';

/** An environment of the user's own whose Python is ours. */
export function installFakeVllm(paths: WorkspacePaths): void {
  const folder = path.join(paths.engines, 'vllm');
  mkdirSync(folder, { recursive: true });
  const python = path.join(packageRoot(), 'test', 'support', 'fake-vllm.js');
  const manifest = {
    version: 1,
    name: 'vllm',
    device: 'cpu',
    python,
    managed: false,
    installedAt: new Date().toISOString(),
    lock: '',
    versions: {},
  };
  writeFileSync(path.join(folder, 'engine.json'), JSON.stringify(manifest));
}
