import { createHash } from 'node:crypto';
import { createReadStream, readFileSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { RagtuiError } from '../../platform/errors.ts';

/** How the segments are built. M 16 and efConstruction 100 gave recall@10 ≥ 0.99 at ef 64, twice as fast as 200. */
export const HNSW = { space: 'ip', m: 16, efConstruction: 100, library: 'hnswlib-node 3.0.0' } as const;
/** Candidates looked at per query: what the segment's own probe asked for, more for long lists. */
export const efFor = (ef: number, k: number): number => Math.max(ef, 4 * k);
/** Tried in this order until the probe finds enough. */
export const EF_LADDER = [64, 96, 128, 160, 192, 256, 384, 512] as const;
/** Beyond it, each several times as dear: only where a segment would else be refused. */
export const EF_LAST_RESORT = [1024, 2048, 4096] as const;

const HEADER_BYTES = 96;

/**
 * Checks that a file is as long as hnswlib's writer should have made it (it hides write errors): a header of 96 bytes,
 * `count` records of links, vector and label, then each element's upper links with their length before them.
 * Throws `corrupt`. Layout: hnswlib 0.8 `HierarchicalNSW::saveIndex`.
 */
export function assertWhole(file: string, count: number, dim: number): void {
  const bytes = readFileSync(file);
  const recordBytes = 4 + 2 * HNSW.m * 4 + dim * 4 + 8;
  const levelBytes = 4 + HNSW.m * 4;
  let at = HEADER_BYTES + count * recordBytes;
  if (bytes.length < at || Number(bytes.readBigUInt64LE(16)) !== count) throw broken(file, 'is cut off');
  if (Number(bytes.readBigUInt64LE(24)) !== recordBytes) throw broken(file, 'has records of another size');
  for (let element = 0; element < count; element += 1) {
    if (at + 4 > bytes.length) throw broken(file, 'is cut off in its links');
    const size = bytes.readUInt32LE(at);
    if (size % levelBytes !== 0) throw broken(file, 'has links of another size');
    at += 4 + size;
  }
  if (at !== bytes.length) throw broken(file, `has ${bytes.length} bytes, not ${at}`);
}

export const broken = (file: string, why: string): RagtuiError =>
  new RagtuiError('corrupt', `The index file ${file} ${why}.`, 'It is built again from the database.');

/** sha256 of what is on the disk; reads in pieces, so that other work goes on. */
export async function hashOfFile(file: string): Promise<Buffer> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), hash);
  return hash.digest();
}
