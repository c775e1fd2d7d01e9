import type { CompareState } from '../../../stores/compare.ts';
import { needsKb } from '../../rag/columns.ts';
import { t } from '../../ui/i18n/index.ts';
import type { ScreenContext } from '../context.ts';

/** What to do before the first comparison, for the column at a place: it depends on what is missing. Pure but for reading stores. */
export function firstSteps({ datasets }: ScreenContext, state: CompareState, at: number): readonly string[] {
  if (at > 0) return [];
  const llms = [...state.models.filter(({ kind }) => kind === 'llm'), ...state.served];
  const needed = state.kb === null && needsKb(state.slots.map(({ settings }) => settings));
  const rows = datasets.getState().list ?? [];
  return [
    ...(needed ? [t('compare.first.noKb')] : []),
    ...(llms.length === 0 ? [t('compare.first.noLlm')] : []),
    ...(llms.length === 1 ? [t('compare.first.oneLlm')] : []),
    ...(needed ? [] : [t('compare.first.ask')]),
    ...(rows.length > 0 ? [t('compare.first.dataset')] : []),
    ...(llms.length > 1 ? [t('compare.first.matrix')] : []),
  ];
}
