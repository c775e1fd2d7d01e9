import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { execa } from 'execa';
import { RagtuiError } from '../../platform/errors.ts';
import { throwIfAborted } from '../../platform/files.ts';

export interface ToolRun {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal;
  /** Folders that grow while the tool works. */
  readonly watch: readonly string[];
  readonly onBytes: (bytes: number) => void;
  /** The tool is stopped when nothing has grown for so long. */
  readonly stallMs: number;
}

const WATCH_EVERY_MS = 250;

/**
 * Runs the user's own download tool to its end, telling how many bytes have come by looking at the folders it writes.
 * Returns its output when it fails, undefined when it succeeds. Throws `not-found` when the tool is not installed,
 * `timeout` on a stall, `cancelled`.
 */
export async function runTool(run: ToolRun): Promise<string | undefined> {
  throwIfAborted(run.signal);
  const stop = new AbortController();
  const cancel = run.signal ? AbortSignal.any([run.signal, stop.signal]) : stop.signal;
  let most = 0;
  let grownAt = performance.now();
  const timer = setInterval(() => {
    const bytes = run.watch.reduce((sum, folder) => sum + folderBytes(folder), 0);
    if (bytes > most) {
      most = bytes;
      grownAt = performance.now();
      run.onBytes(bytes);
    } else if (performance.now() - grownAt > run.stallMs) stop.abort();
  }, WATCH_EVERY_MS);
  try {
    const result = await execa(run.command, [...run.args], {
      cwd: run.cwd,
      env: run.env,
      extendEnv: false,
      stdin: 'ignore',
      all: true,
      reject: false,
      cancelSignal: cancel,
      forceKillAfterDelay: 3000,
      maxBuffer: 4 << 20,
    });
    throwIfAborted(run.signal);
    if (stop.signal.aborted) {
      throw new RagtuiError('timeout', `${run.command} received nothing for ${Math.round(run.stallMs / 1000)} s`);
    }
    if (result.failed && result.code === 'ENOENT')
      throw new RagtuiError('not-found', `${run.command} is not installed`);
    if (result.failed) return result.all || result.shortMessage || `${run.command} failed`;
    return undefined;
  } finally {
    clearInterval(timer);
  }
}

/** Bytes of all files below a folder; what vanishes meanwhile counts nothing. */
function folderBytes(folder: string): number {
  try {
    return readdirSync(folder, { withFileTypes: true, recursive: true })
      .filter((item) => item.isFile())
      .reduce(
        (sum, item) => sum + (statSync(path.join(item.parentPath, item.name), { throwIfNoEntry: false })?.size ?? 0),
        0,
      );
  } catch {
    return 0;
  }
}

/** The error a failed tool's output stands for. */
export function failureOf(output: string, reason: string): RagtuiError {
  if (!/No space left on device/i.test(output)) return new RagtuiError('unavailable', reason);
  return new RagtuiError('disk-full', 'The disk is full.', 'Free some space and run the same command again.');
}

/** The line of a tool's output that says why, short enough for one line on a screen. */
export function reasonIn(output: string, patterns: readonly RegExp[]): string {
  const lines = output
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);
  for (const pattern of patterns) {
    const line = lines.find((candidate) => pattern.test(candidate));
    if (line) return shorten(line);
  }
  return shorten(lines.at(-1) ?? 'no reason given');
}

const shorten = (line: string): string => {
  const plain = line.replace(/^\[?(ERROR|WARNING)\]?:?\s*/i, '');
  return plain.length > 160 ? `${plain.slice(0, 159)}…` : plain;
};
