import { bindActions } from '../../keys/bind.ts';
import { t } from '../../ui/i18n/index.ts';
import { type Rect, splitColumns, splitRows } from '../../ui/rect.ts';
import type { ScreenDefinition } from '../../ui/screen.ts';
import type { ScreenContext } from '../context.ts';
import { createPathModal } from '../path-modal.tsx';
import { datasetsActions, listActions, rowsActions } from './actions.ts';
import { askImport } from './flows.ts';
import { createDatasetsModel } from './model.ts';
import { DatasetsView } from './view.tsx';

const WIDE = 110;

/** The datasets, the rows of one of them, and one row with its answer lit in its context. */
export function createDatasetsScreen(context: ScreenContext): ScreenDefinition {
  const model = createDatasetsModel(context);
  const path = createPathModal(context, {
    id: 'datasets.path',
    title: () => t('datasets.importTitle'),
    submit: (file) => askImport(context, file),
  });
  return {
    id: 'datasets',
    number: 8,
    title: () => t('datasets.title'),
    panes: [
      {
        id: 'list',
        title: () => t('datasets.list'),
        target: () => model.list,
        copy: () => model.list.selected()?.name ?? null,
        actions: bindActions(listActions, () => model),
      },
      {
        id: 'rows',
        title: () => t('datasets.rows'),
        target: () => model.rows,
        copy: () => model.rows.selected()?.question ?? null,
        actions: bindActions(rowsActions, () => model),
      },
      {
        id: 'row',
        title: () => t('datasets.row'),
        target: () => model.text,
        copy: () => model.text.text() || null,
      },
    ],
    layout,
    view: (props) => <DatasetsView model={model} {...props} />,
    actions: bindActions(
      datasetsActions(() => path.open()),
      () => model,
    ),
    modals: [path.definition],
    copyAll: () => model.text.text() || null,
    onEnter: () => void context.datasets.getState().refresh(),
  };
}

function layout(rect: Rect): Record<string, Rect> {
  if (rect.width >= WIDE) {
    const [left, row] = splitColumns(rect, ['1fr', '1fr']);
    const [list, rows] = left ? splitRows(left, [Math.min(12, Math.floor(rect.height / 3)), '1fr']) : [];
    return list && rows && row ? { list, rows, row } : {};
  }
  const [list, rows, row] = splitRows(rect, [5, '2fr', '3fr']);
  return list && rows && row ? { list, rows, row } : {};
}
