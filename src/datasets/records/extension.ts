import path from 'node:path';

/** What a file's name says of its content: `.jsonl` for `rows.jsonl` and for `rows.jsonl.gz`. */
export function dataExtension(file: string): string {
  return path.extname(file.replace(/\.gz$/i, '')).toLowerCase();
}
