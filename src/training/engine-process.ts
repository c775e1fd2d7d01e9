import { spawn } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { keepCommand } from '../jobs/ran.ts';
import { toRagtuiError } from '../platform/errors.ts';

/** How long an engine may take to save a checkpoint after TERM: it waits 3 s, then for the end of its step. */
const CHECKPOINT_GRACE_MS = 120_000;
const LOOK_MS = 500;

export interface EngineRun {
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** Its output goes to files: a pipe that nobody empties would stop it. */
  readonly stdout: string;
  readonly stderr: string;
  readonly signal: AbortSignal;
  /** Processes that save the checkpoint stand this far below the one that is started (torchrun). Default: it is that one. */
  readonly depth?: number;
  /** Ends it at once, with nothing kept: what it would learn is wrong. */
  readonly giveUp?: AbortSignal;
  readonly onStart?: (pid: number) => void;
  /** Called now and then while it runs, and once after its end. */
  readonly onLook: () => void;
  /** Whoever runs it began it again from a checkpoint: its rows are told anew up to this step. */
  readonly onAgain?: (step: number) => void;
  readonly onLog: (text: string) => void;
}

export interface EngineExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/**
 * Runs an engine to its end. When `signal` aborts it gets TERM once, saves a checkpoint and ends by itself; after two
 * minutes KILL. It stays in our process group, so that whoever ends us by force ends it as well.
 */
export async function runEngine(run: EngineRun): Promise<EngineExit> {
  keepCommand(run.cwd, run.program, run.args);
  const out = openSync(run.stdout, 'a', 0o600);
  const err = openSync(run.stderr, 'a', 0o600);
  const child = spawn(run.program, run.args, { cwd: run.cwd, env: run.env, stdio: ['ignore', out, err] });
  closeSync(out);
  closeSync(err);
  if (child.pid !== undefined) run.onStart?.(child.pid);
  const ended = new Promise<EngineExit>((resolve, reject) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
    child.once('error', (error) => reject(toRagtuiError(error)));
  });
  const stop = async () => {
    run.onLog('Stopping: the engine saves a checkpoint first (up to two minutes)');
    // A launcher would end at once, and what it launched would train on without it.
    const trainers = run.depth ? below(child.pid, run.depth) : [];
    if (trainers.length === 0) child.kill('SIGTERM');
    for (const pid of trainers) signalQuietly(pid, 'SIGTERM');
    const end = await Promise.race([ended.then(() => 'ended'), delay(CHECKPOINT_GRACE_MS, 'late', { ref: false })]);
    if (end === 'ended') return;
    run.onLog('It did not end in two minutes: killed');
    killAll();
  };
  const killAll = () => {
    const all = run.depth ? [1, 2].flatMap((depth) => below(child.pid, depth)) : [];
    child.kill('SIGKILL');
    for (const pid of all) signalQuietly(pid, 'SIGKILL');
  };
  const onAbort = () => {
    stop().catch(() => {}); // What went wrong with the process is told by `ended`.
  };
  const onGiveUp = () => killAll();
  run.signal.addEventListener('abort', onAbort, { once: true });
  run.giveUp?.addEventListener('abort', onGiveUp, { once: true });
  if (run.signal.aborted) onAbort();
  const timer = setInterval(run.onLook, LOOK_MS);
  try {
    return await ended;
  } finally {
    clearInterval(timer);
    run.signal.removeEventListener('abort', onAbort);
    run.giveUp?.removeEventListener('abort', onGiveUp);
    run.onLook();
  }
}

/** Pids of the processes so many generations below one. Reads /proc (Linux): empty elsewhere. */
function below(pid: number | undefined, depth: number): number[] {
  if (pid === undefined) return [];
  let generation = [pid];
  for (let step = 0; step < depth; step += 1) {
    const parents = new Set(generation);
    generation = processes().flatMap(({ pid: one, parent }) => (parents.has(parent) ? [one] : []));
  }
  return generation;
}

function processes(): { pid: number; parent: number }[] {
  try {
    return readdirSync('/proc').flatMap((name) => {
      const pid = Number(name);
      return Number.isInteger(pid) ? [{ pid, parent: parentOf(pid) }] : [];
    });
  } catch {
    return [];
  }
}

function parentOf(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in brackets may hold anything; state and parent follow it.
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return -1;
  }
}

function signalQuietly(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended in the meantime.
  }
}
