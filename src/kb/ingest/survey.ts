import path from 'node:path';
import { createParserPool } from '../loaders/parser-pool.ts';
import { isUnreadable } from '../loaders/registry.ts';
import { walk } from '../loaders/walk.ts';
import type { ChunkDraft, NodeGroup } from '../types.ts';

/** Files read of each kind, spread over all of them. */
const READ_OF_A_KIND = 12;
/** Texts kept for measuring an embedder. */
const TEXTS_KEPT = 256;
/** Documents of one file that are looked at: a table of a million rows tells its kind by the first. */
const BATCHES_OF_A_FILE = 4;

export interface Survey {
  readonly files: number;
  readonly bytes: number;
  /** Files that were read for it. */
  readonly read: number;
  /** By what the read ones gave a byte, kind by kind. */
  readonly chunks: number;
  readonly textBytes: number;
  readonly sample: readonly string[];
}

interface Kind {
  readonly files: { readonly path: string; readonly size: number }[];
  count: number;
  bytes: number;
}

/** What an ingest would find below `roots`: all files are counted, some of each kind are read and split. */
export async function surveyFiles(
  roots: readonly string[],
  groups: readonly NodeGroup[],
  split: (text: string, group: NodeGroup) => ChunkDraft[],
  signal: AbortSignal,
): Promise<Survey> {
  const kinds = await countKinds(roots, signal);
  const pool = createParserPool({ size: 2 });
  const total = { files: 0, bytes: 0, read: 0, chunks: 0, textBytes: 0 };
  const sample: string[] = [];
  try {
    for (const { files, count, bytes } of kinds) {
      const seen = { bytes: 0, chunks: 0, textBytes: 0 };
      for (const file of files) {
        let characters = 0;
        let batches = 0;
        try {
          for await (const documents of pool.parse(file.path, {}, signal)) {
            for (const { text } of documents) {
              characters += Buffer.byteLength(text);
              for (const chunk of groups.flatMap((group) => split(text, group))) {
                seen.chunks += 1;
                seen.textBytes += Buffer.byteLength(chunk.text);
                if (sample.length < TEXTS_KEPT) sample.push(chunk.text);
              }
            }
            batches += 1;
            if (batches === BATCHES_OF_A_FILE) break;
          }
        } catch {
          signal.throwIfAborted();
          // The ingest will say what is wrong with it.
        }
        total.read += 1;
        seen.bytes += batches === BATCHES_OF_A_FILE ? Math.min(file.size, characters) : file.size;
      }
      total.files += count;
      total.bytes += bytes;
      total.chunks += seen.bytes > 0 ? (seen.chunks * bytes) / seen.bytes : 0;
      total.textBytes += seen.bytes > 0 ? (seen.textBytes * bytes) / seen.bytes : 0;
    }
  } finally {
    await pool.close();
  }
  return { ...total, chunks: Math.round(total.chunks), textBytes: Math.round(total.textBytes), sample };
}

/** Of each kind the numbers, and some files spread evenly: of every 2, 4, 8 … one, as more come. */
async function countKinds(roots: readonly string[], signal: AbortSignal): Promise<Kind[]> {
  const kinds = new Map<string, Kind & { every: number }>();
  for await (const entry of walk(roots, { signal })) {
    if ('error' in entry || (isUnreadable(entry.path) && !roots.includes(entry.path))) continue;
    const extension = path.extname(entry.path).toLowerCase();
    const kind = kinds.get(extension) ?? { files: [], count: 0, bytes: 0, every: 1 };
    kinds.set(extension, kind);
    if (kind.count % kind.every === 0) kind.files.push({ path: entry.path, size: entry.size });
    kind.count += 1;
    kind.bytes += entry.size;
    if (kind.files.length <= READ_OF_A_KIND) continue;
    kind.every *= 2;
    kind.files.splice(0, kind.files.length, ...kind.files.filter((_, at) => at % 2 === 0));
  }
  return [...kinds.values()];
}
