/**
 * Counts what is under way in this process (a commit queued, an action in flight), so that a test, or a screen, can
 * wait for "nothing is going on" instead of sleeping.
 */
export interface Busy {
  /** One piece of work starts. Call the returned function when it is over; calling it again does nothing. */
  begin(what?: string): () => void;
  /** Wraps a promise: busy until it settles. */
  during<T>(work: Promise<T>, what?: string): Promise<T>;
  readonly count: number;
  /** What is under way, for messages. */
  readonly labels: readonly string[];
  /** Called each time the count falls to 0. Returns the way to stop listening. */
  onIdle(listener: () => void): () => void;
}

export function createBusy(): Busy {
  const open = new Set<{ readonly what: string }>();
  const listeners = new Set<() => void>();

  function begin(what = 'work'): () => void {
    const entry = { what };
    open.add(entry);
    return () => {
      if (open.delete(entry) && open.size === 0) for (const listener of [...listeners]) listener();
    };
  }

  return {
    begin,
    during(work, what) {
      const end = begin(what);
      // Both ways, so that `finally` makes no second rejected promise nobody handles.
      work.then(end, end);
      return work;
    },
    get count() {
      return open.size;
    },
    get labels() {
      return [...open].map((entry) => entry.what);
    },
    onIdle(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** The one counter of this process. */
export const busy = createBusy();
