import { needsKb } from '../../rag/columns.ts';
import { t } from '../../ui/i18n/index.ts';
import type { CompareModel } from './model.ts';

/** When the actions of the compare screen can be done, or the reason why not. */

export const underWay = ({ context }: CompareModel): boolean => context.compare.getState().run?.underWay ?? false;

export const inHistory = ({ context }: CompareModel): boolean => context.compare.getState().lower === 'history';

/** Columns are changed between comparisons, and by whoever sees them: what is under way is about those on screen. */
export const changeable = (model: CompareModel): true | string => {
  if (underWay(model)) return t('compare.why.underWay');
  if (model.context.compare.getState().blind === 'hidden') return t('compare.why.blind');
  if (model.context.compare.getState().lower !== 'columns') return t('compare.why.elsewhere');
  return model.selected() ? true : t('compare.why.noColumn');
};

export const compared = ({ context }: CompareModel): true | string => {
  const { run, lower } = context.compare.getState();
  if (lower !== 'columns') return t('compare.why.elsewhere');
  return run ? true : t('compare.why.nothingYet');
};

export const ready = (model: CompareModel): true | string => {
  const { kb, slots, passage, about, source } = model.context.compare.getState();
  if (slots.length === 0) return t('compare.why.noColumn');
  if (kb === null && needsKb(slots.map(({ settings }) => settings))) return t('ask.why.noKb');
  const question = model.question();
  // From a column, Enter leads to the field that is still empty.
  if (question === '') return model.writing() ? t('ask.why.empty') : true;
  // A second Enter is no wish to lose the answers that are coming; another question is.
  if (underWay(model) && question === model.context.compare.getState().run?.question) return t('compare.why.underWay');
  const golden = slots.some(({ settings }) => settings.context === 'gold');
  // The passage of a dataset's row goes with its question.
  const lost = source !== '' && about !== '' && about !== question;
  return golden && (passage === '' || lost) ? t('compare.why.noPassage') : true;
};

/** Shows a text in a modal. */
export function openText(model: CompareModel, text: string): void {
  model.text.set(text);
  model.text.edge('first');
  model.context.ui.getState().open({ kind: 'modal', id: 'compare.text' });
}
