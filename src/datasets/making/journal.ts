import { createHash } from 'node:crypto';
import { closeSync, fstatSync, fsyncSync, openSync, readFileSync, readSync, writeSync } from 'node:fs';
import path from 'node:path';
import type { z } from 'zod';
import { listJobs } from '../../jobs/registry.ts';
import { errnoOf, toRagtuiError } from '../../platform/errors.ts';
import type { WorkspacePaths } from '../../platform/paths.ts';
import type { Making } from './types.ts';

const journalFile = (folder: string): string => path.join(folder, 'journal.jsonl');

/**
 * What a job has paid for (answers of LLMs and rerankers), by a key of what was asked: each on the disk before it is
 * used, and found again by every later job with the very same work, whatever ended the earlier one.
 */
export class Journal<T> {
  private readonly known = new Map<string, T>();
  private readonly handle: number;
  private torn = false;

  private constructor(
    folder: string,
    known: Iterable<readonly [string, T]>,
    /** Entries found at the start. */
    readonly found: number,
  ) {
    for (const [key, value] of known) this.known.set(key, value);
    try {
      this.handle = openSync(journalFile(folder), 'a+', 0o600);
      const { size } = fstatSync(this.handle);
      const last = Buffer.alloc(1);
      this.torn = size > 0 && readSync(this.handle, last, 0, 1, size - 1) === 1 && last[0] !== 0x0a;
    } catch (error) {
      throw toRagtuiError(error);
    }
  }

  /** Opens the journal of a job's folder, with what earlier jobs of the same work have in theirs. */
  static open<S extends z.ZodType>(
    paths: WorkspacePaths,
    folder: string,
    making: Making,
    schema: S,
  ): Journal<z.output<S>> {
    const same = JSON.stringify(making);
    const folders = listJobs(paths).flatMap((job) =>
      job.spec.work.kind === 'make-data' && JSON.stringify(job.spec.work.making) === same ? [job.folder] : [],
    );
    const entries = [...new Set([folder, ...folders])].flatMap((one) => readEntries(one, schema));
    return new Journal(folder, entries, entries.length);
  }

  get(key: string): T | undefined {
    return this.known.get(key);
  }

  /** On the disk when it returns. Errors: `disk-full` and the like; it then counts as not done. */
  put(key: string, value: T): void {
    try {
      writeSync(this.handle, `${this.torn ? '\n' : ''}${JSON.stringify({ key, value })}\n`);
      fsyncSync(this.handle);
      this.torn = false;
    } catch (error) {
      this.torn = true;
      throw toRagtuiError(error);
    }
    this.known.set(key, value);
  }

  close(): void {
    closeSync(this.handle);
  }
}

/** 32 hex characters of the sha256 of a JSON value. */
export const keyOf = (value: unknown): string =>
  createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 32);

function readEntries<S extends z.ZodType>(folder: string, schema: S): (readonly [string, z.output<S>])[] {
  let text: string;
  try {
    text = readFileSync(journalFile(folder), 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw toRagtuiError(error);
  }
  return text.split('\n').flatMap((line) => {
    const entry = parseLine(line);
    if (!entry) return [];
    const value = schema.safeParse(entry.value);
    return value.success ? [[entry.key, value.data] as const] : [];
  });
}

/** A line that a kill cut is not one. */
function parseLine(line: string): { key: string; value: unknown } | undefined {
  if (line === '') return undefined;
  try {
    const parsed: unknown = JSON.parse(line);
    if (typeof parsed !== 'object' || parsed === null || !('key' in parsed) || !('value' in parsed)) return undefined;
    return typeof parsed.key === 'string' ? { key: parsed.key, value: parsed.value } : undefined;
  } catch {
    return undefined;
  }
}
