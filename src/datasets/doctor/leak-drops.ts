import type { NearContexts } from './near-contexts.ts';
import type { RowIndex } from './row-index.ts';
import { KeyTable } from './text/key-table.ts';

/** Rows that one finding names, so that a leak of any size has a line of bounded size; the others come up in the next check. */
const MOST_OF_A_FINDING = 1000;
/** Rows that all findings of one comparison name together; after these, each names one. */
const MOST_OF_ALL = 1_000_000;
/** Nearly equal contexts that are compared for one finding. */
const MOST_COMPARED = 32;

/** Rows by what they have in common, as chains in flat arrays: four bytes a row, and a table of the first ones. */
class Chains {
  private readonly first: KeyTable;
  private readonly next: Int32Array;

  /** `keyOf`: 0 is in no chain. `rows` in any order, which the chains keep. */
  constructor(rows: readonly number[], keyOf: (row: number) => number) {
    this.first = new KeyTable(rows.length);
    this.next = new Int32Array(rows.reduce((most, row) => Math.max(most, row), -1) + 1).fill(-1);
    const last = new KeyTable(rows.length);
    for (const row of rows) {
      const key = keyOf(row);
      if (key === 0) continue;
      this.first.firstOrKeep(key, row);
      const before = last.get(key);
      if (before >= 0) this.next[before] = row;
      last.set(key, row);
    }
  }

  /** All rows of a key, the first one first. */
  *of(key: number): Generator<number> {
    for (let row = this.first.get(key); row >= 0; row = this.next[row] ?? -1) yield row;
  }
}

/** The training rows (`references`) that have the same as a row that leaks; what is needed for it is made when it is. */
export class LeakDrops {
  private left = MOST_OF_ALL;
  private ids: Chains | undefined;
  private questions: Chains | undefined;
  private contexts: ReadonlyMap<number, readonly number[]> | undefined;
  private groups: ReadonlyMap<number, readonly number[]> | undefined;

  constructor(
    private readonly index: RowIndex,
    private readonly near: NearContexts,
    private readonly references: readonly number[],
  ) {}

  ofId(id: number): Iterable<number> {
    this.ids ??= new Chains(this.references, (row) => this.index.ids.at(row));
    return this.ids.of(id);
  }

  ofQuestion(question: number): Iterable<number> {
    this.questions ??= new Chains(this.references, (row) => this.index.questions.at(row));
    return this.questions.of(question);
  }

  ofContext(context: number): Iterable<number> {
    this.contexts ??= grouped(this.references, (row) => this.index.contextsOf(row));
    return this.contexts.get(context) ?? [];
  }

  /** Rows with a context of the same group that `alike` holds of. */
  *ofNearContexts(context: number, alike: (other: number) => boolean): Generator<number> {
    this.ofContext(context);
    this.groups ??= grouped([...(this.contexts?.keys() ?? [])], (one) => [this.near.groupOf(one)]);
    for (const other of (this.groups.get(this.near.groupOf(context)) ?? []).slice(0, MOST_COMPARED)) {
      if (alike(other)) yield* this.ofContext(other);
    }
  }

  /** The first of these rows, each once, `number` never: as many as a finding may name. */
  named(rows: Iterable<number>, number: number): number[] {
    const most = Math.max(1, Math.min(MOST_OF_A_FINDING, this.left));
    const taken = new Set<number>();
    for (const row of rows) {
      if (taken.size === most) break;
      if (row !== number) taken.add(row);
    }
    this.left -= taken.size;
    return [...taken];
  }
}

function grouped(members: readonly number[], keysOf: (member: number) => Iterable<number>): Map<number, number[]> {
  const groups = new Map<number, number[]>();
  for (const member of members) {
    for (const key of keysOf(member)) {
      const group = groups.get(key);
      if (group) group.push(member);
      else groups.set(key, [member]);
    }
  }
  return groups;
}
