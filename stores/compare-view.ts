import { blindOrder } from '../src/rag/comparisons/votes.ts';
import type { CompareAccess } from './compare.ts';
import type { ColumnSlot } from './compare-columns.ts';

/** What is lit in an answer: words that the base does not have, all of its differences from it, what stands word for word in passages. */
export const MARKS = ['new', 'diff', 'copied', 'off'] as const;
export type Marks = (typeof MARKS)[number];
export type CompareBody = 'answers' | 'passages';
export type CompareLower = 'columns' | 'history' | 'rows';

/** How the comparison is looked at. */
export interface ViewSlice {
  /** What a column's body shows: answers, or the passages they were made from. */
  readonly body: CompareBody;
  /** What lies below the question. */
  readonly lower: CompareLower;
  readonly marks: Marks;
  /** An answer that another column gave already is one line. */
  readonly folded: boolean;
  /** One column scrolls, all do. */
  readonly synced: boolean;
  /** Thoughts are shown above the answers. */
  readonly thoughts: boolean;
  /** The panel of speeds and servers. */
  readonly metrics: boolean;
  /** `hidden`: names, settings and times are not shown and columns stand in any order, until `reveal`. */
  readonly blind: 'off' | 'hidden' | 'revealed';
  /** What shuffled the columns; null = they stand as they are. */
  readonly blindSeed: number | null;
  look(
    change: Partial<Pick<ViewSlice, 'body' | 'lower' | 'folded' | 'synced' | 'thoughts' | 'metrics' | 'marks'>>,
  ): void;
  nextMarks(): void;
  setBlind(on: boolean): void;
  reveal(): void;
  /** A new order, if columns are to be judged blind. */
  shuffle(): void;
}

export interface ViewDependencies {
  /** A whole number to shuffle by. */
  readonly seed: () => number;
}

export function createViewSlice({ get, set }: CompareAccess, { seed }: ViewDependencies): ViewSlice {
  return {
    body: 'answers',
    lower: 'columns',
    marks: 'new',
    folded: true,
    synced: false,
    thoughts: false,
    metrics: false,
    blind: 'off',
    blindSeed: null,
    look: (change) => set(change),
    nextMarks: () => set({ marks: MARKS[(MARKS.indexOf(get().marks) + 1) % MARKS.length] ?? 'new' }),
    setBlind: (on) => set(on ? { blind: 'hidden', blindSeed: seed() } : { blind: 'off', blindSeed: null }),
    reveal: () => {
      if (get().blind === 'hidden') set({ blind: 'revealed' });
    },
    shuffle: () => {
      if (get().blind !== 'off') set({ blind: 'hidden', blindSeed: seed() });
    },
  };
}

/** The columns as they stand on screen. Pure. */
export function shownSlots(slots: readonly ColumnSlot[], blindSeed: number | null): readonly ColumnSlot[] {
  return blindSeed === null ? slots : blindOrder(slots.length, blindSeed).flatMap((at) => slots[at] ?? []);
}
