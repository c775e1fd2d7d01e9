export type JsonObject = Readonly<Record<string, unknown>>;

/** One record of a file: a JSON object, a row of a table; or in a few words why it cannot be read. */
export interface RawRecord {
  /** Of the file, from 1; in Parquet, which has no lines, the number of the row. */
  readonly line: number;
  readonly value: JsonObject | string;
}

/** How a file holds its records, whatever they mean. */
export type Container =
  | { readonly type: 'json' }
  | { readonly type: 'jsonl' }
  | { readonly type: 'csv'; readonly delimiter: string }
  | { readonly type: 'parquet' };
export type ContainerType = Container['type'] | 'tsv';

/** Type guard for what `{…}` in JSON becomes. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
