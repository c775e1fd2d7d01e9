import type { Tables } from '../../db/tables.ts';

/** How common tokens are in one full-text table. */
export interface Vocabulary {
  readonly rows: number;
  /** In how many rows the token occurs. */
  frequency(token: string): number;
}

const KEPT = 20_000;

/** Counts from the database, kept until the texts change: questions share most of their tokens. */
export class Vocabularies {
  readonly #groups = new Map<number, Vocabulary>();

  constructor(readonly tables: Tables) {}

  of(groupId: number): Vocabulary {
    const known = this.#groups.get(groupId);
    if (known) return known;
    const fts = this.tables.fts(groupId);
    const counts = new Map<string, number>();
    const vocabulary = {
      rows: fts.count(),
      frequency(token: string): number {
        const count = counts.get(token) ?? fts.documentFrequency(token);
        if (counts.size < KEPT) counts.set(token, count);
        return count;
      },
    };
    this.#groups.set(groupId, vocabulary);
    return vocabulary;
  }

  forget(groupIds: readonly number[]): void {
    for (const id of groupIds) this.#groups.delete(id);
  }
}
