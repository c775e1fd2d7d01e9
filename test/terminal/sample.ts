import { mkdtempSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { build } from 'esbuild';
import { packageRoot } from '../../src/platform/entry.ts';

/** Bundles `test/support/sample-app.tsx` as the product is bundled; returns the script and its folder. */
export async function bundleSampleApp(): Promise<{ script: string; folder: string }> {
  const root = packageRoot();
  const folder = mkdtempSync(path.join(os.tmpdir(), 'ragtui-sample-'));
  const script = path.join(folder, 'sample.mjs');
  await build({
    absWorkingDir: root,
    entryPoints: ['test/support/sample-app.tsx'],
    outfile: script,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.20',
    logLevel: 'warning',
    define: { 'process.env.NODE_ENV': '"production"', 'process.env.DEV': '"false"' },
    alias: {
      'is-in-ci': path.join(root, 'scripts', 'not-in-ci.js'),
      'react-devtools-core': path.join(root, 'scripts', 'not-in-ci.js'),
    },
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
    },
  });
  return { script, folder };
}
