import { execFile } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { pathsWithModels } from '../support/models.ts';

const run = promisify(execFile);
const PIP_TIMEOUT_MS = 400_000;

/** What is installed for a peer: fixed versions, wheels only. */
const PACKAGES = {
  fastembed: 'fastembed==0.9.1',
  chromadb: 'chromadb==1.5.9',
  faiss: 'faiss-cpu==1.15.1',
  hnswlib: 'hnswlib==0.8.0',
} as const;
/** What they share, so that all run the same. */
const SHARED = ['onnxruntime==1.30.0', 'tokenizers==0.23.3'];
export type PeerPackage = keyof typeof PACKAGES;

/** A Python that has the peer, or why there is none. */
export type PeerPython = { readonly python: string } | { readonly why: string };

/** Where things of the benchmarks lie that are made once: RAGTUI_BENCH_CACHE, else the system's temporary folder. */
export const cacheFolder = (): string =>
  path.resolve(process.env['RAGTUI_BENCH_CACHE'] || path.join(os.tmpdir(), 'ragtui-bench'));

/** Python with a peer in a virtual environment outside the repository, made at the first use. */
export async function pythonWith(peer: PeerPackage, log: (text: string) => void): Promise<PeerPython> {
  const folder = path.join(cacheFolder(), 'peers-venv');
  const python = path.join(folder, 'bin', 'python');
  try {
    if (!existsSync(python)) {
      log(`making a Python environment for the peers in ${folder} (once)`);
      mkdirSync(cacheFolder(), { recursive: true });
      await run('python3', ['-m', 'venv', folder]);
    }
    if (await imports(python, peer)) return { python };
    log(`installing ${PACKAGES[peer]} there`);
    const pip = ['-m', 'pip', 'install', '--quiet', '--only-binary=:all:', '--disable-pip-version-check'];
    await run(python, [...pip, PACKAGES[peer], ...SHARED], { timeout: PIP_TIMEOUT_MS });
    if (await imports(python, peer)) return { python };
    return { why: `${PACKAGES[peer]} was installed and cannot be imported` };
  } catch (error) {
    return { why: `${PACKAGES[peer]} cannot be installed from wheels: ${lastLine(error)}` };
  }
}

/** sentence-transformers wants torch, some gigabytes: it is taken from the FlagEmbedding engine where that is installed. */
export function engineWithTorch(): PeerPython {
  const python = path.join(pathsWithModels(os.tmpdir()).engines, 'flagembedding', 'bin', 'python');
  if (existsSync(python)) return { python };
  return { why: 'it wants torch, which comes with `ragtui engines install flagembedding` (RAGTUI_ENGINES_CACHE)' };
}

async function imports(python: string, module: string): Promise<boolean> {
  return run(python, ['-c', `import ${module}`]).then(
    () => true,
    () => false,
  );
}

function lastLine(error: unknown): string {
  const said = error instanceof Error && 'stderr' in error ? String(error.stderr) : '';
  const text = said.trim() || (error instanceof Error ? error.message : String(error));
  return (text.trim().split('\n').at(-1) ?? '').slice(0, 160);
}
