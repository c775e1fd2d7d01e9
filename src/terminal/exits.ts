import { constants } from 'node:os';
import { errorLine } from '../platform/errors.ts';
import { writeAllSync } from './modes.ts';

const STDERR = 2;
const DEADLY = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT'] as const;

export interface ExitHooks {
  /** Gives the terminal back. Synchronous; may be called more than once. */
  readonly restore: () => void;
  /** Another program has the terminal (an editor): Ctrl+C is meant for that one. */
  readonly isLent: () => boolean;
  /** SIGTSTP from outside. */
  readonly suspend: () => void;
  /** We run again after a stop (`fg`, SIGCONT). */
  readonly resumed: () => void;
  /** What was thrown, before the process ends, for the log. */
  readonly onCrash: (error: unknown) => void;
  readonly debug: boolean;
}

/**
 * Every way out of the process goes through `restore` first: exit, a throw, a rejected promise nobody awaits, signals
 * (exit code 128 + number), hang-up. Returns the way to take the hooks off again.
 */
export function guardExits(hooks: ExitHooks): () => void {
  const onExit = () => hooks.restore();
  const onThrow = (error: unknown) => die(error, hooks);
  const signalHandlers = DEADLY.map((signal) => {
    const handler = () => {
      if ((signal === 'SIGINT' || signal === 'SIGQUIT') && hooks.isLent()) return;
      if (signal === 'SIGHUP') exitAfterHangUp(hooks.restore);
      else {
        hooks.restore();
        process.exit(128 + constants.signals[signal]);
      }
    };
    return { signal, handler };
  });

  process.on('exit', onExit);
  process.on('uncaughtException', onThrow);
  process.on('unhandledRejection', onThrow);
  process.on('SIGTSTP', hooks.suspend);
  process.on('SIGCONT', hooks.resumed);
  for (const { signal, handler } of signalHandlers) process.on(signal, handler);

  return () => {
    process.off('exit', onExit);
    process.off('uncaughtException', onThrow);
    process.off('unhandledRejection', onThrow);
    process.off('SIGTSTP', hooks.suspend);
    process.off('SIGCONT', hooks.resumed);
    for (const { signal, handler } of signalHandlers) process.off(signal, handler);
  };
}

/**
 * The terminal is gone: what a shell calls a hang-up. The process ends by the signal itself, as a program that does
 * not handle it: on the way through `process.exit` Node sets the terminal's attributes once more and aborts with a
 * core dump when that fails, as it must here.
 */
export function exitAfterHangUp(restore: () => void): void {
  restore();
  process.removeAllListeners('SIGHUP');
  process.kill(process.pid, 'SIGHUP');
}

function die(error: unknown, hooks: ExitHooks): never {
  hooks.restore();
  try {
    hooks.onCrash(error);
  } catch {
    // The log may be what broke; the message below still comes.
  }
  const stack = hooks.debug && error instanceof Error && error.stack ? `\n${error.stack}` : '';
  writeAllSync(STDERR, `ragtui: ${errorLine(error)}${stack}\n`);
  process.exit(1);
}

const RESUME_FALLBACK_MS = 250;

/**
 * Stops our process group as Ctrl+Z does; nothing of ours may handle SIGTSTP then. `later` is called soon after we run
 * again, also when nothing stopped us (a session leader has no shell to go back to) and no SIGCONT comes.
 */
export function stopProcess(later: () => void): void {
  process.kill(0, 'SIGTSTP');
  // The signal may reach us a moment after kill() returns, so going on at once could be too early; and a SIGCONT
  // that came goes first.
  setTimeout(() => setImmediate(later), RESUME_FALLBACK_MS);
}
