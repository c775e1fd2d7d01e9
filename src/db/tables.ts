import type { Database } from 'better-sqlite3';
import { answersTable } from './answers-table.ts';
import { columnSetsTable } from './column-sets-table.ts';
import { comparisonsTable } from './comparisons-table.ts';
import { documentsTable } from './documents-table.ts';
import { filterTable } from './filter-table.ts';
import { ftsTable } from './fts-table.ts';
import { indexTable } from './index-table.ts';
import { kbTable } from './kb-table.ts';
import { listingTable } from './listing-table.ts';
import { projectionTable } from './projection-table.ts';
import { vectorsTable } from './vectors-table.ts';

/** All statements of one connection, prepared once. */
export function tables(db: Database) {
  const fts = new Map<number, ReturnType<typeof ftsTable>>();
  return {
    db,
    kb: kbTable(db),
    documents: documentsTable(db),
    vectors: vectorsTable(db),
    index: indexTable(db),
    answers: answersTable(db),
    comparisons: comparisonsTable(db),
    columnSets: columnSetsTable(db),
    listing: listingTable(db),
    filter: filterTable(db),
    projection: projectionTable(db),
    fts(groupId: number) {
      let table = fts.get(groupId);
      if (!table) {
        table = ftsTable(db, groupId);
        fts.set(groupId, table);
      }
      return table;
    },
    forgetFts: (groupId: number) => fts.delete(groupId),
  };
}
export type Tables = ReturnType<typeof tables>;
