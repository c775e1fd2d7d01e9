import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { toRagtuiError } from '../../platform/errors.ts';
import { killOthersOfOurGroup } from '../../platform/process-group.ts';

const LOOK_MS = 500;
/** After the time for answers under way: ending the engine core, and the interpreter. */
const END_MS = 10_000;

export interface ServerRun {
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** Its output goes to one file, so that the order of its lines is the order of events. */
  readonly log: string;
  readonly signal: AbortSignal;
  /** How long answers under way may go on after `signal`, ms; asked when it has aborted. 0 = it is ended at once. */
  readonly drainMs: () => number;
  /** Called now and then while it runs, and once after its end. */
  readonly onLook: () => void;
  readonly onLog: (text: string) => void;
}

export interface ServerExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/**
 * Runs a server to its end, in our process group. When `signal` aborts it gets TERM and ends what it is answering; when
 * it takes too long, or nobody is to be waited for, KILL. Whatever it started and left behind is killed. Should we be
 * killed ourselves, with nobody left to clean up, a guard ends the group.
 */
export async function runServer(run: ServerRun): Promise<ServerExit> {
  const out = openSync(run.log, 'a', 0o600);
  const child = spawn(run.program, run.args, { cwd: run.cwd, env: run.env, stdio: ['ignore', out, out] });
  closeSync(out);
  const guard = startGuard();
  const ended = new Promise<ServerExit>((resolve, reject) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
    child.once('error', (error) => reject(toRagtuiError(error)));
  });
  const stop = async () => {
    const drainMs = run.drainMs();
    if (drainMs > 0) {
      run.onLog(`stopping: answers under way may take ${drainMs / 1000} s`);
      child.kill('SIGTERM');
      const limit = delay(drainMs + END_MS, 'late', { ref: false });
      if ((await Promise.race([ended.then(() => 'ended'), limit])) === 'ended') return;
      run.onLog('it did not end in time: killed');
    } else run.onLog('stopping at once: answers under way are cut off');
    child.kill('SIGKILL');
  };
  const onAbort = () => {
    stop().catch(() => {}); // What went wrong with the process is told by `ended`.
  };
  run.signal.addEventListener('abort', onAbort, { once: true });
  if (run.signal.aborted) onAbort();
  const timer = setInterval(run.onLook, LOOK_MS);
  try {
    return await ended;
  } finally {
    clearInterval(timer);
    run.signal.removeEventListener('abort', onAbort);
    run.onLook();
    const left = killOthersOfOurGroup();
    if (left > 0) run.onLog(`${left} processes outlived the server: killed`);
    guard.kill('SIGKILL');
  }
}

/** Ends our process group when we are gone: its standard input is a pipe that only we hold. In a session of its own. */
function startGuard(): ChildProcess {
  const script = 'cat >/dev/null; kill -TERM "-$0"; sleep 3; kill -KILL "-$0"';
  const guard = spawn('/bin/sh', ['-c', script, String(process.pid)], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  guard.on('error', () => {}); // Without a shell nobody guards; everything else is as it was.
  guard.stdin?.on('error', () => {});
  guard.unref();
  return guard;
}
