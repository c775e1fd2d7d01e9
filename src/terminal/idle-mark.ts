import type { Busy } from '../platform/busy.ts';

/** What the mark says: everything up to here has been acted upon and drawn. */
export interface IdleMark {
  /** Counts marks from 1. */
  readonly counter: number;
  /** Bytes of input read and dispatched. */
  readonly bytesRead: number;
  readonly columns: number;
  readonly rows: number;
}

export interface IdleReporterOptions {
  readonly busy: Busy;
  readonly write: (text: string) => void;
  readonly state: () => Omit<IdleMark, 'counter'>;
  /** Something waits that no counter knows: an open ESC, a frame not drawn. */
  readonly isUnsettled: () => boolean;
}

/** React and its scheduler hand work on through macrotasks: so many quiet ones in a row mean that none is left. */
const QUIET_TURNS = 4;
const UNSETTLED_POLL_MS = 10;

/**
 * For tests (RAGTUI_TEST_IDLE=1): writes `ESC ] 7777 ; idle ; counter ; bytes read ; columns ; rows BEL` each time the
 * app has nothing left to do. Terminals ignore the sequence. Call `activity` whenever something happened.
 */
export function createIdleReporter(options: IdleReporterOptions): { activity(): void; stop(): void } {
  const { busy, write, state, isUnsettled } = options;
  let quiet = 0;
  let watching = false;
  let stopped = false;
  let counter = 0;

  function watch(): void {
    if (stopped) return;
    if (busy.count > 0) {
      // `onIdle` will call `activity` again.
      watching = false;
      return;
    }
    if (isUnsettled()) {
      quiet = 0;
      setTimeout(watch, UNSETTLED_POLL_MS).unref();
      return;
    }
    if (quiet++ < QUIET_TURNS) {
      setImmediate(watch);
      return;
    }
    watching = false;
    counter++;
    const { bytesRead, columns, rows } = state();
    write(`\u001b]7777;idle;${counter};${bytesRead};${columns};${rows}\u0007`);
  }

  function activity(): void {
    quiet = 0;
    if (watching) return;
    watching = true;
    setImmediate(watch);
  }

  const stopListening = busy.onIdle(activity);
  return {
    activity,
    stop() {
      stopped = true;
      stopListening();
    },
  };
}
