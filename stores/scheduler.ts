/** Time and timers, so that tests need neither. */
export interface Clock {
  readonly now: () => number;
  readonly after: (ms: number, run: () => void) => () => void;
}

/**
 * Rations paints (design §9). Streams change their buffers as often as they like and `touch`; listeners hear of it at
 * most about 12 times a second, all in one go. A key press `flush`es. With nothing to say no timer runs.
 */
export interface Scheduler {
  /** Something streamed has changed. */
  readonly touch: () => void;
  /** `publish` runs with the next publication, once however often it was asked for. Fits `Schedule` of `dependencies.ts`. */
  readonly schedule: (publish: () => void) => void;
  /** Publishes now what waits, if anything does. */
  readonly flush: () => void;
  /** Told at each publication. */
  readonly subscribe: (listener: () => void) => () => void;
  readonly version: () => number;
  /** Milliseconds the last paint took: slow paints stretch the interval, up to 120 ms. */
  readonly painted: (ms: number) => void;
  /** Ticks for everything that turns; run only while somebody is subscribed. */
  readonly ticks: { readonly subscribe: (listener: () => void) => () => void; readonly version: () => number };
  /** True when nothing waits to be published. */
  readonly idle: () => boolean;
  readonly dispose: () => void;
}

export const PAINT_INTERVAL_MS = 80;
export const SLOWEST_INTERVAL_MS = 120;
export const TICK_MS = 160;
/** Paints may take this share of the time; above it the interval grows. */
const PAINT_SHARE = 0.3;

const realClock: Clock = {
  now: () => performance.now(),
  after: (ms, run) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

export interface SchedulerOptions {
  readonly clock?: Clock;
  /** Called when something begins to wait; what it returns, when it was published. For whoever waits for idleness. */
  readonly begin?: () => () => void;
}

export function createScheduler({
  clock = realClock,
  begin = () => () => undefined,
}: SchedulerOptions = {}): Scheduler {
  const listeners = new Set<() => void>();
  const tickListeners = new Set<() => void>();
  const posts = new Set<() => void>();
  let version = 0;
  let tick = 0;
  let dirty = false;
  let ended: (() => void) | undefined;
  let interval = PAINT_INTERVAL_MS;
  let smoothedPaint = 0;
  let lastPublished = Number.NEGATIVE_INFINITY;
  let stopTimer: (() => void) | undefined;
  let stopTick: (() => void) | undefined;

  function publish(): void {
    stopTimer?.();
    stopTimer = undefined;
    if (!dirty) return;
    dirty = false;
    lastPublished = clock.now();
    version++;
    const waiting = [...posts];
    posts.clear();
    const end = ended;
    ended = undefined;
    try {
      for (const apply of waiting) apply();
      for (const listener of listeners) listener();
    } finally {
      end?.();
    }
  }

  function touch(): void {
    dirty = true;
    ended ??= begin();
    if (stopTimer) return;
    const wait = Math.max(0, lastPublished + interval - clock.now());
    stopTimer = clock.after(wait, publish);
  }

  function turn(): void {
    tick++;
    stopTick = tickListeners.size > 0 ? clock.after(TICK_MS, turn) : undefined;
    // A publication that waits takes the tick along: one paint for both.
    if (stopTimer) posts.add(tellTick);
    else tellTick();
  }

  function tellTick(): void {
    for (const listener of tickListeners) listener();
  }

  return {
    touch,
    schedule: (apply) => {
      posts.add(apply);
      touch();
    },
    flush: publish,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    version: () => version,
    painted: (ms) => {
      smoothedPaint = smoothedPaint * 0.8 + ms * 0.2;
      interval = Math.min(SLOWEST_INTERVAL_MS, Math.max(PAINT_INTERVAL_MS, smoothedPaint / PAINT_SHARE));
    },
    ticks: {
      subscribe: (listener) => {
        tickListeners.add(listener);
        stopTick ??= clock.after(TICK_MS, turn);
        return () => {
          tickListeners.delete(listener);
          if (tickListeners.size > 0) return;
          stopTick?.();
          stopTick = undefined;
        };
      },
      version: () => tick,
    },
    idle: () => !dirty,
    dispose: () => {
      stopTimer?.();
      stopTick?.();
      stopTimer = undefined;
      stopTick = undefined;
      ended?.();
      ended = undefined;
      dirty = false;
      listeners.clear();
      tickListeners.clear();
    },
  };
}
