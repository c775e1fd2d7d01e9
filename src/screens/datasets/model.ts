import type { RowSummary } from '../../../stores/datasets.ts';
import { renderRow } from '../../datasets/render.ts';
import type { DatasetManifest } from '../../datasets/types.ts';
import { errorLine } from '../../platform/errors.ts';
import { createListModel, type ListModel } from '../../ui/list-model.ts';
import { createStreamModel, type HighlightRange, type StreamModel } from '../../ui/stream-model.ts';
import type { ScreenContext } from '../context.ts';
import { messagesText, rowText } from './row-text.ts';

export interface DatasetsModel {
  readonly context: ScreenContext;
  readonly list: ListModel<DatasetManifest>;
  readonly rows: ListModel<RowSummary>;
  readonly text: StreamModel;
  readonly lit: () => readonly HighlightRange[];
  /** The row as it is trained on is shown instead of its fields. */
  readonly rendered: () => boolean;
  readonly toggleRendered: () => void;
}

const NONE: readonly DatasetManifest[] = [];
const NO_ROWS: readonly RowSummary[] = [];

/** Lists and texts of the screen over its store. */
export function createDatasetsModel(context: ScreenContext): DatasetsModel {
  const { datasets } = context;
  const text = createStreamModel();
  let lit: readonly HighlightRange[] = [];
  let rendered = false;

  const list = createListModel<DatasetManifest>({
    items: () => datasets.getState().list ?? NONE,
    key: ({ name }) => name,
    text: ({ name, kind }) => `${name} ${kind}`,
    onSelect: (manifest) => {
      if (manifest) datasets.getState().select(manifest.name);
    },
  });
  const rows = createListModel<RowSummary>({
    items: () => datasets.getState().rows?.list ?? NO_ROWS,
    key: ({ number }) => String(number),
    text: ({ question, answer }) => `${question} ${answer}`,
    onSelect: (row) => {
      if (row) void datasets.getState().openRow(row.number);
    },
  });
  const draw = (): void => {
    const { open } = datasets.getState();
    if (!open) {
      lit = [];
      text.set('');
      return;
    }
    if (rendered) {
      lit = [];
      text.set(renderedText(open));
      return;
    }
    const shown = rowText(open.row);
    lit = shown.lit;
    text.set(shown.text);
  };
  datasets.subscribe((state, before) => {
    if (state.open !== before.open) draw();
    if (state.selected && state.selected !== before.selected && list.selected()?.name !== state.selected)
      list.select(state.selected);
    if (state.rows?.dataset !== before.rows?.dataset || state.rows?.part !== before.rows?.part) rows.edge('first');
  });
  return {
    context,
    list,
    rows,
    text,
    lit: () => lit,
    rendered: () => rendered,
    toggleRendered: () => {
      rendered = !rendered;
      draw();
      // Text and note lie outside every store: the screen is told by one that changes.
      datasets.setState({});
    },
  };
}

function renderedText({ row, number }: { row: Parameters<typeof renderRow>[0]; number: number }): string {
  try {
    return messagesText(renderRow(row, number));
  } catch (error) {
    return errorLine(error);
  }
}
