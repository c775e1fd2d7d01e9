import type { Dirent, Stats } from 'node:fs';
import { lstat, readdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { RagtuiError } from '../../platform/errors.ts';
import { checkRegular, readError } from './file.ts';

/** A file that was found, or why something could not be looked at. `mtimeMs` and `inode` as in `fs.Stats`. */
export type WalkEntry =
  | { readonly path: string; readonly size: number; readonly mtimeMs: number; readonly inode: number }
  | { readonly path: string; readonly error: RagtuiError };

/** Folders that hold no documents of the user's own. */
const SKIPPED_FOLDERS = new Set(['node_modules', '__pycache__']);

/**
 * All files under `roots` (files or folders, absolute), in an order that depends on nothing but the names: each
 * folder's entries by code unit, then what symbolic links lead to. No file comes twice, links that lead back are not
 * followed. Hidden names and `node_modules` are left out unless they are roots themselves. Throws only when aborted.
 */
export async function* walk(
  roots: readonly string[],
  options: { signal?: AbortSignal } = {},
): AsyncGenerator<WalkEntry> {
  const walker = new Walker(options.signal);
  for (const root of roots) yield* walker.root(path.resolve(root));
  yield* walker.links();
}

class Walker {
  /** Real paths of folders that were walked and of files that came through a root or link. */
  readonly #seen = new Set<string>();
  readonly #links: string[] = [];

  constructor(readonly signal: AbortSignal | undefined) {}

  async *root(root: string): AsyncGenerator<WalkEntry> {
    try {
      yield* this.#at(root, await realpath(root));
    } catch (error) {
      yield this.#problem(root, error);
    }
  }

  /** A link may lead to a folder with more links: the list grows while we go. */
  async *links(): AsyncGenerator<WalkEntry> {
    for (let link = this.#links.shift(); link !== undefined; link = this.#links.shift()) {
      try {
        yield* this.#at(link, await realpath(link));
      } catch (error) {
        yield this.#problem(link, error);
      }
    }
  }

  async *#at(shown: string, real: string): AsyncGenerator<WalkEntry> {
    this.signal?.throwIfAborted();
    const found = await stat(real);
    if (found.isDirectory()) {
      yield* this.#folder(shown, real);
      return;
    }
    if (this.#seen.has(real) || this.#comesWithFolder(real)) return;
    this.#seen.add(real);
    yield this.#file(shown, found);
  }

  /** Whether the file was listed when its own folder was walked. */
  #comesWithFolder(real: string): boolean {
    return this.#seen.has(path.dirname(real)) && !isSkipped(path.basename(real));
  }

  async *#folder(shown: string, real: string): AsyncGenerator<WalkEntry> {
    if (this.#seen.has(real)) return;
    this.#seen.add(real);
    let entries: Dirent[];
    try {
      entries = await readdir(real, { withFileTypes: true });
    } catch (error) {
      yield this.#problem(shown, error);
      return;
    }
    entries.sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const entry of entries) {
      this.signal?.throwIfAborted();
      if (isSkipped(entry.name)) continue;
      const shownEntry = path.join(shown, entry.name);
      const realEntry = path.join(real, entry.name);
      if (entry.isSymbolicLink()) this.#links.push(shownEntry);
      else if (entry.isDirectory()) yield* this.#folder(shownEntry, realEntry);
      else if (!this.#seen.has(realEntry)) yield await this.#entry(shownEntry, realEntry);
    }
  }

  async #entry(shown: string, real: string): Promise<WalkEntry> {
    try {
      return this.#file(shown, await lstat(real));
    } catch (error) {
      return this.#problem(shown, error);
    }
  }

  #file(shown: string, found: Stats): WalkEntry {
    try {
      checkRegular(found);
      return { path: shown, size: found.size, mtimeMs: found.mtimeMs, inode: found.ino };
    } catch (error) {
      return this.#problem(shown, error);
    }
  }

  #problem(shown: string, error: unknown): WalkEntry {
    // An abort is no property of the file.
    this.signal?.throwIfAborted();
    const problem = readError(error);
    return { path: shown, error: problem.code === 'not-found' && shown.includes('\ufffd') ? oddName() : problem };
  }
}

/** Node decodes names as UTF-8; what it puts for other bytes is no name that could be opened. */
const oddName = (): RagtuiError =>
  new RagtuiError('unsupported', 'Its name, or that of a folder above it, is not valid UTF-8.', 'Rename it.');

function isSkipped(name: string): boolean {
  return name.startsWith('.') || SKIPPED_FOLDERS.has(name);
}
