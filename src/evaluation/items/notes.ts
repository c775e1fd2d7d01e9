import path from 'node:path';
import { z } from 'zod';
import { jobFolder, readJsonFile, writeJsonFile } from '../../jobs/folder.ts';
import type { WorkspacePaths } from '../../platform/paths.ts';

const itemNoteSchema = z.object({ flag: z.boolean(), comment: z.string() });
/** What a person says about an item. */
export type ItemNote = z.infer<typeof itemNoteSchema>;
const itemNotesSchema = z.record(z.string(), itemNoteSchema);
/** By the item's id; an item nobody said anything about has no entry. */
export type ItemNotes = Readonly<Record<string, ItemNote>>;

/** Beside `items.jsonl`, which holds only what was measured. */
const notesFile = (paths: WorkspacePaths, run: string): string => path.join(jobFolder(paths, run), 'item-notes.json');

export const readItemNotes = (paths: WorkspacePaths, run: string): ItemNotes =>
  readJsonFile(notesFile(paths, run), itemNotesSchema) ?? {};

/** Changes what is said about some items and returns all notes. Errors: `usage` for what is no run, `disk-full`. */
export function changeItemNotes(
  paths: WorkspacePaths,
  run: string,
  items: readonly string[],
  change: Partial<ItemNote>,
): ItemNotes {
  const notes: Record<string, ItemNote> = { ...readItemNotes(paths, run) };
  for (const item of items) {
    const note = { ...(notes[item] ?? { flag: false, comment: '' }), ...change };
    if (note.flag || note.comment !== '') notes[item] = note;
    else delete notes[item];
  }
  writeJsonFile(notesFile(paths, run), notes, { durable: true });
  return notes;
}
