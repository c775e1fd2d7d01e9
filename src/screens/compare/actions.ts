import type { Action } from '../../keys/types.ts';
import { t } from '../../ui/i18n/index.ts';
import { columnActions } from './column-actions.ts';
import { inHistory, openText, ready, underWay } from './conditions.ts';
import { lookActions } from './look-actions.ts';
import { columnMessages } from './messages.ts';
import type { CompareModel } from './model.ts';
import { pastActions } from './past-actions.ts';
import { questionActions } from './question-actions.ts';

const COMMAND = 'ragtui compare "question" --kb NAME --column name=A,llm=ID --column name=B,llm=ID,mode=bm25';

/** Asking, and what is about it; columns, looks, questions and the past have files of their own. */
const askActions: readonly Action<CompareModel>[] = [
  {
    id: 'compare.run',
    title: 'Compare',
    help: 'Puts the question to every column; an empty field asks the last one again. Alt+Enter makes a new line.',
    keys: ['enter'],
    rank: 1,
    inText: true,
    command: COMMAND,
    when: ready,
    run: (model) => model.send(),
  },
  {
    id: 'compare.cancel',
    title: 'Cancel',
    help: 'Stops all columns; what they said so far stays.',
    keys: ['x', 'ctrl+x'],
    rank: 2,
    inText: true,
    when: (model) => (underWay(model) ? true : t('ask.why.notRunning')),
    run: ({ context }) => context.compare.getState().cancel(),
  },
  {
    id: 'compare.retry',
    title: 'Retry',
    help: 'Asks only the selected column again; the others keep what they said. In the history: asks all of it again as it was.',
    keys: ['R'],
    when: (model) => {
      if (inHistory(model)) return model.history.selected() ? true : t('compare.why.nothingYet');
      if (underWay(model)) return t('compare.why.underWay');
      return model.context.compare.getState().run && model.selected() ? true : t('compare.why.nothingYet');
    },
    run: async (model) => {
      const { compare } = model.context;
      if (inHistory(model)) {
        const summary = model.history.selected();
        if (!summary) return;
        const kept = await compare.getState().reopen(summary.id);
        compare.getState().look({ lower: 'columns' });
        void compare.getState().compare(kept.question);
        return;
      }
      const slot = model.selected();
      if (slot) void compare.getState().retry(slot.id);
    },
  },
  {
    id: 'compare.order',
    title: 'Order',
    help: 'One after another (fair times) or all together (sooner, but their times affect each other).',
    keys: ['t'],
    command: 'ragtui compare "question" --order rotate|together',
    when: (model) => (underWay(model) ? t('compare.why.underWay') : true),
    run: ({ context }) => {
      const { order, setOrder } = context.compare.getState();
      setOrder(order === 'rotate' ? 'together' : 'rotate');
    },
  },
  {
    id: 'compare.messages',
    title: 'Messages',
    help: 'Shows the exact messages the selected column was sent, with their tokens.',
    keys: ['m', 'f2'],
    inText: true,
    when: (model) => {
      if (model.context.compare.getState().blind === 'hidden') return t('compare.why.blind');
      return (model.selectedRun()?.messages.length ?? 0) > 0 ? true : t('ask.why.noMessages');
    },
    run: (model) => {
      const run = model.selectedRun();
      if (run) openText(model, columnMessages(run));
    },
  },
  {
    id: 'compare.command',
    title: 'Command',
    help: 'Shows the command line that asks the same without a screen.',
    keys: ['e'],
    when: (model) => (model.selected() ? true : t('compare.why.noColumn')),
    run: (model) => openText(model, model.command()),
  },
];

/** Everything that can be done on the compare screen. */
export const compareActions: readonly Action<CompareModel>[] = [
  ...askActions,
  ...columnActions,
  ...lookActions,
  ...questionActions,
  ...pastActions,
];
