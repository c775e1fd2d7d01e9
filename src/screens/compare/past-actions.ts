import type { Action } from '../../keys/types.ts';
import { EXPORT_FORMATS } from '../../rag/comparisons/export/export.ts';
import { canVote } from '../../rag/comparisons/votes.ts';
import { t } from '../../ui/i18n/index.ts';
import { openInAsk } from './ask-column.ts';
import { boardText } from './board.ts';
import { inHistory, openText, underWay } from './conditions.ts';
import type { CompareModel } from './model.ts';

/** Whether the answers on screen can be judged. */
export const votable = (model: CompareModel): true | string => {
  const { run, slots, lower } = model.context.compare.getState();
  if (!run) return t('compare.why.nothingYet');
  if (lower !== 'columns') return t('compare.why.elsewhere');
  if (run.underWay) return t('compare.why.underWay');
  const results = slots.flatMap(({ id }) => run.columns.get(id)?.result ?? []);
  if (results.length < slots.length) return t('compare.why.notAllAsked');
  if (!canVote(results.map(({ state, column }) => ({ state, column })))) return t('compare.why.noVote');
  return run.kept === null ? t('compare.why.notKept') : true;
};

/** Judging, and what was compared before. */
export const pastActions: readonly Action<CompareModel>[] = [
  {
    id: 'compare.vote',
    title: 'Vote',
    help: 'Says which answer is best: its number, a tie, or neither; or takes the vote back.',
    keys: ['v'],
    rank: 9,
    when: votable,
    run: ({ context }) => context.ui.getState().open({ kind: 'modal', id: 'compare.vote' }),
  },
  {
    id: 'compare.blind',
    title: 'Blind',
    help: 'Hides names, settings and times and shuffles the columns until you have voted; again shows them.',
    keys: ['V'],
    when: (model) => {
      if (underWay(model)) return t('compare.why.underWay');
      return model.shown().length > 1 ? true : t('compare.why.oneColumn');
    },
    run: (model) => {
      const { blind, setBlind } = model.context.compare.getState();
      setBlind(blind === 'off');
      model.focusColumn(0);
    },
  },
  {
    id: 'compare.board',
    title: 'Board',
    help: 'Who is preferred over all votes: Bradley–Terry ratings with their intervals.',
    keys: ['K'],
    command: 'ragtui compare votes',
    run: async (model) => {
      await model.context.compare.getState().loadVotes();
      openText(model, boardText(model.context.compare.getState().votes ?? []));
    },
  },
  {
    id: 'compare.history',
    title: 'History',
    help: 'Shows earlier comparisons, or the columns again.',
    keys: ['H', 'ctrl+r'],
    rank: 10,
    inText: true,
    command: 'ragtui compare history',
    run: async (model) => {
      const { compare, ui } = model.context;
      if (inHistory(model)) {
        compare.getState().look({ lower: 'columns' });
        ui.getState().setFocus('question', 'compare');
        return;
      }
      compare.getState().look({ lower: 'history' });
      ui.getState().setFocus('history', 'compare');
      await compare.getState().loadHistory();
      const first = model.history.selected();
      if (first) await compare.getState().showPreview(first.id);
    },
  },
  {
    id: 'compare.export',
    title: 'Export',
    help: 'Writes the comparison as Markdown, JSON or HTML into the folder of exports.',
    keys: ['E'],
    command: 'ragtui compare show ID --export md|json|html',
    when: (model) => {
      if (inHistory(model)) return model.history.selected() ? true : t('compare.why.nothingYet');
      const { run } = model.context.compare.getState();
      if (!run) return t('compare.why.nothingYet');
      return run.kept === null ? t('compare.why.notKept') : true;
    },
    run: (model) => {
      const { compare, ui } = model.context;
      const id = inHistory(model) ? model.history.selected()?.id : undefined;
      ui.getState().choose({
        title: t('compare.exportAs'),
        choices: EXPORT_FORMATS.map((format) => ({ id: format, title: t(`compare.format.${format}`) })),
        pick: async (picked) => {
          const format = EXPORT_FORMATS.find((each) => each === picked);
          if (!format) return;
          const file = await compare.getState().exportKept(format, id);
          ui.getState().toast(t('compare.exported', { file }), 'good');
        },
      });
    },
  },
  {
    id: 'compare.ask',
    title: 'Open in Ask',
    help: 'Opens the selected column in the Ask screen: its settings, and its answer to go on from.',
    keys: ['A'],
    when: (model) => {
      if (inHistory(model)) return t('compare.why.reopenFirst');
      if (model.context.compare.getState().blind === 'hidden') return t('compare.why.blind');
      const slot = model.selected();
      if (!slot) return t('compare.why.noColumn');
      return slot.settings.llm === 'none' ? t('compare.why.noLlm') : true;
    },
    run: (model) => openInAsk(model),
  },
];

/** Only while the history has the focus. */
export const historyActions: readonly Action<CompareModel>[] = [
  {
    id: 'compare.open',
    title: 'Reopen',
    help: 'Puts this comparison on screen as it was: its columns and its answers.',
    keys: ['enter'],
    rank: 1,
    when: (model) => (model.history.selected() ? true : t('compare.why.nothingYet')),
    run: async (model) => {
      const summary = model.history.selected();
      if (!summary) return;
      const { compare } = model.context;
      const reopening = compare.getState().reopen(summary.id);
      compare.getState().look({ lower: 'columns' });
      await reopening;
      model.focusColumn(0);
    },
  },
];

/** Only while the questions of a dataset have the focus. */
export const rowsActions: readonly Action<CompareModel>[] = [
  {
    id: 'compare.take',
    title: 'Take',
    help: 'Takes this question into the field, with its right answers and its passage; Enter then asks it.',
    keys: ['enter'],
    rank: 1,
    when: (model) => (model.rows.selected() ? true : t('compare.rowsEmpty')),
    run: async (model) => {
      const row = model.rows.selected();
      const { rows } = model.context.compare.getState();
      if (!row || !rows) return;
      await model.take(rows.list.indexOf(row));
      // Enter asks from there, and single letters are keys.
      model.focusColumn(model.selectedAt());
    },
  },
];
