import { mkdtempSync, symlinkSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { build } from 'esbuild';
import { packageRoot } from '../../src/platform/entry.ts';

const NAMES = ['jobs-worker', 'jobs-trainer', 'jobs-supervisor', 'jobs-launcher', 'recipe-runner'];

/** Bundles the programs that tests of jobs start into a new folder; remove it afterwards. */
export async function jobPrograms(): Promise<string> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'ragtui-jobs-'));
  await build({
    entryPoints: NAMES.map((name) => path.join(packageRoot(), 'test', 'support', `${name}.ts`)),
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    // What is native is loaded as it is.
    external: ['@napi-rs/keyring', 'undici', 'pino'],
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
    },
    format: 'esm',
    platform: 'node',
    target: 'node20.20',
    logLevel: 'warning',
  });
  for (const name of ['node_modules', 'package.json']) {
    symlinkSync(path.join(packageRoot(), name), path.join(folder, name));
  }
  return folder;
}
