import { bindActions } from '../../keys/bind.ts';
import { sanitize } from '../../platform/sanitize.ts';
import { t } from '../../ui/i18n/index.ts';
import type { ScreenDefinition } from '../../ui/screen.ts';
import type { ScreenContext } from '../context.ts';
import { compareActions } from './actions.ts';
import { saidBy } from './bodies.ts';
import { compareLayout } from './layout.ts';
import { comparisonText } from './messages.ts';
import { compareModals } from './modals.tsx';
import { COLUMN_PANES, type CompareModel, createCompareModel } from './model.ts';
import { historyActions, rowsActions } from './past-actions.ts';
import { CompareView } from './view.tsx';

/** One question, several columns: what each answers, found and took. */
export function createCompareScreen(context: ScreenContext): ScreenDefinition {
  const model = createCompareModel(context);
  const { compare, ask, datasets } = context;
  const state = compare.getState;
  return {
    id: 'compare',
    key: '7',
    title: () => t('compare.title'),
    panes: [
      { id: 'question', title: () => t('ask.question'), editor: () => model.editor },
      ...COLUMN_PANES.map((id, at) => ({
        id,
        title: () => t('compare.column', { number: at + 1 }),
        focusable: () => state().lower === 'columns' && at < state().slots.length,
        target: () => model.scrolled(at),
        copy: () => sanitize(saidBy(state().run?.columns.get(model.shown()[at]?.id ?? -1))) || null,
      })),
      {
        id: 'history',
        title: () => t('compare.history'),
        focusable: () => state().lower === 'history',
        target: () => model.history,
        copy: () => previewCopy(model),
        actions: bindActions(historyActions, () => model),
      },
      {
        id: 'rows',
        title: () => t('compare.rows'),
        focusable: () => state().lower === 'rows',
        target: () => model.rows,
        copy: () => model.rows.selected()?.question ?? null,
        actions: bindActions(rowsActions, () => model),
      },
      // It is looked at, and zoomed; nothing in it is chosen.
      { id: 'metrics', title: () => t('metrics.title'), focusable: () => model.showsMetrics() },
    ],
    layout: (rect) => compareLayout(rect, model),
    view: (props) => <CompareView model={model} {...props} />,
    actions: bindActions(compareActions, () => model),
    modals: compareModals(model),
    copyAll: () => {
      const { run, slots } = state();
      if (!run) return null;
      const columns = slots.flatMap(({ id }) => run.columns.get(id) ?? []);
      return `${comparisonText(run.question, columns)}\n\n${model.command()}`;
    },
    onEnter: () => {
      const { kb, llm } = ask.getState().settings;
      state().refresh({ kb, llm });
      void datasets.getState().refresh();
    },
    canGoBack: () => state().lower !== 'columns',
    back: () => {
      if (state().lower !== 'columns') {
        state().look({ lower: 'columns' });
        context.ui.getState().setFocus('question', 'compare');
        return true;
      }
      if (!state().run?.underWay) return false;
      state().cancel();
      return true;
    },
  };
}

/** The answers of the comparison under the cursor. */
function previewCopy({ context, history }: CompareModel): string | null {
  const { preview } = context.compare.getState();
  const selected = history.selected();
  if (!selected || preview?.id !== selected.id) return null;
  const answers = preview.columns.map(
    ({ column, answer, partial }) => `## ${column.name}\n${answer?.answer ?? partial}`,
  );
  return sanitize([preview.question, ...answers].join('\n\n'));
}
