import { readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { errnoOf, toRagtuiError } from '../../platform/errors.ts';

const lineSchema = z.record(z.string(), z.unknown());

/** One page of a file of lines that lies beside the rows of a version; nothing where there is none. Errors: `permission`. */
export function readBeside(
  folder: string,
  name: string,
  { offset, limit }: { readonly offset: number; readonly limit: number },
): { total: number; lines: z.output<typeof lineSchema>[] } {
  let text: string;
  try {
    text = readFileSync(path.join(folder, `${name}.jsonl`), 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return { total: 0, lines: [] };
    throw toRagtuiError(error);
  }
  const all = text.split('\n').filter((line) => line !== '');
  return {
    total: all.length,
    lines: all.slice(offset, offset + limit).map((line) => lineSchema.parse(JSON.parse(line))),
  };
}
