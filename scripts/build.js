// Bundles src/cli and workers/ into dist/ with esbuild (React in production mode), only when a source is newer.
import { existsSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { inkModule } from './ink-modules.js';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const dist = path.join(root, 'dist');
const stamp = path.join(dist, '.built');

const rememberingInk = {
  name: 'remembering-ink',
  setup(bundle) {
    bundle.onResolve({ filter: /^(@alcalzone\/ansi-tokenize|string-width)$/ }, ({ path: name, importer }) => {
      const ours = inkModule(name, importer);
      return ours === undefined ? undefined : { path: ours };
    });
  },
};

if (isStale()) {
  const workers = readdirSync(path.join(root, 'workers')).filter((name) => name.endsWith('.ts'));
  const { metafile } = await build({
    metafile: true,
    absWorkingDir: root,
    entryPoints: {
      'cli/main': 'src/cli/main.ts',
      ...Object.fromEntries(workers.map((file) => [`workers/${file.slice(0, -3)}`, `workers/${file}`])),
    },
    outdir: 'dist',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.20',
    sourcemap: true,
    logLevel: 'warning',
    define: { 'process.env.NODE_ENV': '"production"', 'process.env.DEV': '"false"' },
    external: [
      'better-sqlite3',
      'hnswlib-node',
      'onnxruntime-node',
      'node-llama-cpp',
      'pdfjs-dist',
      'pino',
      'mammoth',
      'linkedom',
      'chokidar',
      'yauzl',
      'undici',
      '@napi-rs/keyring',
      '@zilliz/milvus2-sdk-node',
    ],
    alias: {
      // Ink must draw on a GPU box that has CI=1 set, and never looks for its development tools here.
      'is-in-ci': path.join(root, 'scripts', 'not-in-ci.js'),
      'react-devtools-core': path.join(root, 'scripts', 'not-in-ci.js'),
    },
    plugins: [rememberingInk],
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
    },
  });
  writeFileSync(stamp, '');
  removeOldChunks(new Set(Object.keys(metafile.outputs).map((file) => path.join(root, file))));
}

/** Chunks of earlier builds stay for a day: a process that runs from them may still load one. */
function removeOldChunks(current) {
  const yesterday = Date.now() - 24 * 3600 * 1000;
  for (const name of readdirSync(dist, { recursive: true })) {
    const file = path.join(dist, name);
    const stat = statSync(file, { throwIfNoEntry: false });
    if (!current.has(file) && file !== stamp && stat?.isFile() && stat.mtimeMs < yesterday)
      rmSync(file, { force: true });
  }
}

function isStale() {
  if (!existsSync(stamp)) return true;
  const built = statSync(stamp).mtimeMs;
  const folders = ['src', 'stores', 'workers', 'scripts', 'package-lock.json'];
  return folders.some((name) => newest(path.join(root, name)) > built);
}

function newest(file) {
  const stat = statSync(file, { throwIfNoEntry: false });
  if (!stat) return 0;
  if (!stat.isDirectory()) return stat.mtimeMs;
  return readdirSync(file).reduce((max, name) => Math.max(max, newest(path.join(file, name))), stat.mtimeMs);
}
