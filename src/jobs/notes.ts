import path from 'node:path';
import { z } from 'zod';
import { RagtuiError } from '../platform/errors.ts';
import { readJsonFile, writeJsonFile } from './folder.ts';

const TAG = /^[\p{L}\p{N}][\p{L}\p{N}._-]{0,39}$/u;

/** `notes.json`: what a person says about a job. The spec beside it never changes. */
const notesSchema = z.object({ note: z.string(), tags: z.array(z.string()) });
export type Notes = z.infer<typeof notesSchema>;

const notesFile = (folder: string): string => path.join(folder, 'notes.json');

export const readNotes = (folder: string): Notes =>
  readJsonFile(notesFile(folder), notesSchema) ?? { note: '', tags: [] };

export function writeNotes(folder: string, notes: Notes): void {
  writeJsonFile(notesFile(folder), notes, { durable: true });
}

/** `+x` adds a tag, `-y` takes one off, `z` adds too. The tags stay in the order they came. Throws `usage`. Pure. */
export function changedTags(tags: readonly string[], changes: readonly string[]): string[] {
  const now = new Set(tags);
  for (const change of changes) {
    const [, sign, tag = ''] = /^([+-]?)(.*)$/su.exec(change) ?? [];
    if (!TAG.test(tag)) {
      throw new RagtuiError('usage', `"${change}" is no tag.`, 'Use letters, digits, ".", "_" and "-": +good -old.');
    }
    if (sign === '-') now.delete(tag);
    else now.add(tag);
  }
  return [...now];
}
