import { spawn } from 'node:child_process';
import path from 'node:path';
import { z } from 'zod';
import { packageRoot } from '../../platform/entry.ts';
import { type ErrorCode, RagtuiError } from '../../platform/errors.ts';
import type { DemoWorld } from './steps.ts';

const failureSchema = z.object({ error: z.object({ code: z.string(), message: z.string(), hint: z.string() }) });

/** Runs one command as a process of its own, in the demo's workspace, and returns its JSON document. */
export async function runRagtui({ paths, env, signal }: DemoWorld, args: readonly string[]): Promise<unknown> {
  const program = path.join(packageRoot(), 'bin', 'ragtui.js');
  const child = spawn(process.execPath, [program, ...args, '--home', paths.home, '--json'], {
    env,
    signal,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  if (code === 0) return JSON.parse(stdout);
  throw failureOf(stderr, args);
}

function failureOf(stderr: string, args: readonly string[]): RagtuiError {
  const last = stderr.trimEnd().split('\n').at(-1) ?? '';
  const code: ErrorCode = 'unavailable';
  try {
    const { error } = failureSchema.parse(JSON.parse(last));
    return new RagtuiError(code, error.message, error.hint);
  } catch {
    return new RagtuiError(code, `"ragtui ${args[0]}" failed: ${last || 'without a word'}.`);
  }
}
