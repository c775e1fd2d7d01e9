// Bundles test/bench into dist/bench and runs it: `npm run bench [-- --help]`.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const common = {
  absWorkingDir: root,
  outdir: 'dist/bench',
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.20',
  logLevel: 'warning',
};

await build({
  ...common,
  packages: 'external',
  entryPoints: ['test/bench/main.ts', 'test/bench/direct-llama.ts', 'test/bench/watch-loop.ts'],
});
// The other side of the terminal benchmarks, bundled as the product is (scripts/build.js).
await build({
  ...common,
  entryPoints: ['test/bench/plain-ink.tsx', 'test/bench/plain-ink-compare.tsx'],
  define: { 'process.env.NODE_ENV': '"production"', 'process.env.DEV': '"false"' },
  alias: {
    'is-in-ci': path.join(root, 'scripts', 'not-in-ci.js'),
    'react-devtools-core': path.join(root, 'scripts', 'not-in-ci.js'),
  },
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
});

const program = path.join(root, 'dist', 'bench', 'main.js');
const env = {
  ...process.env,
  RAGTUI_MODELS_CACHE: process.env.RAGTUI_MODELS_CACHE ?? path.join(root, '.cache', 'models'),
};
const run = spawnSync(process.execPath, [program, ...process.argv.slice(2)], { cwd: root, stdio: 'inherit', env });
process.exitCode = run.status ?? 1;
