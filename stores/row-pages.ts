import type { RowSummary } from './datasets-port.ts';

const MOST_HELD = 2000;

export interface RowPagesOptions {
  /** As many of these rows as a moment allows, at least one of them. May throw. */
  readonly read: (numbers: readonly number[]) => readonly RowSummary[];
  /** Rows that were missing are here now. */
  readonly onMore: () => void;
}

/** The rows around those that are drawn: read when they are first wanted, a few milliseconds at a time. */
export function createRowPages({ read, onMore }: RowPagesOptions): {
  readonly window: (numbers: readonly number[]) => readonly RowSummary[];
  readonly clear: () => void;
} {
  const held = new Map<number, RowSummary>();
  let wanted: readonly number[] = [];
  let waiting = false;
  let failed = false;

  function readSome(): void {
    const missing = wanted.filter((number) => !held.has(number));
    if (missing.length === 0 || failed) return;
    try {
      for (const row of read(missing)) held.set(row.number, row);
    } catch {
      // The row that is opened says what is wrong with the file.
      failed = true;
    }
  }

  function readLater(): void {
    if (waiting || failed || wanted.every((number) => held.has(number))) return;
    waiting = true;
    setImmediate(() => {
      waiting = false;
      readSome();
      onMore();
      readLater();
    });
  }

  return {
    clear: () => {
      held.clear();
      failed = false;
    },
    window: (numbers) => {
      wanted = numbers;
      if (held.size > MOST_HELD) held.clear();
      readSome();
      readLater();
      return numbers.map((number) => held.get(number) ?? { number, question: '', answer: '' });
    },
  };
}
