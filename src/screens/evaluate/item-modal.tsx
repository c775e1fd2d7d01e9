import type { ReactNode } from 'react';
import { useStore } from 'zustand';
import type { QuestionRow } from '../../evaluation/figures.ts';
import { bindActions } from '../../keys/bind.ts';
import type { Action } from '../../keys/types.ts';
import { t } from '../../ui/i18n/index.ts';
import { StreamView } from '../../ui/StreamView.tsx';
import type { ModalDefinition, ModalViewProps } from '../../ui/screen.ts';
import { comment, flag, sendTo } from './item-actions.ts';
import type { EvaluateModel } from './model.ts';

/** The item under the cursor: in its view marks do not count. */
const one = ({ questions }: EvaluateModel): readonly QuestionRow[] => {
  const row = questions.selected();
  return row ? [row] : [];
};

const move = (model: EvaluateModel, rows: number): void => {
  model.questions.move(rows);
  model.openQuestion();
};

const itemActions: readonly Action<EvaluateModel>[] = [
  {
    id: 'evaluate.item.next',
    title: 'Next',
    help: 'The next question of the table.',
    keys: ['right', 'n'],
    rank: 1,
    run: (model) => move(model, 1),
  },
  {
    id: 'evaluate.item.previous',
    title: 'Previous',
    help: 'The previous question of the table.',
    keys: ['left', 'p'],
    rank: 2,
    run: (model) => move(model, -1),
  },
  {
    id: 'evaluate.item.base',
    title: 'Base',
    help: 'The next column as the one that answers are compared with.',
    keys: ['c'],
    rank: 3,
    run: (model) => {
      const { evaluationItems } = model.context;
      const { scope } = evaluationItems.getState();
      if (!scope) return;
      const others = scope.columns.filter((name) => name !== scope.column);
      const at = others.indexOf(scope.base);
      evaluationItems.getState().compare({ base: others[(at + 1) % others.length] ?? null, column: scope.column });
    },
  },
  {
    id: 'evaluate.item.flag',
    title: 'Flag',
    help: 'Flags this question, or takes the flag off.',
    keys: ['f'],
    rank: 4,
    command: 'ragtui eval note RUN ITEM --flag',
    run: (model) => flag(model, one(model)),
  },
  {
    id: 'evaluate.item.comment',
    title: 'Comment',
    help: 'Keeps a comment on this question.',
    keys: ['m'],
    rank: 5,
    command: 'ragtui eval note RUN ITEM --comment TEXT',
    run: (model) => comment(model, one(model)),
  },
  {
    id: 'evaluate.item.send',
    title: 'Send',
    help: 'Puts this question into a dataset, as a new row of a new version.',
    keys: ['a'],
    rank: 6,
    command: 'ragtui eval send RUN ITEM --dataset NAME',
    run: (model) => sendTo(model, one(model)),
  },
];

/** One item: question, answers, scores with their parts, passages. */
export const itemModal = (model: EvaluateModel): ModalDefinition => ({
  id: 'evaluate.question',
  title: () => t('evaluate.question'),
  width: 118,
  height: 44,
  view: (props) => <ItemView model={model} {...props} />,
  target: () => model.question,
  actions: bindActions(itemActions, () => model),
});

function ItemView({ model, rect }: ModalViewProps & { readonly model: EvaluateModel }): ReactNode {
  useStore(model.context.evaluationItems);
  return <StreamView model={model.question} width={rect.width} height={rect.height} highlights={model.itemMarks()} />;
}
