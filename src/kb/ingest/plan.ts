import path from 'node:path';
import type { SourceRecord } from '../protocol.ts';

/** A file as the walker found it. */
export interface FoundFile {
  readonly path: string;
  readonly size: number;
  readonly mtimeMs: number;
  readonly inode: number;
}

export interface PlanInput {
  readonly found: readonly FoundFile[];
  /** Paths that could not be looked at (a folder without permission, a disk that fails). */
  readonly unknown: readonly string[];
  readonly known: readonly SourceRecord[];
  readonly roots: readonly string[];
  readonly recipe: string;
}

export interface IngestPlan {
  /** To be read: new, changed, or done with another recipe. */
  readonly todo: readonly FoundFile[];
  /** In the knowledge base as they are now. */
  readonly unchanged: number;
  /** Could not be read last time and are still the same. */
  readonly stillFailing: number;
  /** Known below a root, but not found there any more. */
  readonly gone: readonly string[];
  /** Paths of `todo` the knowledge base did not have. */
  readonly added: ReadonlySet<string>;
}

/**
 * Compares what the walker found with what the knowledge base has. `hash` is asked only where size, time or inode
 * differ (so an unchanged tree costs a stat per file). Files that failed are tried again only when they changed or the
 * recipe did. What lies at or below an `unknown` path is not gone: nobody could look.
 */
export async function planIngest(
  { found, unknown, known, roots, recipe }: PlanInput,
  hash: (path: string) => Promise<string>,
): Promise<IngestPlan> {
  const knownByPath = new Map(known.map((source) => [source.path, source]));
  const todo: FoundFile[] = [];
  const added = new Set<string>();
  let unchanged = 0;
  let stillFailing = 0;
  for (const file of found) {
    const before = knownByPath.get(file.path);
    if (!before) {
      added.add(file.path);
      todo.push(file);
    } else if (before.recipe === recipe && (sameStat(before, file) || (await sameContent(before, file, hash)))) {
      if (before.failed) stillFailing++;
      else unchanged++;
    } else {
      todo.push(file);
    }
  }
  const foundPaths = new Set(found.map((file) => file.path));
  const gone = known
    .map((source) => source.path)
    .filter((file) => !foundPaths.has(file) && isBelow(file, roots) && !isBelow(file, unknown));
  return { todo, unchanged, stillFailing, gone, added };
}

function sameStat(before: SourceRecord, now: FoundFile): boolean {
  return before.size === now.size && before.mtimeMs === now.mtimeMs && before.inode === now.inode;
}

async function sameContent(before: SourceRecord, now: FoundFile, hash: (path: string) => Promise<string>) {
  if (before.size !== now.size) return false;
  try {
    return (await hash(now.path)) === before.sha;
  } catch {
    return false; // unreadable or vanished: reading it will say why
  }
}

/** Whether `file` is one of the roots or below one. */
export function isBelow(file: string, roots: readonly string[]): boolean {
  return roots.some((root) => file === root || file.startsWith(root.endsWith(path.sep) ? root : root + path.sep));
}
