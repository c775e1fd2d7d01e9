import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { IndexRow, SegmentRow } from '../../db/index-table.ts';
import type { Tables } from '../../db/tables.ts';
import { crashPoint } from '../../platform/crash-point.ts';
import { syncPath } from '../../platform/files.ts';
import type { SegmentBuilder } from './builder.ts';
import { HNSW } from './hnsw-file.ts';

interface Place {
  readonly folder: string;
  readonly database: string;
  readonly read: Tables;
  readonly build: SegmentBuilder;
}
/** What the database keeps of a segment. */
export type SegmentFacts = Omit<SegmentRow, 'id' | 'index_id'>;

/** Builds a segment and gives its file the final name; nobody knows of it until its row is written. */
export async function writeSegment(
  place: Place,
  row: IndexRow,
  slots: Uint32Array<ArrayBuffer>,
): Promise<SegmentFacts> {
  const { folder, database, build } = place;
  const file = `seg-${row.id}-${Date.now().toString(36)}-${randomBytes(4).toString('hex')}.hnsw`;
  const final = path.join(folder, file);
  const order = { database, embedderId: row.embedder_id, dim: row.dim, slots, file: `${final}.tmp` };
  try {
    const built = await build(order);
    renameSync(order.file, final);
    syncPath(folder);
    crashPoint('after_rename');
    return {
      file,
      count: built.count,
      bytes: built.bytes,
      sha256: Buffer.from(built.sha256, 'hex'),
      dim: row.dim,
      space: HNSW.space,
      m: HNSW.m,
      ef_construction: HNSW.efConstruction,
      ef: built.ef,
      library: HNSW.library,
      recall: built.recall,
    };
  } catch (error) {
    rmSync(order.file, { force: true });
    removeUnrecorded(place, file);
    throw error;
  }
}

/** After a failure: the file goes unless its row was written all the same. */
export function removeUnrecorded({ folder, read }: Pick<Place, 'folder' | 'read'>, file: string): void {
  if (!read.index.segmentFiles().includes(file)) rmSync(path.join(folder, file), { force: true });
}

/** Files of builds that were never recorded, and of segments that were replaced. */
export function clearStrays({ folder, read }: Pick<Place, 'folder' | 'read'>): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const known = new Set(read.index.segmentFiles());
  for (const name of readdirSync(folder)) {
    const ours = name.startsWith('seg-') && !known.has(name);
    if (ours && existsSync(path.join(folder, name))) rmSync(path.join(folder, name), { force: true });
  }
}
