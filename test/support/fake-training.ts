import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { importDataset } from '../../src/datasets/import.ts';
import { engineFolder } from '../../src/engines/store.ts';
import type { EngineManifest } from '../../src/engines/types.ts';
import { packageRoot } from '../../src/platform/entry.ts';
import { ensureWorkspace, type WorkspacePaths } from '../../src/platform/paths.ts';
import { writeChatFolder, writeChatGguf } from './chat-model.ts';

const FAKE = path.join(packageRoot(), 'test', 'support', 'fake-engine.js');
export const FAKE_BASE = 'smollm2-135m-instruct';

/** Fills a workspace with all that a training needs: the scripted engine, a base, the dataset `questions`. */
export async function fakeTraining(paths: WorkspacePaths): Promise<void> {
  ensureWorkspace(paths);
  const engine = engineFolder(paths, 'llamafactory');
  mkdirSync(engine, { recursive: true });
  const manifest: EngineManifest = {
    version: 1,
    name: 'llamafactory',
    device: 'cpu',
    python: FAKE,
    managed: false,
    installedAt: new Date().toISOString(),
    lock: '',
    versions: { llamafactory: '0.9.5' },
  };
  writeFileSync(path.join(engine, 'engine.json'), JSON.stringify(manifest));
  fakeBase(paths);
  const file = path.join(paths.home, 'questions.json');
  const row = (n: number) => ({ instruction: `Say ${n}.`, input: '', output: `${n}`, system: 'Count.' });
  writeFileSync(file, JSON.stringify([1, 2, 3, 4].map(row)));
  await importDataset(paths, file, { format: 'alpaca' });
}

function fakeBase(paths: WorkspacePaths): void {
  const folder = path.join(paths.models, FAKE_BASE);
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, 'model.gguf');
  writeChatGguf(file);
  // What the scripted engine makes of it.
  writeChatFolder(path.join(folder, 'transformers'));
  const sha256 = createHash('sha256').update(readFileSync(file)).digest('hex');
  const files = [{ name: 'model.gguf', bytes: statSync(file).size, sha256, source: 'test' }];
  const pulled = { version: 1, id: FAKE_BASE, pulledAt: new Date().toISOString(), files };
  writeFileSync(path.join(folder, 'manifest.json'), JSON.stringify(pulled));
}
