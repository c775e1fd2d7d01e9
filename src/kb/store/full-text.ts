import { checkTable } from '../../db/check-table.ts';
import { createFts, dropFts, FTS_VERSION } from '../../db/fts-table.ts';
import { getMeta, setMeta } from '../../db/open.ts';
import type { Transaction } from '../../db/writer.ts';
import { segment } from '../retrieve/segment.ts';
import type { StoreContext } from './context.ts';

/** Makes the full-text rows of a node group anew from its live chunks. */
export async function rebuildFullText(
  tx: Transaction,
  context: StoreContext,
  kbId: number,
  groupId: number,
): Promise<void> {
  const { write } = context;
  write.forgetFts(groupId);
  dropFts(write.db, groupId);
  createFts(write.db, groupId);
  const fts = write.fts(groupId);
  for (const revision of checkTable(write.db).liveRevisions(kbId)) {
    const title = segment(write.documents.titleOf(revision));
    for (const chunk of write.documents.chunksOf(revision, groupId)) {
      fts.insert(chunk.id, chunk.title === '' ? title : segment(chunk.title), segment(chunk.text));
      await tx.pause();
    }
  }
  tx.afterCommit(() => {
    context.read.forgetFts(groupId);
    context.onTextChange([groupId]);
  });
}

/** After an update that cuts text differently, rows and queries must be cut the same way again. */
export async function updateFullText(context: StoreContext): Promise<void> {
  const version = getMeta(context.read.db, 'fts_version');
  if (version === FTS_VERSION) return;
  await context.db.writer.run(async (tx) => {
    for (const kb of context.write.kb.all()) {
      for (const group of context.write.kb.groups(kb.id)) await rebuildFullText(tx, context, kb.id, group.id);
    }
    setMeta(tx.db, 'fts_version', FTS_VERSION);
  });
}
