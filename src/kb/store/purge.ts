import { rmSync } from 'node:fs';
import path from 'node:path';
import { purgeTable } from '../../db/purge-table.ts';
import { RagtuiError } from '../../platform/errors.ts';
import { purgeComparisons } from './comparisons.ts';
import type { StoreContext } from './context.ts';
import { dropRevision } from './live-texts.ts';

/** As for datasets. */
export const TRASH_DAYS = 7;
const DAY_MS = 24 * 60 * 60 * 1000;
const BATCH = 100;

/** Clears what is past its time: documents and comparisons a week in the trash, and knowledge bases that were deleted. */
export async function purge(context: StoreContext, indexFolder: string, at: Date = new Date()): Promise<void> {
  const before = new Date(at.getTime() - TRASH_DAYS * DAY_MS).toISOString();
  // Nothing is written when there is nothing to do.
  while (context.read.documents.trashedBefore(before, 1).length > 0 && (await purgeTrash(context, before)));
  await purgeComparisons(context, before);
  for (const id of context.read.kb.buried()) await purgeKb(context, indexFolder, id);
}

async function purgeTrash(context: StoreContext, before: string): Promise<boolean> {
  return context.db.writer.run(async (tx) => {
    const { documents } = context.write;
    const expired = documents.trashedBefore(before, BATCH);
    for (const doc of expired) {
      for (const revision of documents.revisionsOfDoc(doc.id)) {
        // An ingest is bringing it back at this moment.
        if (revision.state === 'embedding') throw new RagtuiError('busy', 'A trashed document is being ingested.');
        await dropRevision(tx, context.write, revision.id);
      }
      documents.deleteDoc(doc.id);
    }
    return expired.length === BATCH;
  });
}

async function purgeKb(context: StoreContext, indexFolder: string, kbId: number): Promise<void> {
  const steps = purgeTable(context.write.db);
  const files = steps.segmentFiles(kbId);
  await context.db.writer.run(() => {
    for (const group of steps.dropFullText(kbId)) {
      context.write.forgetFts(group);
      context.read.forgetFts(group);
    }
  });
  // One transaction per batch: others write in between.
  while (await context.db.writer.run(() => steps.deleteSome(kbId)));
  for (const file of files) rmSync(path.join(indexFolder, file), { force: true });
}
