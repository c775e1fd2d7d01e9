import { bindActions } from '../../keys/bind.ts';
import { t } from '../../ui/i18n/index.ts';
import { type Rect, splitColumns, splitRows } from '../../ui/rect.ts';
import type { ScreenDefinition } from '../../ui/screen.ts';
import type { ScreenContext } from '../context.ts';
import { createPathModal } from '../path-modal.tsx';
import { datasetsActions, findingsActions, listActions, rowsActions, versionsActions } from './actions.ts';
import { startImport } from './import-form.ts';
import { createMaking } from './making.ts';
import { makingActions } from './making-actions.ts';
import { createMakingModal } from './making-modal.tsx';
import { datasetModals } from './modals.tsx';
import { type Body, createDatasetsModel } from './model.ts';
import { reviewModals } from './review-modal.tsx';
import { createReviewModel } from './review-model.ts';
import { DatasetsView } from './view.tsx';

const WIDE = 110;

/** The datasets, the rows of one of them, and one row with its answer lit in its context. */
export function createDatasetsScreen(context: ScreenContext): ScreenDefinition {
  const model = createDatasetsModel(context);
  const making = createMaking(context);
  const review = createReviewModel(context);
  const path = createPathModal(context, {
    id: 'datasets.path',
    title: () => t('datasets.importTitle'),
    submit: (file) => startImport(context, file),
    // The first one may as well be the sample that comes along: Enter takes it.
    initial: () => (context.datasets.getState().list?.length === 0 ? context.sample.dataset : '~/'),
    takes: (text) => /^hub:[\w.-]+\/[\w.-]+/.test(text),
  });
  return {
    id: 'datasets',
    key: '8',
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
        focusable: () => model.body() === 'rows',
        copy: () =>
          context.datasets.getState().window(model.rows.cursor(), model.rows.cursor() + 1)[0]?.question ?? null,
        actions: bindActions(rowsActions, () => model),
      },
      {
        id: 'findings',
        title: () => t('datasets.findings'),
        target: () => model.findings,
        focusable: () => model.body() === 'findings',
        actions: bindActions(findingsActions, () => model),
      },
      {
        id: 'versions',
        title: () => t('datasets.versions'),
        target: () => model.versions,
        focusable: () => model.body() === 'versions',
        copy: () => model.versions.selected()?.version ?? null,
        actions: bindActions(versionsActions, () => model),
      },
      {
        id: 'row',
        title: () => t('datasets.row'),
        target: () => model.text,
        copy: () => model.text.text() || null,
      },
    ],
    layout: (rect) => layout(rect, model.body()),
    view: (props) => <DatasetsView model={model} {...props} />,
    actions: [
      ...bindActions(
        datasetsActions(() => path.open()),
        () => model,
      ),
      ...bindActions(makingActions, () => ({ model, making, review })),
    ],
    modals: [path.definition, ...datasetModals(model), createMakingModal(making), ...reviewModals(review)],
    copyAll: () => model.text.text() || null,
    back: () => {
      if (model.rule() !== null) model.openRule(null);
      else if (model.body() !== 'rows') {
        model.show('rows');
        context.ui.getState().setFocus('rows', 'datasets');
      } else return false;
      return true;
    },
    canGoBack: () => model.rule() !== null || model.body() !== 'rows',
    onEnter: () => void context.datasets.getState().refresh(),
  };
}

function layout(rect: Rect, body: Body): Record<string, Rect> {
  if (rect.width >= WIDE) {
    const [left, row] = splitColumns(rect, ['1fr', '1fr']);
    const [list, rows] = left ? splitRows(left, [Math.min(12, Math.floor(rect.height / 3)), '1fr']) : [];
    return list && rows && row ? { list, [body]: rows, row } : {};
  }
  const [list, rows, row] = splitRows(rect, [5, '3fr', '2fr']);
  return list && rows && row ? { list, [body]: rows, row } : {};
}
