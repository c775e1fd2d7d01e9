import { z } from 'zod';
import type { ExtractedDocument } from '../types.ts';

/** Raised when a loader would make another text of the same bytes: part of the hash that says "parse again". */
export const loaderVersion = 'loaders-1';

const MB = 1024 * 1024;

/** What may be asked of a loader. Sizes are bytes of the file. */
export const loadOptionsSchema = z.object({
  /** Refuse larger files; default is the loader's own limit. */
  maxBytes: z.number().int().positive().optional(),
  /** pdf: refuse documents of more pages. */
  maxPages: z.number().int().positive().default(3000),
  /** csv, jsonl, json: the column or field that is the text; default: found by name (`context`, `text`, …). */
  textColumn: z.string().optional(),
  /** csv, jsonl, json: the column or field that is the title. */
  titleColumn: z.string().optional(),
});
export type LoadOptions = z.input<typeof loadOptionsSchema>;
export type ParsedLoadOptions = z.output<typeof loadOptionsSchema>;

/** A regular file, open and within its size limit. Reads go through one descriptor, so a file that vanishes is read whole. */
export interface SourceFile {
  readonly path: string;
  readonly size: number;
  /** All bytes. */
  read(): Promise<Buffer>;
}

/** One file format. `load` throws RagtuiError with one line of what and why; the path is not in it (the report has it beside). */
export interface Loader {
  readonly id: string;
  /** Lower case, with the dot. */
  readonly extensions: readonly string[];
  readonly maxBytes: number;
  load(file: SourceFile, options: ParsedLoadOptions): AsyncIterable<ExtractedDocument>;
}

/** Default size limits in bytes, so that a parser stays within its 512 MB: parsed JSON and markup grow several times over. */
export const LIMITS = {
  text: 100 * MB,
  rows: 200 * MB,
  json: 48 * MB,
  markup: 16 * MB,
  archive: 64 * MB,
  pdf: 200 * MB,
} as const;
