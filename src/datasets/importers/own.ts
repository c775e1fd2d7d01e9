import type { z } from 'zod';
import { isObject, type JsonObject } from '../records/types.ts';
import { type DatasetKind, preferenceRowSchema, qaRowSchema, type RowOf, sftRowSchema } from '../types.ts';
import { type Importer, skipped } from './types.ts';

/** Rows as `dataset export --to jsonl` and `--to parquet` write them: back without loss. */
function own<K extends DatasetKind>(kind: K, schema: z.ZodType<RowOf[K]>): Importer<K> {
  return {
    format: 'ragtui',
    kind,
    description: `${kind} rows as ragtui exports them to JSON lines and Parquet`,
    matches: (record) => schema.safeParse(withoutNulls(record)).success,
    *rows(record, { line }) {
      const parsed = schema.safeParse(withoutNulls(record));
      if (parsed.success) yield { row: parsed.data };
      else {
        const [issue] = parsed.error.issues;
        yield skipped(line, `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'it is no such row'}.`);
      }
    },
  };
}

/** A table has an empty cell where a row has no such field. */
function withoutNulls(record: JsonObject): JsonObject {
  if (!Object.values(record).includes(null)) return record;
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== null));
}

const strictQa: Importer<'qa'> = {
  ...own('qa', qaRowSchema),
  // A plain table of texts with the same names is read by a map, which keeps its other columns.
  matches: (record) =>
    Array.isArray(record['answers']) &&
    isObject(record['metadata']) &&
    qaRowSchema.safeParse(withoutNulls(record)).success,
};

export const ownImporters = [strictQa, own('sft', sftRowSchema), own('preference', preferenceRowSchema)] as const;
