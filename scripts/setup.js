// Compiles the native modules that come without a binary, then bundles. Runs before every npm script that needs
// them; does nothing (some 20 ms) when all is there. See README "Installing".
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const require = createRequire(import.meta.url);
const NATIVE = {
  'better-sqlite3': () => new (require('better-sqlite3'))(':memory:').close(),
  // A search, too: it finds out instructions that this processor does not have.
  'hnswlib-node': () => {
    const index = new (require('hnswlib-node').HierarchicalNSW)('ip', 64);
    index.initIndex(1);
    index.addPoint(Array(64).fill(0.125), 0);
    index.searchKnn(Array(64).fill(0.125), 1);
  },
};

const missing = Object.keys(NATIVE).filter((name) => !loads(NATIVE[name]));
if (missing.length > 0) {
  console.error(
    `ragtui: building ${missing.join(' and ')} once (one to four minutes; needs python3, make and a C++ compiler)`,
  );
  const npm = process.env.npm_execpath;
  const args = ['rebuild', ...missing, '--ignore-scripts=false', '--no-audit', '--no-fund', '--loglevel=error'];
  requireTools();
  const run = await (npm ? building(process.execPath, [npm, ...args]) : building('npm', args));
  const still = missing.filter((name) => !loads(NATIVE[name]));
  if (run.status !== 0 || still.length > 0) {
    console.error(run.output.split('\n').slice(-30).join('\n'));
    console.error(
      `ragtui: ${missing.join(' and ')} could not be built. Install python3, make and g++ and run the same command again.`,
    );
    process.exit(1);
  }
}
await import('./build.js');

/** Runs the compiler, and says every 20 s that it is still at it: minutes of silence look like a program that hangs. */
function building(command, args) {
  const env = { ...process.env, ...headers(), ...wideVectors() };
  const began = Date.now();
  const timer = setInterval(() => {
    console.error(`ragtui: still compiling (${Math.round((Date.now() - began) / 1000)} s)`);
  }, 20_000);
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], env });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (output += data));
    const end = (status) => {
      clearInterval(timer);
      resolve({ status, output });
    };
    child.on('error', (error) => {
      output += error.message;
      end(1);
    });
    child.on('close', end);
  });
}

/** hnswlib uses what it was compiled for: with AVX2 it searches and builds a fifth faster than without. */
function wideVectors() {
  if (process.env.CXXFLAGS || process.platform !== 'linux' || process.arch !== 'x64') return {};
  const flags = /^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1]?.split(' ') ?? [];
  return flags.includes('avx2') && flags.includes('fma') ? { CXXFLAGS: '-mavx2 -mfma' } : {};
}

/** Node's own headers, where they lie beside its binary: node-gyp then downloads none. */
function headers() {
  const prefix = path.dirname(path.dirname(process.execPath));
  if (process.env.npm_config_nodedir || !existsSync(path.join(prefix, 'include', 'node', 'node.h'))) return {};
  return { npm_config_nodedir: prefix };
}

function requireTools() {
  const absent = ['python3', 'make', process.env.CXX ?? 'g++'].filter(
    (tool) => spawnSync(tool, ['--version'], { stdio: 'ignore' }).status !== 0,
  );
  if (absent.length === 0) return;
  console.error(
    `ragtui: ${absent.join(', ')} not found; the native modules cannot be built. On Debian or Ubuntu: sudo apt-get install g++ make python3`,
  );
  process.exit(1);
}

function loads(load) {
  // A child process: a failed load is cached in this one.
  const code = `import { createRequire } from 'node:module'; const require = createRequire(${JSON.stringify(import.meta.url)}); (${load})()`;
  return spawnSync(process.execPath, ['--input-type=module', '-e', code], { cwd: root }).status === 0;
}
