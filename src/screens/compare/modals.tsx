import type { ReactNode } from 'react';
import { useStore } from 'zustand';
import { columnsOf } from '../../../stores/compare-columns.ts';
import { bindActions } from '../../keys/bind.ts';
import type { Action } from '../../keys/types.ts';
import { sanitizeLine } from '../../platform/sanitize.ts';
import { t } from '../../ui/i18n/index.ts';
import { List } from '../../ui/List.tsx';
import { Rows } from '../../ui/Row.tsx';
import { StreamView } from '../../ui/StreamView.tsx';
import type { ModalDefinition, ModalViewProps } from '../../ui/screen.ts';
import type { Line } from '../../ui/text.ts';
import type { CompareModel } from './model.ts';

/** What lies over the compare screen: exact texts, column sets, the vote. */
export function compareModals(model: CompareModel): readonly ModalDefinition[] {
  return [textModal(model), setsModal(model), voteModal(model)];
}

const textModal = (model: CompareModel): ModalDefinition => ({
  id: 'compare.text',
  title: () => t('compare.text'),
  width: 118,
  height: 40,
  view: ({ rect }) => <StreamView model={model.text} width={rect.width} height={rect.height} />,
  target: () => model.text,
  actions: [],
});

const setActions: readonly Action<CompareModel>[] = [
  {
    id: 'compare.set.load',
    title: 'Load',
    help: 'Puts these columns in place of those on screen; u takes it back.',
    keys: ['enter'],
    rank: 1,
    when: ({ sets }) => (sets.selected() ? true : t('compare.why.noSet')),
    run: ({ sets, context }) => {
      const set = sets.selected();
      if (!set) return;
      context.ui.getState().close();
      context.compare.getState().load(set.columns);
    },
  },
  {
    id: 'compare.set.save',
    title: 'Save as',
    help: 'Saves the columns on screen under a name.',
    keys: ['s'],
    rank: 2,
    run: ({ context, sets }) => {
      context.ui.getState().prompt({
        title: t('compare.setTitle'),
        text: t('compare.setText'),
        initial: sets.selected()?.name ?? '',
        submit: async (name) => {
          const trimmed = name.trim();
          if (trimmed === '') return;
          await context.compare.getState().saveSet(trimmed);
          context.ui.getState().toast(t('compare.setSaved', { name: trimmed }), 'good');
        },
      });
    },
  },
  {
    id: 'compare.set.remove',
    title: 'Delete',
    help: 'Forgets the set under the cursor.',
    keys: ['d', 'delete'],
    rank: 3,
    when: ({ sets }) => (sets.selected() ? true : t('compare.why.noSet')),
    confirm: ({ sets }) => t('compare.setForget', { name: sets.selected()?.name ?? '' }),
    run: async ({ sets, context }) => {
      const set = sets.selected();
      if (set) await context.compare.getState().removeSet(set.name);
    },
  },
];

const setsModal = (model: CompareModel): ModalDefinition => ({
  id: 'compare.sets',
  title: () => t('compare.sets'),
  width: 100,
  height: 14,
  view: (props) => <SetsView model={model} {...props} />,
  target: () => model.sets,
  actions: bindActions(setActions, () => model),
});

function SetsView({ model, rect }: ModalViewProps & { readonly model: CompareModel }): ReactNode {
  useStore(model.context.compare, (state) => state.sets);
  return (
    <List
      model={model.sets}
      width={rect.width}
      height={rect.height}
      focused
      render={({ name, columns }) => [
        { text: ` ${sanitizeLine(name)}` },
        { text: `  ${columns.map((column) => sanitizeLine(column.name)).join(' | ')}`, style: 'muted' },
      ]}
      empty={t('compare.setsEmpty')}
    />
  );
}

/** The keys of the places on screen. */
const PLACES = [1, 2, 3, 4, 5, 6] as const;

async function vote(model: CompareModel, choice: number | 'tie' | 'neither'): Promise<void> {
  const { compare, ui } = model.context;
  ui.getState().close();
  await compare.getState().castVote(choice);
  ui.getState().toast(t('compare.voteKept'), 'good');
}

const voteActions: readonly Action<CompareModel>[] = [
  ...PLACES.map(
    (place): Action<CompareModel> => ({
      id: `compare.vote.${place}`,
      title: `Column ${place}`,
      help: `The answer of column ${place} is best.`,
      keys: [String(place)],
      ...(place === 1 ? { rank: 1 } : {}),
      when: (model) => (model.shown()[place - 1] ? true : t('compare.why.noColumn')),
      run: async (model) => {
        const slot = model.shown()[place - 1];
        const index = model.context.compare.getState().slots.findIndex(({ id }) => id === slot?.id);
        if (index >= 0) await vote(model, index);
      },
    }),
  ),
  {
    id: 'compare.vote.tie',
    title: 'Tie',
    help: 'All are equally good.',
    keys: ['t'],
    rank: 2,
    run: (model) => vote(model, 'tie'),
  },
  {
    id: 'compare.vote.neither',
    title: 'Neither',
    help: 'None of them is any good.',
    keys: ['n'],
    rank: 3,
    run: (model) => vote(model, 'neither'),
  },
  {
    id: 'compare.vote.previous',
    title: 'Column left',
    help: 'Shows the column to the left while you choose.',
    keys: ['left'],
    when: (model) => (model.selectedAt() > 0 ? true : t('compare.why.firstColumn')),
    run: (model) => model.focusColumn(model.selectedAt() - 1),
  },
  {
    id: 'compare.vote.next',
    title: 'Column right',
    help: 'Shows the column to the right while you choose.',
    keys: ['right'],
    when: (model) => (model.selectedAt() < model.shown().length - 1 ? true : t('compare.why.furthestColumn')),
    run: (model) => model.focusColumn(model.selectedAt() + 1),
  },
  {
    id: 'compare.vote.withdraw',
    title: 'Withdraw',
    help: 'Takes the vote on this comparison back.',
    keys: ['w'],
    rank: 4,
    when: ({ context }) => (context.compare.getState().run?.vote ? true : t('compare.why.notVoted')),
    run: async ({ context }) => {
      context.ui.getState().close();
      await context.compare.getState().withdraw();
      context.ui.getState().toast(t('compare.voteWithdrawn'));
    },
  },
];

const voteModal = (model: CompareModel): ModalDefinition => ({
  id: 'compare.vote',
  title: () => t('compare.voteTitle'),
  width: 100,
  height: 5,
  view: ({ rect }) => <Rows lines={voteLines(model)} width={rect.width} height={rect.height} />,
  target: () => model.scrolled(model.selectedAt()),
  actions: bindActions(voteActions, () => model),
});

function voteLines(model: CompareModel): readonly Line[] {
  const { slots, blind, run } = model.context.compare.getState();
  const names = columnsOf(slots);
  const places = model.shown().map(({ id }, at) => {
    const name = names[slots.findIndex((slot) => slot.id === id)]?.name ?? '';
    return blind === 'hidden' ? `${at + 1}` : `${at + 1} ${sanitizeLine(name)}`;
  });
  return [
    [{ text: ` ${t('compare.voteText')}` }],
    [{ text: ` ${places.join('   ')}`, style: 'accent' }],
    [{ text: ` ${t(run?.vote ? 'compare.voteChange' : 'compare.voteOthers')}`, style: 'muted' }],
  ];
}
