import type { z } from 'zod';
import type { JsonObject } from '../records/types.ts';
import { type DatasetKind, preferenceRowSchema, qaRowSchema, type RowOf, sftRowSchema } from '../types.ts';
import { isText } from './fields.ts';
import { type Importer, skipped } from './types.ts';

/** Rows as `dataset export --to jsonl` and `--to parquet` write them: back without loss. */
function own<K extends DatasetKind>(kind: K, schema: z.ZodType<RowOf[K]>): Importer<K> {
  return {
    format: 'ragtui',
    kind,
    description: `${kind} rows as ragtui exports them to JSON lines and Parquet`,
    matches: (record) => schema.safeParse(asWritten(record)).success,
    *rows(record, { line }) {
      const parsed = schema.safeParse(asWritten(record));
      if (parsed.success) yield { row: parsed.data };
      else {
        const [issue] = parsed.error.issues;
        yield skipped(line, `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'it is no such row'}.`);
      }
    },
  };
}

/** A table has an empty cell where a row has no such field, and metadata as a text. */
function asWritten(record: JsonObject): JsonObject {
  const { metadata } = record;
  const unpacked = isText(metadata) ? { ...record, metadata: parsed(metadata) } : record;
  if (!Object.values(unpacked).includes(null)) return unpacked;
  return Object.fromEntries(Object.entries(unpacked).filter(([, value]) => value !== null));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

const strictQa: Importer<'qa'> = {
  ...own('qa', qaRowSchema),
  // A plain table of texts with the same names is read by a map, which keeps its other columns.
  matches: (record) =>
    Array.isArray(record['answers']) &&
    record['metadata'] !== undefined &&
    qaRowSchema.safeParse(asWritten(record)).success,
};

export const ownImporters = [strictQa, own('sft', sftRowSchema), own('preference', preferenceRowSchema)] as const;
