import { MOST_COLUMNS } from '../../../stores/compare.ts';
import { columnsOf } from '../../../stores/compare-columns.ts';
import type { Action } from '../../keys/types.ts';
import { t } from '../../ui/i18n/index.ts';
import { changeable, inHistory, underWay } from './conditions.ts';
import { matrixWish, setMatrix } from './matrix.ts';
import type { CompareModel } from './model.ts';
import { chooseKb, chooseSetting } from './settings-menu.ts';

const COMMAND = 'ragtui compare "question" --kb NAME --column name=A,llm=ID --column name=B,llm=ID,mode=bm25';

/** The focus stays with the selected column when columns come, go and move. */
const follow = (model: CompareModel): void => model.focusColumn(model.selectedAt());

const moveBy = (by: -1 | 1) => (model: CompareModel) => {
  const slot = model.selected();
  if (!slot) return;
  model.context.compare.getState().move(slot.id, by);
  follow(model);
};
const canMove =
  (by: -1 | 1) =>
  (model: CompareModel): true | string => {
    const able = changeable(model);
    if (able !== true) return able;
    const { slots, selected } = model.context.compare.getState();
    const at = slots.findIndex(({ id }) => id === selected) + by;
    return at >= 0 && at < slots.length ? true : t(by < 0 ? 'compare.why.firstColumn' : 'compare.why.furthestColumn');
  };

/** What changes the columns. */
export const columnActions: readonly Action<CompareModel>[] = [
  {
    id: 'compare.settings',
    title: 'Column',
    help: 'Changes LLM, embedder, node group, mode, passages, reranker, instruction, context, prompt, sampling of the selected column.',
    keys: ['s', 'ctrl+o'],
    rank: 3,
    inText: true,
    command: 'ragtui compare "question" --column name=A,llm=ID,embedder=ID,mode=MODE,top-k=N,context=WHAT,prompt=NAME',
    when: changeable,
    run: (model) => {
      const slot = model.selected();
      if (slot) chooseSetting(model.context, slot);
    },
  },
  {
    id: 'compare.clone',
    title: 'Add',
    help: 'Adds a column: a copy of the selected one, to change one thing in it.',
    keys: ['a', 'c'],
    rank: 4,
    command: COMMAND,
    when: (model) => {
      const full = model.context.compare.getState().slots.length >= MOST_COLUMNS;
      return full ? t('compare.why.full', { count: MOST_COLUMNS }) : changeable(model);
    },
    run: (model) => {
      model.context.compare.getState().clone();
      follow(model);
      const slot = model.selected();
      if (slot) chooseSetting(model.context, slot);
    },
  },
  {
    id: 'compare.remove',
    title: 'Remove',
    help: 'Takes the selected column away; in the history, the comparison under the cursor. u brings it back.',
    keys: ['d', 'delete'],
    when: (model) => {
      if (inHistory(model)) return model.history.selected() ? true : t('compare.why.nothingYet');
      return model.context.compare.getState().slots.length < 2 ? t('compare.why.lastColumn') : changeable(model);
    },
    run: async (model) => {
      const { compare, ui } = model.context;
      if (inHistory(model)) {
        const summary = model.history.selected();
        if (!summary) return;
        await compare.getState().forget(summary.id);
        ui.getState().toast(t('compare.forgotten', { id: summary.id }), 'info');
        return;
      }
      const slot = model.selected();
      if (!slot) return;
      compare.getState().remove(slot.id);
      follow(model);
    },
  },
  {
    id: 'compare.undo',
    title: 'Undo',
    help: 'Takes back the last change of the columns; in the history, brings back what was deleted last.',
    keys: ['u'],
    when: (model) => {
      const { undone, forgotten } = model.context.compare.getState();
      if (inHistory(model)) return forgotten === null ? t('compare.why.nothingToUndo') : true;
      if (undone.length === 0) return t('compare.why.nothingToUndo');
      return changeable(model);
    },
    run: async (model) => {
      const { compare } = model.context;
      if (inHistory(model)) await compare.getState().remember();
      else {
        compare.getState().undo();
        follow(model);
      }
    },
  },
  {
    id: 'compare.rename',
    title: 'Name',
    help: 'Names the selected column; without a name it is called by what differs.',
    keys: ['n'],
    when: changeable,
    run: ({ context, selected }) => {
      const slot = selected();
      if (!slot) return;
      const { slots } = context.compare.getState();
      context.ui.getState().prompt({
        title: t('compare.renameTitle'),
        text: t('compare.renameText'),
        initial: columnsOf(slots)[slots.findIndex(({ id }) => id === slot.id)]?.name ?? '',
        submit: (name) => context.compare.getState().rename(slot.id, name.trim()),
      });
    },
  },
  {
    id: 'compare.moveLeft',
    title: 'Move left',
    help: 'Moves the selected column one place to the left.',
    keys: ['<'],
    when: canMove(-1),
    run: moveBy(-1),
  },
  {
    id: 'compare.moveRight',
    title: 'Move right',
    help: 'Moves the selected column one place to the right.',
    keys: ['>'],
    when: canMove(1),
    run: moveBy(1),
  },
  {
    id: 'compare.matrix',
    title: 'Matrix',
    help: 'Sets up every pair of {base, tuned LLM} × {base, tuned embedder}; all else as in the selected column.',
    keys: ['M'],
    when: (model) => {
      const able = changeable(model);
      if (able !== true) return able;
      return matrixWish(model) ? true : t('compare.why.noMatrix');
    },
    run: (model) => {
      setMatrix(model);
      follow(model);
    },
  },
  {
    id: 'compare.sets',
    title: 'Sets',
    help: 'Columns that were saved under a name: load them, or save those on screen.',
    keys: ['L'],
    when: (model) => (underWay(model) ? t('compare.why.underWay') : true),
    run: async ({ context }) => {
      await context.compare.getState().loadSets();
      context.ui.getState().open({ kind: 'modal', id: 'compare.sets' });
    },
  },
  {
    id: 'compare.kb',
    title: 'Knowledge base',
    help: 'Chooses what all columns search.',
    keys: ['b'],
    command: 'ragtui compare "question" --kb NAME',
    when: changeable,
    run: ({ context }) => chooseKb(context),
  },
  {
    id: 'compare.previous',
    title: 'Column left',
    help: 'Selects the column to the left.',
    keys: ['left', 'h'],
    when: (model) => (model.selectedAt() > 0 ? true : t('compare.why.firstColumn')),
    run: (model) => model.focusColumn(model.selectedAt() - 1),
  },
  {
    id: 'compare.next',
    title: 'Column right',
    help: 'Selects the column to the right.',
    keys: ['right', 'l'],
    when: (model) =>
      model.selectedAt() < model.context.compare.getState().slots.length - 1 ? true : t('compare.why.furthestColumn'),
    run: (model) => model.focusColumn(model.selectedAt() + 1),
  },
];
