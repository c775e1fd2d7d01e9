import { isFailure } from './item-state.ts';
import type { EvaluationItem } from './plan.ts';
import type { ItemResult } from './types.ts';

/** A question to put to all columns, or, tried again, to those that failed at it. */
export interface Piece {
  readonly item: EvaluationItem;
  /** From 0, in the run's order. */
  readonly place: number;
  readonly only: ReadonlySet<string> | null;
}

/** What failed, to be tried again on demand. */
export class FailedItems {
  /** By item: its place, and what the columns that failed at it came to. */
  readonly #items = new Map<EvaluationItem, { readonly place: number; readonly columns: Map<string, ItemResult> }>();

  /** Notes what came of an item; gives the failure that this result stands for now. */
  note(item: EvaluationItem, place: number, result: ItemResult): ItemResult | undefined {
    const failed = this.#items.get(item) ?? { place, columns: new Map<string, ItemResult>() };
    const before = failed.columns.get(result.column);
    if (isFailure(result)) failed.columns.set(result.column, result);
    else failed.columns.delete(result.column);
    if (failed.columns.size > 0) this.#items.set(item, failed);
    else this.#items.delete(item);
    return before;
  }

  /** All of it, each item for the columns that failed at it. */
  pieces(): Piece[] {
    return [...this.#items].map(([item, { place, columns }]) => ({ item, place, only: new Set(columns.keys()) }));
  }
}
