import type { ReactNode } from 'react';
import { useStore } from 'zustand';
import { bindActions } from '../../keys/bind.ts';
import type { Action } from '../../keys/types.ts';
import { t } from '../../ui/i18n/index.ts';
import { StreamView } from '../../ui/StreamView.tsx';
import type { ModalDefinition, ModalViewProps } from '../../ui/screen.ts';
import type { EvaluateModel } from './model.ts';

const COMMAND = 'ragtui eval vote RUN ITEM first';
const choose = (
  id: 'first' | 'second' | 'tie',
  keys: string[],
  title: string,
  help: string,
  rank: number,
): Action<EvaluateModel> => ({
  id: `evaluate.vote.${id}`,
  title,
  help,
  keys,
  rank,
  command: COMMAND,
  when: ({ context }) => (context.evaluation.getState().ballot?.next ? true : t('evaluate.why.allVoted')),
  run: ({ context }) => context.evaluation.getState().vote(id),
});

const voteActions: readonly Action<EvaluateModel>[] = [
  choose('first', ['1'], 'First', 'The first answer is better.', 1),
  choose('second', ['2'], 'Second', 'The second answer is better.', 2),
  choose('tie', ['0', '='], 'Tie', 'Neither is better.', 3),
];

/** Two answers to a question without their names, to vote on. */
export const voteModal = (model: EvaluateModel): ModalDefinition => ({
  id: 'evaluate.vote',
  title: () => t('evaluate.vote'),
  width: 110,
  height: 40,
  view: (props) => <VoteView model={model} {...props} />,
  target: () => model.ballot,
  actions: bindActions(voteActions, () => model),
});

function VoteView({ model, rect }: ModalViewProps & { readonly model: EvaluateModel }): ReactNode {
  useStore(model.context.evaluation, ({ ballot }) => ballot);
  return <StreamView model={model.ballot} width={rect.width} height={rect.height} />;
}

/** How judges agree with one's votes. */
export const calibrationModal = (model: EvaluateModel): ModalDefinition => ({
  id: 'evaluate.calibration',
  title: () => t('evaluate.calibration'),
  width: 100,
  height: 24,
  view: ({ rect }) => <StreamView model={model.calibration} width={rect.width} height={rect.height} />,
  target: () => model.calibration,
  actions: [],
});
