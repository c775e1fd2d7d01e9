import { spawn } from 'node:child_process';
import { RagtuiError, toRagtuiError } from '../platform/errors.ts';

export interface CommandOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
  /** Gets stdout and stderr as they come. */
  readonly onOutput?: (text: string) => void;
}

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Enough for any message; the middle of a longer output is of no use. */
const KEPT = 256 * 1024;

/**
 * Runs a program to its end, without a shell. A code other than 0 is no error here.
 * Throws `cancelled` on abort (the program gets TERM), `timeout`, `not-found` when there is no such program.
 */
export function runCommand(
  program: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env: options.env ?? process.env, stdio: ['ignore', 'pipe', 'pipe'] });
    const kept = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8');
      child[name].on('data', (text: string) => {
        kept[name] = (kept[name] + text).slice(-KEPT);
        options.onOutput?.(text);
      });
    }
    let failure: RagtuiError | undefined;
    const end = (error: RagtuiError) => {
      failure ??= error;
      child.kill('SIGTERM');
    };
    const onAbort = () => end(new RagtuiError('cancelled', 'Cancelled.'));
    const timer = options.timeoutMs
      ? setTimeout(() => end(new RagtuiError('timeout', `${program} took too long.`)), options.timeoutMs)
      : undefined;
    options.signal?.addEventListener('abort', onAbort);
    if (options.signal?.aborted) onAbort();
    const finish = (settle: () => void) => {
      clearTimeout(timer);
      options.signal?.removeEventListener('abort', onAbort);
      settle();
    };
    child.on('error', (error) => finish(() => reject(toRagtuiError(error))));
    child.on('close', (code) => finish(() => (failure ? reject(failure) : resolve({ code, ...kept }))));
  });
}
