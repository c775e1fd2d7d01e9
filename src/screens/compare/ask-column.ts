import { t } from '../../ui/i18n/index.ts';
import type { CompareModel } from './model.ts';

/** The selected column in the Ask screen: its settings, its question, and its answer if it has one. */
export function openInAsk({ context, selected, selectedRun }: CompareModel): void {
  const slot = selected();
  if (!slot) return;
  const { ask, compare, ui } = context;
  const { context: reads, ...settings } = slot.settings;
  const { kb, run } = compare.getState();
  ask.getState().configure({ ...settings, kb });
  const answer = selectedRun()?.result?.answer;
  if (answer && run) {
    const at = run.reopened ?? new Date(context.now()).toISOString();
    ask.getState().show({ id: 0, at, kb: run.kb, question: run.question, answer });
  } else if (run) ask.getState().suggest([run.question]);
  ui.getState().showScreen('ask');
  if (reads !== 'retrieved') ui.getState().toast(t('compare.askSearches'), 'warn');
}
