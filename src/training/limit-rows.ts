import { readFileSync } from 'node:fs';
import { writeFileAtomic } from './write-file.ts';

/** Keeps the first `limit` lines of a JSONL file; returns how many it has then. */
export function limitRows(file: string, limit: number | undefined): number {
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
  if (limit === undefined || lines.length <= limit) return lines.length;
  writeFileAtomic(file, `${lines.slice(0, limit).join('\n')}\n`);
  return limit;
}
