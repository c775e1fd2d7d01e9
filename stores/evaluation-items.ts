import { createStore, type StoreApi } from 'zustand/vanilla';
import type { BlameReport } from '../src/evaluation/blame/run.ts';
import type { QuestionRow } from '../src/evaluation/figures.ts';
import { mentions, parseExpression } from '../src/evaluation/items/expression.ts';
import type { ItemScope } from '../src/evaluation/items/fields.ts';
import { listItems, scopeOf } from '../src/evaluation/items/list.ts';
import type { ItemNote, ItemNotes } from '../src/evaluation/items/notes.ts';
import type { SentItems } from '../src/evaluation/items/send.ts';
import type { JobId } from '../src/jobs/types.ts';
import { RagtuiError, toRagtuiError } from '../src/platform/errors.ts';
import type { EvaluationStore, ItemsPort } from './evaluation.ts';

export interface EvaluationItemsState {
  /** As it was typed; it holds also while it cannot be read yet, then `rows` are those of the last one that could. */
  readonly filter: string;
  readonly sort: string;
  /** Null: the last column that was asked, against the first. */
  readonly column: string | null;
  readonly base: string | null;
  readonly rows: readonly QuestionRow[];
  /** What names mean in the run that is looked at; null while there are no figures. */
  readonly scope: ItemScope | null;
  /** Why the filter or the order cannot be read. */
  readonly problem: RagtuiError | null;
  readonly blame: BlameReport | null;
  readonly blaming: boolean;
  /** Why that could not be told; a filter by it finds nothing then. */
  readonly blameError: RagtuiError | null;
  setFilter(filter: string): void;
  setSort(sort: string): void;
  compare(columns: { readonly column?: string | null; readonly base?: string | null }): void;
  /** Asks where answers went wrong, once for each run's figures. */
  readBlame(): Promise<void>;
  note(items: readonly string[], change: Partial<ItemNote>): void;
  send(items: readonly string[], dataset: string): Promise<SentItems>;
}
export type EvaluationItemsStore = StoreApi<EvaluationItemsState>;

const NO_ROWS: readonly QuestionRow[] = [];

/** The items of the run that is looked at: which are shown, in which order, compared how, and what is said about them. */
export function createEvaluationItemsStore({
  items,
  evaluation,
}: {
  readonly items: ItemsPort;
  readonly evaluation: EvaluationStore;
}): EvaluationItemsStore {
  let asking: AbortController | undefined;
  let notes: ItemNotes = {};

  const store = createStore<EvaluationItemsState>()((set, get) => {
    const change = (wish: Partial<EvaluationItemsState>): void => {
      set(wish);
      show();
    };
    const shown = (): JobId => {
      const id = evaluation.getState().shown;
      if (id === null) throw new RagtuiError('usage', 'There is no run.');
      return id;
    };
    return {
      filter: '',
      sort: '',
      column: null,
      base: null,
      rows: NO_ROWS,
      scope: null,
      problem: null,
      blame: null,
      blaming: false,
      blameError: null,
      setFilter: (filter) => change({ filter }),
      setSort: (sort) => change({ sort }),
      compare: (columns) => change(columns),
      readBlame: async () => {
        if (get().blaming || get().blame) return;
        const mine = new AbortController();
        asking = mine;
        set({ blaming: true, blameError: null });
        try {
          const blame = await items.blame(shown(), mine.signal);
          if (!mine.signal.aborted) change({ blame, blaming: false });
        } catch (error) {
          if (!mine.signal.aborted) set({ blaming: false, blameError: toRagtuiError(error) });
        }
      },
      note: (of, wish) => {
        notes = items.note(shown(), of, wish);
        show();
      },
      send: (of, dataset) => items.send(shown(), of, dataset),
    };
  });

  /** Filters and sorts anew; what cannot be read leaves the rows as they were. */
  function show(): void {
    const { figures } = evaluation.getState();
    const { filter, sort, column, base, blame, blameError } = store.getState();
    if (!figures) {
      store.setState({ rows: NO_ROWS, scope: null, problem: null });
      return;
    }
    try {
      const names = figures.report.columns.map(({ name }) => name);
      const known = (name: string | null): string | null => (name !== null && names.includes(name) ? name : null);
      const scope = scopeOf(figures, { column: known(column), base: known(base), blame, notes });
      store.setState({ scope });
      const asked = /(?:^|[.-])blame$/.test(sort) || mentions(parseExpression(filter), 'blame');
      if (blame === null && blameError === null && asked) void store.getState().readBlame();
      store.setState({ rows: listItems(figures.questions, scope, { filter, sort }), problem: null });
    } catch (error) {
      store.setState({ problem: toRagtuiError(error) });
    }
  }

  evaluation.subscribe((state, before) => {
    if (state.shown !== before.shown) {
      asking?.abort();
      notes = state.shown === null ? {} : items.notes(state.shown);
      store.setState({ filter: '', sort: '', column: null, base: null, problem: null, rows: NO_ROWS });
    }
    if (state.shown !== before.shown || state.figures !== before.figures) {
      asking?.abort();
      store.setState({ blame: null, blaming: false, blameError: null });
      show();
      if (state.page === 'blame' && state.figures !== null) void store.getState().readBlame();
    }
  });
  return store;
}
