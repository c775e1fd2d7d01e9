import { crc32 } from 'node:zlib';
import type { Database } from 'better-sqlite3';

/** A stored vector whose bytes are not those that were stored. */
export interface DamagedVector {
  readonly slot: number;
  readonly embedder_id: number;
  readonly h: Buffer;
}

/** Vectors, once per (embedder, exact text): the cache that makes re-ingest cheap, and the truth behind every index. */
export function vectorsTable(db: Database) {
  const insert = db.prepare<[number, Buffer, Buffer, number]>(
    'INSERT OR IGNORE INTO vec(embedder_id, h, v, crc) VALUES(?, ?, ?, ?)',
  );
  const page = db.prepare<[number, number], DamagedVector & { v: Buffer; crc: number | null }>(
    'SELECT slot, embedder_id, h, v, crc FROM vec WHERE slot > ? ORDER BY slot LIMIT ?',
  );
  const dropMembers = db.prepare<[number]>('DELETE FROM member WHERE slot = ?');
  const drop = db.prepare<[number]>('DELETE FROM vec WHERE slot = ?');
  const readAgain = db.prepare<[Buffer]>(
    `UPDATE source SET recipe = zeroblob(length(recipe)) WHERE id IN
       (SELECT d.source_id FROM chunk c JOIN doc d ON d.current_rev = c.rev_id WHERE c.h = ?)`,
  );
  const slotOf = db.prepare<[number, Buffer], { slot: number }>('SELECT slot FROM vec WHERE embedder_id = ? AND h = ?');
  const bySlot = db.prepare<[number], { v: Buffer }>('SELECT v FROM vec WHERE slot = ?');
  const bySlotOf = db.prepare<[number, number], { v: Buffer }>('SELECT v FROM vec WHERE slot = ? AND embedder_id = ?');
  const missingOf = db.prepare<[number, number], { n: number }>(
    `SELECT count(*) AS n FROM chunk c LEFT JOIN vec v ON v.embedder_id = ? AND v.h = c.h
     WHERE c.rev_id = ? AND v.slot IS NULL`,
  );
  const orphans = db.prepare<[], { n: number }>(
    'SELECT count(*) AS n FROM vec WHERE NOT EXISTS (SELECT 1 FROM member m WHERE m.slot = vec.slot)',
  );
  return {
    /** True when it is new. Throws when the length is not that of the embedder. */
    insert: (embedderId: number, hash: Buffer, vector: Buffer): boolean =>
      insert.run(embedderId, hash, vector, crc32(vector)).changes > 0,
    /** The next `limit` vectors after `slot`: the last one's slot (undefined at the end), and which are damaged. */
    checkAfter(slot: number, limit: number): { last: number | undefined; damaged: DamagedVector[] } {
      const rows = page.all(slot, limit);
      const damaged = rows.filter(({ v, crc }) => crc !== null && crc32(v) !== crc);
      return { last: rows.at(-1)?.slot, damaged };
    },
    /** Forgets a vector; the sources with its text are read again by the next ingest, which makes it anew. */
    discard({ slot, h }: DamagedVector) {
      dropMembers.run(slot);
      drop.run(slot);
      readAgain.run(h);
    },
    slotOf: (embedderId: number, hash: Buffer) => slotOf.get(embedderId, hash)?.slot,
    bySlot: (slot: number) => bySlot.get(slot)?.v,
    /** The same, only if it is of that embedder. */
    bySlotOf: (embedderId: number, slot: number) => bySlotOf.get(slot, embedderId)?.v,
    /** How many chunks of a revision have no vector of this embedder. */
    missingOfRevision: (embedderId: number, revId: number) => missingOf.get(embedderId, revId)?.n ?? 0,
    /** Vectors no index needs now; they stay as a cache. */
    orphans: () => orphans.get()?.n ?? 0,
  };
}

/** Bytes as stored (f32, little-endian) → numbers. Copies, since a Buffer may start at any offset. */
export function toVector(bytes: Buffer): Float32Array {
  const copy = new Uint8Array(bytes.length);
  copy.set(bytes);
  return new Float32Array(copy.buffer);
}
