import { createStore } from 'zustand/vanilla';
import { type ListModel, type ListRow, type ListState, scrolledTo } from './list-model.ts';
import type { NavigationTarget } from './screen.ts';
import type { TableModel } from './Table.tsx';

export interface PagedOptions<T> {
  readonly count: () => number;
  /** The rows from `from` up to `to`, as far as they are at hand; called for what is drawn. */
  readonly slice: (from: number, to: number) => readonly T[];
  /** Number of the row at a place: what it is marked by. */
  readonly number: (place: number) => number;
  readonly key: (item: T) => string;
  readonly onSelect: (place: number) => void;
  readonly filter: { readonly get: () => string; readonly set: (text: string) => void };
}

/** Cursor and marks over rows that are read page by page: none of them is held here. */
export interface PagedModel<T> extends NavigationTarget, TableModel<T> {
  readonly cursor: () => number;
  readonly moveTo: (place: number) => void;
  readonly marked: () => readonly number[];
  readonly markAll: () => void;
  readonly clearMarks: () => void;
  readonly viewport: ListModel<T>['viewport'];
}

export function createPagedModel<T>(options: PagedOptions<T>): PagedModel<T> {
  const store = createStore<ListState>(() => ({ cursor: 0, top: 0, marks: new Set<string>(), filter: '' }));
  const viewport = { height: 10, heading: 0 };
  const cursor = (): number => Math.min(store.getState().cursor, options.count() - 1);

  function moveTo(wanted: number): void {
    const count = options.count();
    const at = Math.max(0, Math.min(count - 1, wanted));
    const before = cursor();
    store.setState({ cursor: at, top: scrolledTo(at, store.getState().top, viewport.height, count) });
    if (at !== before) options.onSelect(at);
  }

  return {
    store,
    viewport,
    cursor,
    moveTo,
    rows: () => ({
      length: options.count(),
      slice: (from, to) =>
        options
          .slice(from, Math.min(to, options.count()))
          .map((item): ListRow<T> => ({ item, key: options.key(item), matched: [] })),
    }),
    marked: () => [...store.getState().marks].map(Number).sort((a, b) => a - b),
    markAll: () =>
      store.setState({
        marks: new Set(Array.from({ length: options.count() }, (_, at) => String(options.number(at)))),
      }),
    clearMarks: () => store.setState({ marks: new Set() }),
    move: (by) => moveTo(cursor() + by),
    page: (direction) => moveTo(cursor() + direction * Math.max(1, viewport.height - 1)),
    edge: (end) => moveTo(end === 'first' ? 0 : options.count() - 1),
    click: (row) => {
      const place = store.getState().top + row - viewport.heading;
      if (row < viewport.heading || place >= options.count()) return false;
      moveTo(place);
      return true;
    },
    mark: () => {
      if (options.count() === 0) return;
      const marks = new Set(store.getState().marks);
      const key = String(options.number(cursor()));
      if (!marks.delete(key)) marks.add(key);
      store.setState({ marks });
      moveTo(cursor() + 1);
    },
    filter: {
      get: options.filter.get,
      set: (filter) => {
        store.setState({ filter });
        options.filter.set(filter);
      },
    },
  };
}
