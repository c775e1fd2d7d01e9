import { contextText, type LeakQuestion, type LeakRows } from './leaks.ts';
import type { NearContexts } from './near-contexts.ts';
import { viewOf } from './row-view.ts';
import { fold } from './text/fold.ts';
import { KeyTable, Numbers } from './text/key-table.ts';
import { fingerprints, longestSharedRun } from './text/runs.ts';

/** A fingerprint that so many texts have is their frame (a header, a disclaimer), not their content. */
const FRAME = 24;
/** Candidates of one text that are read. */
const READINGS = 6;

/**
 * Contexts of the subjects that share a long run of characters with a context of the references, which is neither the
 * same nor nearly the same: by number, with that context and the run. Fingerprints of the smaller side are held.
 */
export async function sharedRuns(
  rows: LeakRows,
  near: NearContexts,
  { subjects, references, run }: LeakQuestion,
): Promise<Map<number, { context: number; text: string }>> {
  const { index } = rows;
  const subject = membersOf(rows, subjects);
  const reference = membersOf(rows, references);
  const [held, passing] = subject.count <= reference.count ? [subject, reference] : [reference, subject];
  const prints = new FingerprintTable();
  await eachContext(rows, held.has, (context, text) => {
    for (const print of fingerprints(fold(text), run)) prints.add(print, context);
  });
  const found = new Map<number, { context: number; text: string }>();
  await eachContext(rows, passing.has, (context, text) => {
    const candidates = new Set<number>();
    for (const print of fingerprints(fold(text), run)) for (const other of prints.of(print)) candidates.add(other);
    let read = 0;
    for (const other of candidates) {
      const [mine, theirs] = held === subject ? [other, context] : [context, other];
      if (found.has(mine) || reference.has(mine) || near.groupOf(mine) === near.groupOf(theirs)) continue;
      if (++read > READINGS) break;
      const shared = longestSharedRun(text, contextText(rows, other), run);
      if (shared !== '') found.set(mine, { context: theirs, text: shared });
    }
  });
  return found;

  /** Calls for each different context of a set, in one reading of all rows. */
  async function eachContext(
    all: LeakRows,
    has: (context: number) => boolean,
    take: (context: number, text: string) => void,
  ): Promise<void> {
    let number = 0;
    for await (const row of all.rows()) {
      const contexts = index.contextsOf(number);
      const texts = contexts.length === 0 ? [] : viewOf(row).contexts;
      for (const [place, context] of contexts.entries()) {
        const first = index.contextRows.at(context) === number && index.contextPlaces.at(context) === place;
        if (first && has(context)) take(context, texts[place] ?? '');
      }
      number++;
    }
  }
}

interface Members {
  readonly count: number;
  has(context: number): boolean;
}

function membersOf({ index }: LeakRows, numbers: readonly number[]): Members {
  const flags = new Uint8Array(index.contexts);
  let count = 0;
  for (const number of numbers) {
    for (const context of index.contextsOf(number)) {
      if (flags[context] === 0) count++;
      flags[context] = 1;
    }
  }
  return { count, has: (context) => flags[context] === 1 };
}

/** Which contexts have a fingerprint; those that too many have are no longer answered. */
class FingerprintTable {
  private readonly last = new KeyTable();
  private readonly contexts = new Numbers(new Int32Array(0));
  private readonly next = new Numbers(new Int32Array(0));

  add(print: number, context: number): void {
    const entry = this.contexts.length;
    this.contexts.push(context);
    this.next.push(this.last.get(print));
    this.last.set(print, entry);
  }

  of(print: number): number[] {
    const found: number[] = [];
    for (let entry = this.last.get(print); entry >= 0; entry = this.next.at(entry)) {
      found.push(this.contexts.at(entry));
      if (found.length > FRAME) return [];
    }
    return found;
  }
}
