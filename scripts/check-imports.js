// Checks the import rules of ARCHITECTURE.md "The house". `node scripts/check-imports.js [ROOT]` prints one line per
// violation and exits 1 if there is one.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const DOMAINS = [
  'kb',
  'models',
  'rag',
  'serving',
  'jobs',
  'datasets',
  'evaluation',
  'training',
  'engines',
  'hosts',
  'fleet',
  'workspace',
  'doctor',
  'recipes',
  'tour',
];
const VIEW_BELOW_SCREENS = ['ui', 'keys', 'terminal', 'platform'];

/** Folders whose `types.ts` is a contract: any layer may take types from it. */
const CONTRACTS = new Set([...DOMAINS, 'keys']);

/** What each layer may import, besides itself. */
const ALLOWED = {
  cli: ['app', 'screens', 'stores', ...DOMAINS, ...VIEW_BELOW_SCREENS],
  app: ['screens', 'stores', ...DOMAINS, ...VIEW_BELOW_SCREENS],
  screens: ['stores', ...DOMAINS, ...VIEW_BELOW_SCREENS],
  ui: ['keys', 'terminal', 'platform'],
  keys: ['terminal', 'platform'],
  terminal: ['platform'],
  stores: [...DOMAINS, 'platform'],
  db: ['platform'],
  platform: [],
  workers: [...DOMAINS, 'db', 'platform'],
  ...Object.fromEntries(DOMAINS.map((name) => [name, [...DOMAINS, 'db', 'platform']])),
};

const NATIVE = new Set(['better-sqlite3', 'hnswlib-node', 'onnxruntime-node', 'node-llama-cpp']);
/** Nothing that these layers reach, statically or dynamically, may be native: it would block or kill the UI. */
const NATIVE_FREE = new Set(['cli', 'app', 'stores']);
const REACT = new Set(['react', 'react-dom', 'ink', 'zustand']);
const REACT_LAYERS = new Set(['app', 'screens', 'ui']);

/**
 * Checks every source file below `root`.
 * @param {string} root folder with src/, stores/ and workers/
 * @returns {{ files: number, violations: string[] }}
 */
export function checkImports(root) {
  const files = ['src', 'stores', 'workers'].flatMap((folder) => sourceFiles(path.join(root, folder)));
  const graph = new Map(files.map((file) => [file, importsOf(file)]));
  const name = (file) => path.relative(root, file).split(path.sep).join('/');
  const violations = [];
  for (const [file, imports] of graph) {
    const from = layerOf(name(file));
    if (!(from in ALLOWED)) {
      violations.push(`${name(file)}: the folder "${from}" has no place in the import rule`);
      continue;
    }
    for (const entry of imports) {
      const problem = entry.file ? layerProblem(from, entry, name(entry.file)) : packageProblem(from, entry);
      if (problem) violations.push(`${name(file)}:${entry.line}: ${problem}`);
    }
  }
  for (const file of files) {
    if (!NATIVE_FREE.has(layerOf(name(file)))) continue;
    const chain = pathToNative(file, graph);
    if (chain)
      violations.push(`${chain.map((step) => (graph.has(step) ? name(step) : step)).join(' → ')}: native code`);
  }
  return { files: files.length, violations: [...new Set(violations)] };
}

function layerProblem(from, entry, target) {
  const to = layerOf(target);
  if (to === from || ALLOWED[from].includes(to)) return undefined;
  const contract = CONTRACTS.has(to) && path.posix.basename(target) === 'types.ts';
  if (contract && entry.typeOnly) return undefined;
  return `${from} must not import ${to} (${target})${contract ? ' except by "import type"' : ''}`;
}

function packageProblem(from, entry) {
  if (entry.typeOnly || !entry.specifier) return undefined;
  const parts = entry.specifier.split('/');
  const name = entry.specifier.startsWith('@') ? parts.slice(0, 2).join('/') : parts[0];
  if (entry.specifier === 'zustand/vanilla' || REACT_LAYERS.has(from)) return undefined;
  if (REACT.has(name)) return `${from} must not import ${entry.specifier}: React lives in app, screens and ui`;
  return undefined;
}

/** The shortest chain of value imports from `start` to a native package, breadth first. */
function pathToNative(start, graph) {
  const queue = [[start]];
  const seen = new Set([start]);
  for (const chain of queue) {
    for (const entry of graph.get(chain.at(-1)) ?? []) {
      if (entry.typeOnly) continue;
      if (!entry.file && NATIVE.has(entry.specifier.split('/')[0])) return [...chain, entry.specifier];
      if (!entry.file || seen.has(entry.file)) continue;
      seen.add(entry.file);
      queue.push([...chain, entry.file]);
    }
  }
  return undefined;
}

/** `src/kb/index/hnsw.ts` → `kb`, `stores/ask.ts` → `stores`. */
function layerOf(name) {
  const parts = name.split('/');
  return parts[0] === 'src' ? (parts[1] ?? '') : (parts[0] ?? '');
}

function sourceFiles(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const full = path.join(folder, entry.name);
    if (entry.isDirectory()) return sourceFiles(full);
    return /\.(ts|tsx|js|mjs)$/.test(entry.name) && !entry.name.endsWith('.d.ts') ? [full] : [];
  });
}

const STATEMENT = /(?:^|[;\n}])\s*(?:import|export)\s+(type\s+)?[^'"`;]*?\bfrom\s*['"]([^'"]+)['"]/g;
const SIDE_EFFECT = /(?:^|[;\n}])\s*import\s*()['"]([^'"]+)['"]/g;
const DYNAMIC = /(\btypeof\s+)?\b(?:import|require)\s*\(\s*['"]([^'"]+)['"]/g;

/** Every import, re-export, dynamic import and require of one file. */
function importsOf(file) {
  const text = withoutComments(readFileSync(file, 'utf8'));
  return [STATEMENT, SIDE_EFFECT, DYNAMIC].flatMap((pattern) =>
    [...text.matchAll(pattern)].map((match) => ({
      specifier: match[2],
      typeOnly: Boolean(match[1]),
      file: match[2].startsWith('.') ? resolve(path.dirname(file), match[2]) : undefined,
      line: text.slice(0, match.index + match[0].length).split('\n').length,
    })),
  );
}

function resolve(folder, specifier) {
  const exact = path.resolve(folder, specifier);
  const candidates = [exact, `${exact}.ts`, `${exact}.tsx`, path.join(exact, 'index.ts')];
  return candidates.find((file) => statSync(file, { throwIfNoEntry: false })?.isFile()) ?? exact;
}

/** Blanks comments, keeps strings and line numbers. Quoted strings end with their line, so a quote in a regex does little. */
function withoutComments(source) {
  const token = /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:\\.|[^'\\\n])*'?|"(?:\\.|[^"\\\n])*"?|`(?:\\[\s\S]|[^`\\])*`/g;
  return source.replace(token, (text) =>
    text.startsWith('/*') || text.startsWith('//') ? text.replace(/[^\n]/g, ' ') : text,
  );
}

if (process.argv[1] && path.resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const root = process.argv[2] ?? path.dirname(path.dirname(fileURLToPath(import.meta.url)));
  const { files, violations } = checkImports(path.resolve(root));
  for (const line of violations) console.error(line);
  console.error(
    `imports: ${files} files, ${violations.length === 0 ? 'all as they should be' : `${violations.length} wrong`}`,
  );
  process.exitCode = violations.length === 0 ? 0 : 1;
}
