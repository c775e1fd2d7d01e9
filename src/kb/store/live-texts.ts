import type { IndexRow } from '../../db/index-table.ts';
import type { Tables } from '../../db/tables.ts';
import type { Transaction } from '../../db/writer.ts';
import { segment } from '../retrieve/segment.ts';
import type { IndexChange, StoreContext } from './context.ts';

const BATCH = 256;

/**
 * Changes which chunks are live, inside one transaction: full-text rows, counts of live texts and index members move
 * together, and memory follows right after the commit.
 */
export class LiveTexts {
  readonly #tx: Transaction;
  readonly #tables: Tables;
  readonly #changes: IndexChange[] = [];
  readonly #groups = new Set<number>();
  readonly #indexes = new Map<number, IndexRow[]>();

  constructor(tx: Transaction, context: StoreContext) {
    this.#tx = tx;
    this.#tables = context.write;
    tx.afterCommit(() => {
      if (this.#changes.length > 0) context.onIndexChange(this.#changes);
      if (this.#groups.size > 0) context.onTextChange([...this.#groups]);
    });
  }

  /** All chunks of a revision become findable. `title` is the document's, for chunks without one of their own. */
  async publish(revId: number, title: string): Promise<void> {
    const titleTokens = segment(title);
    for await (const chunk of this.#chunks(revId)) {
      const own = chunk.title === '' ? titleTokens : segment(chunk.title);
      this.#tables.fts(chunk.group_id).insert(chunk.id, own, segment(chunk.text));
      this.#groups.add(chunk.group_id);
      if (this.#tables.index.addText(chunk.group_id, chunk.h)) this.#addMembers(chunk.group_id, chunk.h);
    }
  }

  /** No chunk of a revision is found any more; the rows stay. */
  async withdraw(revId: number): Promise<void> {
    for await (const chunk of this.#chunks(revId)) {
      this.#tables.fts(chunk.group_id).remove(chunk.id);
      this.#groups.add(chunk.group_id);
      if (this.#tables.index.removeText(chunk.group_id, chunk.h)) this.#removeMembers(chunk.group_id, chunk.h);
    }
  }

  /** A new vector: every index of its embedder whose group has the text now finds it. */
  addVector(embedderId: number, slot: number, hash: Buffer): void {
    for (const index of this.#indexesOfEmbedder(embedderId)) {
      if (this.#tables.index.isLive(index.group_id, hash)) this.#add(index.id, slot);
    }
  }

  async *#chunks(revId: number) {
    let after = 0;
    for (;;) {
      const batch = this.#tables.documents.chunksAfter(revId, after, BATCH);
      for (const chunk of batch) {
        yield chunk;
        after = chunk.id;
        await this.#tx.pause();
      }
      if (batch.length < BATCH) return;
    }
  }

  #addMembers(groupId: number, hash: Buffer): void {
    for (const index of this.#indexesOfGroup(groupId)) {
      const slot = this.#tables.vectors.slotOf(index.embedder_id, hash);
      if (slot !== undefined) this.#add(index.id, slot);
    }
  }

  #removeMembers(groupId: number, hash: Buffer): void {
    for (const index of this.#indexesOfGroup(groupId)) {
      const slot = this.#tables.vectors.slotOf(index.embedder_id, hash);
      if (slot !== undefined && this.#tables.index.removeMember(index.id, slot)) {
        this.#changes.push({ indexId: index.id, slot, op: 'remove' });
      }
    }
  }

  #add(indexId: number, slot: number): void {
    if (this.#tables.index.addMember(indexId, slot)) this.#changes.push({ indexId, slot, op: 'add' });
  }

  #indexesOfGroup(groupId: number): IndexRow[] {
    let rows = this.#indexes.get(groupId);
    if (!rows) {
      rows = this.#tables.index.ofGroup(groupId);
      this.#indexes.set(groupId, rows);
    }
    return rows;
  }

  #embedderIndexes: { id: number; rows: IndexRow[] } | undefined;

  #indexesOfEmbedder(embedderId: number): IndexRow[] {
    if (this.#embedderIndexes?.id !== embedderId) {
      this.#embedderIndexes = { id: embedderId, rows: this.#tables.index.ofEmbedder(embedderId) };
    }
    return this.#embedderIndexes.rows;
  }
}

/** Removes a revision and its chunks; it must not be live. */
export async function dropRevision(tx: Transaction, tables: Tables, revId: number): Promise<void> {
  while (tables.documents.deleteChunks(revId, BATCH) > 0) await tx.pause();
  tables.documents.deleteRevision(revId);
}
