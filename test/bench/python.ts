import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import readline from 'node:readline';
import { promisify } from 'node:util';
import { z } from 'zod';
import { packageRoot } from '../../src/platform/entry.ts';
import type { BenchContext } from './types.ts';

const PACKAGES = ['onnxruntime==1.30.0', 'tokenizers==0.23.3', 'numpy'];
const PIP_TIMEOUT_MS = 300_000;
const run = promisify(execFile);

const readySchema = z.object({ ready: z.string() });
const resultSchema = z.object({ seconds: z.number(), tokens: z.number(), vectors: z.array(z.array(z.number())) });
type PythonResult = z.infer<typeof resultSchema>;

export interface PythonLoad {
  readonly model: string;
  readonly tokenizer: string;
  readonly threads: number;
  readonly max_tokens: number;
}

/** The hand-tuned loop of scripts/bench/embed_loop.py in a process of its own. */
export interface PythonLoop {
  readonly versions: string;
  readonly pid: number;
  embed(texts: readonly string[], batch: number, batchTokens: number): Promise<PythonResult>;
  close(): void;
}

/** Python with onnxruntime in `.cache/bench-venv`, made at the first use; undefined (and said) when that fails. */
export async function findPython({ log }: BenchContext): Promise<string | undefined> {
  const folder = path.join(packageRoot(), '.cache', 'bench-venv');
  const python = path.join(folder, 'bin', 'python');
  const works = async () => {
    await run(python, ['-c', 'import onnxruntime, tokenizers, numpy']);
    return python;
  };
  try {
    if (existsSync(python)) return await works();
    log('making .cache/bench-venv with Python onnxruntime (once)');
    await run('python3', ['-m', 'venv', folder]);
    const pip = ['-m', 'pip', 'install', '--quiet', '--only-binary=:all:', '--disable-pip-version-check', ...PACKAGES];
    await run(python, pip, { timeout: PIP_TIMEOUT_MS });
    return await works();
  } catch (error) {
    const why = error instanceof Error ? error.message.split('\n').at(0) : String(error);
    log(`no Python side (${why}); remove .cache/bench-venv to try again`);
    return undefined;
  }
}

/** Starts the loop with a model; `load.threads` counts for the model and for the tokenizer. */
export async function startPython(python: string, load: PythonLoad): Promise<PythonLoop> {
  const script = path.join(packageRoot(), 'scripts', 'bench', 'embed_loop.py');
  const child = spawn(python, [script], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, RAYON_NUM_THREADS: String(load.threads), OMP_NUM_THREADS: String(load.threads) },
  });
  const lines = readline.createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  async function ask(message: unknown): Promise<unknown> {
    child.stdin.write(`${JSON.stringify(message)}\n`);
    const { value, done } = await lines.next();
    if (done) throw new Error('the Python loop ended; its reason stands above');
    return JSON.parse(value);
  }
  const { ready } = readySchema.parse(await ask({ load }));
  return {
    versions: ready,
    pid: child.pid ?? 0,
    embed: async (texts, batch, batch_tokens) =>
      resultSchema.parse(await ask({ run: { texts: [...texts], batch, batch_tokens } })),
    close: () => child.kill(),
  };
}
