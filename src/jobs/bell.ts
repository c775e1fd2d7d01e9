import { watch } from 'node:fs';

/** Rings when something in the folders changed; polls as well, for file systems that do not tell. */
export class Bell {
  #ring: (() => void) | undefined;
  #rang = false;
  readonly #stop: () => void;

  constructor(folders: readonly string[], options: { readonly pollMs: number; readonly signal?: AbortSignal }) {
    const ring = () => {
      this.#rang = true;
      this.#ring?.();
    };
    const timer = setInterval(ring, options.pollMs);
    const watchers = folders.map((folder) => startWatching(folder, ring));
    options.signal?.addEventListener('abort', ring);
    this.#stop = () => {
      clearInterval(timer);
      for (const watcher of watchers) watcher?.close();
      options.signal?.removeEventListener('abort', ring);
    };
  }

  /** Resolves at the next ring; at once when it rang since the last one. */
  async next(): Promise<void> {
    if (!this.#rang) await new Promise<void>((resolve) => (this.#ring = resolve));
    this.#rang = false;
    this.#ring = undefined;
  }

  close(): void {
    this.#stop();
  }
}

function startWatching(folder: string, onChange: () => void): { close(): void } | undefined {
  try {
    const watcher = watch(folder, { persistent: true }, onChange);
    watcher.on('error', () => watcher.close());
    return watcher;
  } catch {
    return undefined; // Out of inotify watches: the poll is enough.
  }
}
