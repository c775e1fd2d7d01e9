import { createHash } from 'node:crypto';
import type { OpenDatabase } from '../../db/open.ts';
import type { Tables } from '../../db/tables.ts';
import { RagtuiError } from '../../platform/errors.ts';
import { nearNames } from '../../platform/near.ts';
import type { Vocabularies } from '../retrieve/vocabulary.ts';

/** A vector that an index must find from now on, or no longer. */
export interface IndexChange {
  readonly indexId: number;
  readonly slot: number;
  readonly op: 'add' | 'remove';
}

/** What the methods of the service work with. */
export interface StoreContext {
  readonly db: OpenDatabase;
  /** Statements of the writing connection: only inside `db.writer.run`. */
  readonly write: Tables;
  /** Statements of the reading connection: always the last committed state. */
  readonly read: Tables;
  /** Token counts of the full-text tables. */
  readonly vocabulary: Vocabularies;
  /** Told right after a commit, in its turn. */
  onIndexChange(changes: readonly IndexChange[]): void;
  /** Texts of these node groups were added or removed. */
  onTextChange(groupIds: readonly number[]): void;
  /** A knowledge base, group or embedder is new, gone or changed its place. */
  onStructureChange(): void;
}

/** First 16 bytes of the sha256 of a text. */
export function textHash(text: string): Buffer {
  return createHash('sha256').update(text).digest().subarray(0, 16);
}

export const now = (): string => new Date().toISOString();

/** The knowledge base of that name, or an error that says which there are. */
export function requireKb(tables: Tables, name: string) {
  const row = tables.kb.byName(name);
  if (row) return row;
  const names = tables.kb.all().map((kb) => kb.name);
  throw new RagtuiError('not-found', `There is no knowledge base "${name}".`, whichThereAre(name, names));
}

/** As many names as still make one line. */
const NAMES_SHOWN = 10;

function whichThereAre(name: string, names: readonly string[]): string {
  if (names.length === 0) return `Make it with: ragtui kb create ${name}`;
  const [near] = nearNames(name, names);
  if (near !== undefined) return `Did you mean "${near}"?`;
  const more = names.length > NAMES_SHOWN ? ` and ${names.length - NAMES_SHOWN} more` : '';
  return `There are: ${names.slice(0, NAMES_SHOWN).join(', ')}${more}.`;
}
