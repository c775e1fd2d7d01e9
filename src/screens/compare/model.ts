import { type ColumnRun, type CompareState, MOST_COLUMNS } from '../../../stores/compare.ts';
import type { ColumnSlot } from '../../../stores/compare-columns.ts';
import { columnsOf, compareCommand, sameSettings } from '../../../stores/compare-columns.ts';
import { sanitize } from '../../platform/sanitize.ts';
import { createEditorModel, type EditorModel } from '../../ui/editor-model.ts';
import { t } from '../../ui/i18n/index.ts';
import { createStreamModel, type StreamModel } from '../../ui/stream-model.ts';
import type { ScreenContext } from '../context.ts';
import { passagesText } from './passages.ts';

/** Panes of the columns, by their place from the left. */
export const COLUMN_PANES: readonly string[] = Array.from({ length: MOST_COLUMNS }, (_, at) => `column${at + 1}`);

export interface CompareModel {
  readonly context: ScreenContext;
  readonly editor: EditorModel;
  /** What a column's body shows: answers, or the passages they were made from. */
  readonly body: () => 'answers' | 'passages';
  readonly toggleBody: () => void;
  /** Words that column 1 does not have are marked. */
  readonly marksWords: () => boolean;
  readonly toggleWords: () => void;
  readonly answer: (id: number) => StreamModel;
  readonly passages: (id: number) => StreamModel;
  /** Of the messages and of the command. */
  readonly text: StreamModel;
  readonly selected: () => ColumnSlot | undefined;
  readonly selectedAt: () => number;
  readonly selectedRun: () => ColumnRun | undefined;
  /** The column's place gets the focus. */
  readonly focusColumn: (at: number) => void;
  readonly send: () => void;
  readonly question: () => string;
  readonly command: () => string;
}

/** What a column has said so far. Pure. */
export const saidBy = (run: ColumnRun | undefined): string =>
  run?.result?.answer?.answer ?? run?.result?.partial ?? run?.buffer.text ?? '';

/** The run of a slot was made with other settings than it has now. Pure. */
export const isStale = (slot: ColumnSlot, run: ColumnRun): boolean => !sameSettings(slot.settings, run.column);

export function createCompareModel(context: ScreenContext): CompareModel {
  const { compare, ask, ui } = context;
  const editor = createEditorModel({ multiline: true });
  const answers = new Map<number, StreamModel>();
  const passages = new Map<number, StreamModel>();
  const text = createStreamModel();
  let body: 'answers' | 'passages' = 'answers';
  let marksWords = true;

  const streamOf = (streams: Map<number, StreamModel>, id: number, follow: boolean): StreamModel => {
    const known = streams.get(id);
    if (known) return known;
    const made = createStreamModel({ follow });
    streams.set(id, made);
    return made;
  };
  const selectedAt = (): number => {
    const { slots, selected } = compare.getState();
    return Math.max(
      0,
      slots.findIndex(({ id }) => id === selected),
    );
  };
  const selected = (): ColumnSlot | undefined => compare.getState().slots[selectedAt()];

  /** Streams follow their buffers; what only grew keeps its rows and its place. */
  const sync = (state: CompareState, before?: CompareState): void => {
    if (state.run === before?.run) return;
    const first = state.run?.columns.get(state.slots[0]?.id ?? -1);
    for (const { id } of state.slots) {
      const run = state.run?.columns.get(id);
      streamOf(answers, id, true).set(sanitize(saidBy(run)));
      streamOf(passages, id, false).set(passagesText(run?.search?.hits ?? [], first?.search?.hits, run === first));
    }
  };
  const refresh = (): void => {
    const { kb, llm } = ask.getState().settings;
    compare.getState().refresh({ kb, llm });
  };

  compare.subscribe(sync);
  ask.subscribe((state, before) => {
    if (state.settings.kb !== before.settings.kb || state.settings.llm !== before.settings.llm) refresh();
  });
  ui.subscribe((state, before) => {
    const focus = state.focus['compare'];
    if (focus === before.focus['compare'] || focus === undefined) return;
    const slot = compare.getState().slots[COLUMN_PANES.indexOf(focus)];
    if (slot) compare.getState().select(slot.id);
  });

  const question = (): string => editor.text().trim() || (compare.getState().run?.question ?? '');
  return {
    context,
    editor,
    body: () => body,
    toggleBody: () => {
      body = body === 'answers' ? 'passages' : 'answers';
    },
    marksWords: () => marksWords,
    toggleWords: () => {
      marksWords = !marksWords;
    },
    answer: (id) => streamOf(answers, id, true),
    passages: (id) => streamOf(passages, id, false),
    text,
    selected,
    selectedAt,
    selectedRun: () => compare.getState().run?.columns.get(selected()?.id ?? -1),
    focusColumn: (at) => {
      const pane = COLUMN_PANES[at];
      const slot = compare.getState().slots[at];
      if (!pane || !slot) return;
      compare.getState().select(slot.id);
      ui.getState().setFocus(pane, 'compare');
    },
    send: () => {
      const asked = question();
      if (editor.text().trim() !== '') editor.submit();
      // Asking takes long; the action ends here and the screen shows the rest.
      void compare.getState().compare(asked);
    },
    question,
    command: () => {
      const { kb, slots, order, passage } = compare.getState();
      const columns = columnsOf(slots);
      return compareCommand({
        question: question() || t('compare.question'),
        kb: kb ?? 'NAME',
        columns,
        order,
        passage,
      });
    },
  };
}
