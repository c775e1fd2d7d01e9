import { watch } from 'chokidar';

const SETTLE_MS = 400;

/**
 * Resolves after something below `roots` changed and then was quiet for a moment, or when `signal` fires.
 * Watching starts with the constructor: a change while a pass is running starts the next one.
 */
export class RootsWatcher {
  private dirty = false;
  private wake: (() => void) | undefined;
  private timer: NodeJS.Timeout | undefined;
  private readonly watcher: ReturnType<typeof watch>;

  constructor(
    roots: readonly string[],
    private readonly signal: AbortSignal,
  ) {
    this.watcher = watch([...roots], {
      ignoreInitial: true,
      // A link that leads back up would be followed until the system refuses.
      followSymlinks: false,
      ignored: (file) => /(^|\/)(\.[^/]+|node_modules)$/.test(file) && !roots.includes(file),
    });
    this.watcher.on('all', () => this.changed());
    // What can't be watched is still read by each pass; its reason stands in the report.
    this.watcher.on('error', () => undefined);
    signal.addEventListener('abort', () => this.wake?.(), { once: true });
  }

  /** Resolves when the watcher sees changes from now on. */
  ready(): Promise<void> {
    return new Promise((resolve) => {
      this.watcher.once('ready', () => resolve());
    });
  }

  /** False when `signal` ended the wait. */
  async next(): Promise<boolean> {
    while (!this.dirty && !this.signal.aborted) {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
    this.dirty = false;
    return !this.signal.aborted;
  }

  async close(): Promise<void> {
    clearTimeout(this.timer);
    await this.watcher.close();
  }

  private changed(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.dirty = true;
      this.wake?.();
    }, SETTLE_MS);
  }
}
