import type { IndexChange } from '../store/context.ts';

/** Vectors that indexes got since nobody has them open, and that are in no segment yet. */
export class FreshSlots {
  readonly #slots = new Map<number, Set<number>>();

  note({ indexId, slot, op }: IndexChange): void {
    let slots = this.#slots.get(indexId);
    if (!slots) {
      slots = new Set();
      this.#slots.set(indexId, slots);
    }
    if (op === 'add') slots.add(slot);
    else slots.delete(slot);
  }

  size(indexId: number): number {
    return this.#slots.get(indexId)?.size ?? 0;
  }

  /** The oldest `count` of them, which are no longer fresh. */
  take(indexId: number, count: number): Uint32Array<ArrayBuffer> {
    const slots = this.#slots.get(indexId);
    const taken: number[] = [];
    for (const slot of slots ?? []) {
      if (taken.length >= count) break;
      taken.push(slot);
    }
    for (const slot of taken) slots?.delete(slot);
    return Uint32Array.from(taken);
  }

  forget(indexId: number): void {
    this.#slots.delete(indexId);
  }
}
