import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { garbageTable } from '../../db/garbage-table.ts';
import { openReader } from '../../db/open.ts';
import { RagtuiError, toRagtuiError } from '../../platform/errors.ts';
import { syncPath } from '../../platform/files.ts';
import type { Result } from '../protocol.ts';
import type { StoreContext } from './context.ts';
import { purge, TRASH_DAYS } from './purge.ts';

/** Pages (16 KiB) of one step: searches are answered between two. */
const PAGES = 128;
const VECTORS = 512;

/**
 * Copies the database as it is at this moment into a new file. Searches go on; who writes waits until it is done, so
 * that a busy ingest cannot keep it from ending. Errors: `exists`, `disk-full`.
 */
export async function backupDatabase(context: StoreContext, database: string, file: string): Promise<number> {
  if (existsSync(file)) throw new RagtuiError('exists', `${file} is there already.`);
  try {
    await context.db.writer.run(async () => {
      const reader = openReader(database);
      try {
        await reader.backup(file, { progress: () => PAGES });
      } finally {
        reader.close();
      }
    });
    syncPath(file);
    return statSync(file).size;
  } catch (error) {
    rmSync(file, { force: true });
    throw toRagtuiError(error);
  }
}

/** Finds (and, unless `dryRun`, removes) what the database and the folder of indexes no longer need. */
export async function collectDatabaseGarbage(
  context: StoreContext,
  indexFolder: string,
  dryRun: boolean,
): Promise<Result<'db.gc'>['garbage']> {
  const before = new Date(Date.now() - TRASH_DAYS * 24 * 3_600_000).toISOString();
  const table = garbageTable(context.read.db);
  const trash = table.trash(before);
  const strays = strayIndexFiles(context, indexFolder);
  if (!dryRun) {
    for (const { file } of strays) rmSync(file, { force: true });
    // What it removes leaves vectors behind.
    await purge(context, indexFolder);
  }
  const vectors = await orphanVectors(context, dryRun);
  return [
    { what: 'index-files', count: strays.length, bytes: strays.reduce((sum, { bytes }) => sum + bytes, 0) },
    { what: 'documents', ...trash.documents },
    { what: 'comparisons', ...trash.comparisons },
    { what: 'vectors', ...vectors },
  ];
}

function strayIndexFiles(context: StoreContext, folder: string): { file: string; bytes: number }[] {
  const known = new Set(context.read.index.segmentFiles());
  return readdirSync(folder)
    .filter((name) => name.startsWith('seg-') && !name.endsWith('.tmp') && !known.has(name))
    .map((name) => ({ file: path.join(folder, name), bytes: statSync(path.join(folder, name)).size }));
}

/** Page by page: others read and write in between. */
async function orphanVectors(context: StoreContext, dryRun: boolean): Promise<{ count: number; bytes: number }> {
  const writing = garbageTable(context.write.db);
  let [count, bytes] = [0, 0];
  for (let after: number | undefined = 0; after !== undefined; ) {
    const from: number = after;
    after = await context.db.writer.run(async (tx) => {
      const page = writing.vectorsAfter(from, VECTORS);
      for (const orphan of page.orphans) {
        count += 1;
        bytes += orphan.bytes;
        if (!dryRun) writing.dropVector(orphan.slot);
        await tx.pause();
      }
      return page.last;
    });
  }
  return { count, bytes };
}
