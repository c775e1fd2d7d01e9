import { mkdtempSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { loadFile } from '../../../src/kb/loaders/load.ts';
import type { LoadOptions } from '../../../src/kb/loaders/types.ts';
import type { ExtractedDocument } from '../../../src/kb/types.ts';
import { RagtuiError } from '../../../src/platform/errors.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'ragtui-loaders-'));

/** Path of a new file with this content. */
export function put(name: string, content: Uint8Array | string): string {
  const file = path.join(folder, name);
  writeFileSync(file, content);
  return file;
}

export async function loadPath(file: string, options: LoadOptions = {}): Promise<ExtractedDocument[]> {
  const documents: ExtractedDocument[] = [];
  for await (const batch of loadFile(file, options)) documents.push(...batch);
  return documents;
}

export function load(
  name: string,
  content: Uint8Array | string,
  options: LoadOptions = {},
): Promise<ExtractedDocument[]> {
  return loadPath(put(name, content), options);
}

/** `code: message` of the error that loading ends with; fails when there is none. */
export async function refusal(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.then(
    () => new Error('it was not refused'),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof RagtuiError)) throw error;
  if (/\n/.test(error.message + error.hint)) throw new Error(`more than one line: ${error.message}`);
  return `${error.code}: ${error.message}`;
}
