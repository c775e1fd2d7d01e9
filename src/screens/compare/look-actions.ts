import type { Action } from '../../keys/types.ts';
import { t } from '../../ui/i18n/index.ts';
import { compared } from './conditions.ts';
import type { CompareModel } from './model.ts';

/** How the answers are looked at. */
export const lookActions: readonly Action<CompareModel>[] = [
  {
    id: 'compare.passages',
    title: 'Passages',
    help: 'Shows what each column retrieved, with ranks against the base column, or the answers again.',
    keys: ['p', 'f3'],
    rank: 5,
    inText: true,
    when: compared,
    run: ({ context }) => {
      const { body, look } = context.compare.getState();
      look({ body: body === 'answers' ? 'passages' : 'answers', lower: 'columns' });
    },
  },
  {
    id: 'compare.words',
    title: 'Marks',
    help: 'Lights what an answer says that the base does not; then both with what is gone; then what stands in passages; then nothing.',
    keys: ['w'],
    rank: 6,
    when: compared,
    run: ({ context }) => context.compare.getState().nextMarks(),
  },
  {
    id: 'compare.base',
    title: 'Base',
    help: 'Makes the selected column the one that the others are compared with.',
    keys: ['B'],
    when: (model) => (model.selected() ? true : t('compare.why.noColumn')),
    run: ({ context, selected }) => {
      const slot = selected();
      if (slot) context.compare.getState().setBase(slot.id);
    },
  },
  {
    id: 'compare.fold',
    title: 'Fold',
    help: 'Answers that another column gave already: one line, or whole.',
    keys: ['f'],
    when: compared,
    run: ({ context }) => {
      const { folded, look } = context.compare.getState();
      look({ folded: !folded });
    },
  },
  {
    id: 'compare.scroll',
    title: 'Scroll together',
    help: 'Scrolls all columns with one key, or each on its own.',
    keys: ['S'],
    run: ({ context }) => {
      const { synced, look } = context.compare.getState();
      look({ synced: !synced });
      context.ui.getState().toast(t(synced ? 'compare.scrollFree' : 'compare.scrollSynced'));
    },
  },
  {
    id: 'compare.thoughts',
    title: 'Thoughts',
    help: 'Shows what a model thought before its answer, or folds it away. It is never scored.',
    keys: ['T'],
    when: ({ context }) => {
      const { run, thoughts } = context.compare.getState();
      const any = [...(run?.columns.values() ?? [])].some(
        ({ result, buffer }) => (result?.answer?.reasoning ?? buffer.reasoning) !== '',
      );
      return thoughts || any ? true : t('compare.why.noThoughts');
    },
    run: ({ context }) => {
      const { thoughts, look } = context.compare.getState();
      look({ thoughts: !thoughts });
    },
  },
  {
    id: 'compare.metrics',
    title: 'Numbers',
    help: 'Shows the numbers of all columns side by side, of the servers behind them and of this machine; again hides them.',
    keys: ['i', 'f4'],
    rank: 11,
    inText: true,
    when: ({ context }) => (context.compare.getState().blind === 'hidden' ? t('compare.why.blind') : true),
    run: ({ context }) => {
      const { metrics, look } = context.compare.getState();
      look({ metrics: !metrics, lower: 'columns' });
    },
  },
];
