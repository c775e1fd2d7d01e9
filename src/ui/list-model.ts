import { createStore, type StoreApi } from 'zustand/vanilla';
import { matchText } from './match.ts';
import type { NavigationTarget } from './screen.ts';

export interface ListState {
  /** Row under the cursor, in the filtered list; -1 when it is empty. */
  readonly cursor: number;
  /** First row on screen. */
  readonly top: number;
  readonly marks: ReadonlySet<string>;
  readonly filter: string;
}

export interface ListRow<T> {
  readonly item: T;
  readonly key: string;
  /** UTF-16 offsets in `text(item)` that the filter matched. */
  readonly matched: readonly number[];
}

export interface ListOptions<T> {
  /** Read anew each time: usually a selector over a store. */
  readonly items: () => readonly T[];
  readonly key: (item: T) => string;
  /** What the filter searches. Absent: no filter. */
  readonly text?: (item: T) => string;
  readonly marks?: boolean;
  /** After the cursor came to another item. */
  readonly onSelect?: (item: T | undefined) => void;
}

/**
 * Cursor, scroll position, marks and filter of one list or table. Lives outside React, beside the screen's store, so
 * that actions and mouse reach it; `List` and `Table` draw it.
 */
export interface ListModel<T> extends NavigationTarget {
  readonly store: StoreApi<ListState>;
  readonly rows: () => readonly ListRow<T>[];
  readonly selected: () => T | undefined;
  /** The marked items, else the one under the cursor: what a bulk action works on. */
  readonly chosen: () => readonly T[];
  readonly select: (key: string) => void;
  readonly clearMarks: () => void;
  /** Told by the component that draws it: rows of data on screen, rows of heading above them. */
  readonly viewport: { height: number; heading: number };
}

export function createListModel<T>(options: ListOptions<T>): ListModel<T> {
  const store = createStore<ListState>(() => ({ cursor: 0, top: 0, marks: new Set<string>(), filter: '' }));
  const viewport = { height: 10, heading: 0 };
  let cache: { items: readonly T[]; filter: string; rows: readonly ListRow<T>[] } | undefined;

  function rows(): readonly ListRow<T>[] {
    const items = options.items();
    const { filter } = store.getState();
    if (cache?.items === items && cache.filter === filter) return cache.rows;
    cache = { items, filter, rows: filtered(items, filter, options) };
    return cache.rows;
  }

  function moveTo(wanted: number): void {
    const before = selected();
    const count = rows().length;
    const cursor = Math.max(0, Math.min(count - 1, wanted));
    const { top } = store.getState();
    store.setState({ cursor, top: scrolledTo(cursor, top, viewport.height, count) });
    const after = selected();
    if (after !== before) options.onSelect?.(after);
  }

  function selected(): T | undefined {
    const all = rows();
    // Items may have left since the cursor was set.
    return all[Math.min(store.getState().cursor, all.length - 1)]?.item;
  }

  const model: ListModel<T> = {
    store,
    viewport,
    rows,
    selected,
    chosen: () => {
      const { marks } = store.getState();
      const marked = rows().filter((row) => marks.has(row.key));
      const one = selected();
      return marked.length > 0 ? marked.map((row) => row.item) : one === undefined ? [] : [one];
    },
    select: (key) => moveTo(rows().findIndex((row) => row.key === key)),
    clearMarks: () => store.setState({ marks: new Set() }),
    move: (by) => moveTo(Math.min(store.getState().cursor, rows().length - 1) + by),
    page: (direction) => moveTo(store.getState().cursor + direction * Math.max(1, viewport.height - 1)),
    edge: (end) => moveTo(end === 'first' ? 0 : rows().length - 1),
    click: (row) => {
      const index = store.getState().top + row - viewport.heading;
      if (row < viewport.heading || index >= rows().length) return false;
      moveTo(index);
      return true;
    },
    ...(options.marks
      ? {
          mark: () => {
            const row = rows()[store.getState().cursor];
            if (!row) return;
            const marks = new Set(store.getState().marks);
            if (!marks.delete(row.key)) marks.add(row.key);
            store.setState({ marks });
            moveTo(store.getState().cursor + 1);
          },
        }
      : {}),
    ...(options.text
      ? {
          filter: {
            get: () => store.getState().filter,
            set: (filter: string) => {
              const kept = selected();
              store.setState({ filter });
              const index = kept === undefined ? -1 : rows().findIndex((row) => row.item === kept);
              moveTo(Math.max(0, index));
            },
          },
        }
      : {}),
  };
  return model;
}

function filtered<T>(items: readonly T[], filter: string, options: ListOptions<T>): readonly ListRow<T>[] {
  const { text } = options;
  const rows: ListRow<T>[] = [];
  for (const item of items) {
    const matched = filter && text ? matchText(text(item), filter) : [];
    if (matched) rows.push({ item, key: options.key(item), matched });
  }
  return rows;
}

/** The first row to draw so that `cursor` is on screen, moving as little as possible and leaving no empty rows below. */
export function scrolledTo(cursor: number, top: number, height: number, count: number): number {
  const latest = Math.max(0, count - height);
  const lowest = Math.max(0, cursor - height + 1);
  return Math.min(latest, Math.max(lowest, Math.min(top, Math.max(0, cursor))));
}
