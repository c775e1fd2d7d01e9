import { MOST_COLUMNS } from '../../../stores/compare.ts';
import { columnsOf } from '../../../stores/compare-columns.ts';
import type { Action } from '../../keys/types.ts';
import { t } from '../../ui/i18n/index.ts';
import { columnMessages } from './messages.ts';
import type { CompareModel } from './model.ts';
import { chooseKb, chooseSetting } from './settings-menu.ts';

const COMMAND = 'ragtui compare "question" --kb NAME --column name=A,llm=ID --column name=B,llm=ID,mode=bm25';

const underWay = ({ context }: CompareModel): boolean => context.compare.getState().run?.underWay ?? false;

/** Columns are changed between comparisons: what is under way is about those on screen. */
const changeable = (model: CompareModel): true | string => {
  if (underWay(model)) return t('compare.why.underWay');
  return model.selected() ? true : t('compare.why.noColumn');
};

const ready = (model: CompareModel): true | string => {
  const { kb, slots, passage } = model.context.compare.getState();
  if (kb === null) return t('ask.why.noKb');
  if (slots.length === 0) return t('compare.why.noColumn');
  const golden = slots.some(({ settings }) => settings.context === 'gold');
  if (golden && !passage) return t('compare.why.noPassage');
  return model.question() === '' ? t('ask.why.empty') : true;
};

/** The focus stays with the selected column when columns come and go. */
const follow = (model: CompareModel): void => model.focusColumn(model.selectedAt());

export const compareActions: readonly Action<CompareModel>[] = [
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
    id: 'compare.settings',
    title: 'Column',
    help: 'Changes LLM, embedder, node group, mode, passages, reranker, context, prompt of the selected column.',
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
      const able = changeable(model);
      const full = model.context.compare.getState().slots.length >= MOST_COLUMNS;
      return full ? t('compare.why.full', { count: MOST_COLUMNS }) : able;
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
    help: 'Takes the selected column away.',
    keys: ['d', 'delete'],
    rank: 8,
    when: (model) =>
      model.context.compare.getState().slots.length < 2 ? t('compare.why.lastColumn') : changeable(model),
    run: (model) => {
      const slot = model.selected();
      if (!slot) return;
      model.context.compare.getState().remove(slot.id);
      follow(model);
    },
  },
  {
    id: 'compare.rename',
    title: 'Name',
    help: 'Names the selected column; without a name it is called by what differs.',
    keys: ['n'],
    when: changeable,
    run: ({ context, selected, selectedAt }) => {
      const slot = selected();
      if (!slot) return;
      context.ui.getState().prompt({
        title: t('compare.renameTitle'),
        text: t('compare.renameText'),
        initial: columnsOf(context.compare.getState().slots)[selectedAt()]?.name ?? '',
        submit: (name) => context.compare.getState().rename(slot.id, name.trim()),
      });
    },
  },
  {
    id: 'compare.order',
    title: 'Order',
    help: 'One after another (fair times) or all together (sooner, but their times affect each other).',
    keys: ['t'],
    rank: 7,
    command: 'ragtui compare "question" --order rotate|together',
    when: changeable,
    run: ({ context }) => {
      const { order, setOrder } = context.compare.getState();
      setOrder(order === 'rotate' ? 'together' : 'rotate');
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
    id: 'compare.passages',
    title: 'Passages',
    help: 'Shows what each column retrieved, with ranks against column 1, or the answers again.',
    keys: ['p', 'f3'],
    rank: 5,
    inText: true,
    when: ({ context }) => (context.compare.getState().run ? true : t('compare.why.nothingYet')),
    run: (model) => {
      model.toggleBody();
      // The body is no store's: the selection is told anew, so that the screen is drawn.
      touch(model);
    },
  },
  {
    id: 'compare.words',
    title: 'Words',
    help: 'Marks the words of an answer that column 1 does not have, or marks none.',
    keys: ['w'],
    when: ({ context }) => (context.compare.getState().run ? true : t('compare.why.nothingYet')),
    run: (model) => {
      model.toggleWords();
      touch(model);
    },
  },
  {
    id: 'compare.messages',
    title: 'Messages',
    help: 'Shows the exact messages the selected column was sent, with their tokens.',
    keys: ['m', 'f2'],
    rank: 6,
    inText: true,
    when: (model) => ((model.selectedRun()?.messages.length ?? 0) > 0 ? true : t('ask.why.noMessages')),
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

function openText(model: CompareModel, text: string): void {
  model.text.set(text);
  model.text.edge('first');
  model.context.ui.getState().open({ kind: 'modal', id: 'compare.text' });
}

const touch = ({ context }: CompareModel): void => context.compare.setState({});
