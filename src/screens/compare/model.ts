import type { ColumnRun } from '../../../stores/compare.ts';
import { MOST_COLUMNS } from '../../../stores/compare.ts';
import type { ColumnSlot } from '../../../stores/compare-columns.ts';
import { columnsOf, compareCommand, sameSettings } from '../../../stores/compare-columns.ts';
import { shownSlots } from '../../../stores/compare-view.ts';
import type { RowSummary } from '../../../stores/datasets.ts';
import { needsKb } from '../../rag/columns.ts';
import type { ColumnSet, ComparisonSummary } from '../../rag/comparisons/types.ts';
import { NO_KB } from '../../rag/types.ts';
import { createEditorModel, type EditorModel } from '../../ui/editor-model.ts';
import { t } from '../../ui/i18n/index.ts';
import { createListModel, type ListModel } from '../../ui/list-model.ts';
import type { NavigationTarget } from '../../ui/screen.ts';
import { createStreamModel, type StreamModel } from '../../ui/stream-model.ts';
import type { ScreenContext } from '../context.ts';
import { type ColumnBodies, createColumnBodies } from './bodies.ts';

/** Panes of the columns, by their place from the left. */
export const COLUMN_PANES: readonly string[] = Array.from({ length: MOST_COLUMNS }, (_, at) => `column${at + 1}`);

export interface CompareModel {
  readonly context: ScreenContext;
  readonly editor: EditorModel;
  readonly bodies: ColumnBodies;
  readonly history: ListModel<ComparisonSummary>;
  readonly rows: ListModel<RowSummary>;
  readonly sets: ListModel<ColumnSet>;
  /** Of the messages, the command, the board. */
  readonly text: StreamModel;
  /** The columns as they stand on screen. */
  readonly shown: () => readonly ColumnSlot[];
  readonly selected: () => ColumnSlot | undefined;
  /** Its place on screen. */
  readonly selectedAt: () => number;
  readonly selectedRun: () => ColumnRun | undefined;
  /** The numbers are on screen. */
  readonly showsMetrics: () => boolean;
  /** What scrolls in the column at a place: it alone, or all of them. */
  readonly scrolled: (at: number) => NavigationTarget | null;
  /** The column's place gets the focus. */
  readonly focusColumn: (at: number) => void;
  /** The question has the focus. */
  readonly writing: () => boolean;
  /** Asks all columns; without a question, goes to where one is written. */
  readonly send: () => void;
  readonly question: () => string;
  readonly command: () => string;
  /** Takes a question of the rows into the field. */
  readonly take: (at: number) => Promise<void>;
}

/** The run of a slot was made with other settings than it has now. Pure. */
export const isStale = (slot: ColumnSlot, run: ColumnRun): boolean => !sameSettings(slot.settings, run.column);

const NO_SUMMARIES: readonly ComparisonSummary[] = [];
const NO_ROWS: readonly RowSummary[] = [];

export function createCompareModel(context: ScreenContext): CompareModel {
  const { compare, ask, ui } = context;
  const editor = createEditorModel({ multiline: true });
  const bodies = createColumnBodies(compare);
  const history = createListModel<ComparisonSummary>({
    items: () => compare.getState().history ?? NO_SUMMARIES,
    key: ({ id }) => String(id),
    text: historyText,
    onSelect: (summary) => {
      if (summary) void compare.getState().showPreview(summary.id);
    },
  });
  const rows = createListModel<RowSummary>({
    items: () => compare.getState().rows?.list ?? NO_ROWS,
    key: ({ number }) => String(number),
    text: ({ question, answer }) => `${question}  ${answer}`,
  });
  const sets = createListModel<ColumnSet>({ items: () => compare.getState().sets, key: ({ name }) => name });
  const text = createStreamModel();

  const shown = (): readonly ColumnSlot[] => {
    const { slots, blindSeed } = compare.getState();
    return shownSlots(slots, blindSeed);
  };
  const selectedAt = (): number => {
    const { selected } = compare.getState();
    return Math.max(
      0,
      shown().findIndex(({ id }) => id === selected),
    );
  };
  const selected = (): ColumnSlot | undefined => shown()[selectedAt()];

  const refresh = (): void => {
    const { kb, llm } = ask.getState().settings;
    compare.getState().refresh({ kb, llm });
  };
  ask.subscribe((state, before) => {
    if (state.settings.kb !== before.settings.kb || state.settings.llm !== before.settings.llm) refresh();
  });
  ui.subscribe((state, before) => {
    const focus = state.focus['compare'];
    if (focus === before.focus['compare'] || focus === undefined) return;
    const slot = shown()[COLUMN_PANES.indexOf(focus)];
    if (slot) compare.getState().select(slot.id);
  });

  const question = (): string => editor.text().trim() || (compare.getState().run?.question ?? '');
  return {
    context,
    editor,
    bodies,
    history,
    rows,
    sets,
    text,
    shown,
    selected,
    selectedAt,
    selectedRun: () => compare.getState().run?.columns.get(selected()?.id ?? -1),
    showsMetrics: () => {
      const { metrics, blind, lower } = compare.getState();
      // Times would give a hidden column away.
      return metrics && blind !== 'hidden' && lower === 'columns';
    },
    scrolled: (at) => {
      const slot = shown()[at];
      if (!slot) return null;
      if (!compare.getState().synced) return bodies.body(slot.id).stream;
      return allOf(shown().map(({ id }) => bodies.body(id).stream));
    },
    focusColumn: (at) => {
      const pane = COLUMN_PANES[at];
      const slot = shown()[at];
      if (!pane || !slot) return;
      compare.getState().select(slot.id);
      ui.getState().setFocus(pane, 'compare');
    },
    writing: () => (ui.getState().focus['compare'] ?? 'question') === 'question',
    send: () => {
      const asked = question();
      if (asked === '') return ui.getState().setFocus('question', 'compare');
      if (editor.text().trim() !== '') editor.submit();
      compare.getState().look({ lower: 'columns' });
      // Asking takes long; the action ends here and the screen shows the rest.
      void compare.getState().compare(asked);
    },
    question,
    command: () => {
      const { kb, slots, order, passage } = compare.getState();
      const columns = columnsOf(slots);
      const asked = question() || t('compare.question');
      return compareCommand({
        question: asked,
        kb: kb ?? (needsKb(columns) ? 'NAME' : NO_KB),
        columns,
        order,
        passage,
      });
    },
    take: async (at) => {
      const taken = await compare.getState().take(at);
      if (taken === '') return;
      const summary = compare.getState().rows?.list[at];
      if (summary) rows.select(String(summary.number));
      editor.set(taken);
      compare.getState().look({ lower: 'columns' });
    },
  };
}

/** What the filter of the history searches: question, knowledge base, columns. Pure. */
export const historyText = ({ question, kb, columns }: ComparisonSummary): string =>
  `${question}  ${kb} · ${columns.map(({ name }) => name).join(' | ')}`;

/** Scrolls several texts with one key. */
const allOf = (targets: readonly NavigationTarget[]): NavigationTarget => ({
  move: (by) => {
    for (const target of targets) target.move(by);
  },
  page: (direction) => {
    for (const target of targets) target.page(direction);
  },
  edge: (end) => {
    for (const target of targets) target.edge(end);
  },
});
