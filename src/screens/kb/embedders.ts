import type { Choice } from '../../../stores/ui.ts';
import { formatCount } from '../../ui/format.ts';
import { t } from '../../ui/i18n/index.ts';
import type { KbModel } from './model.ts';
import { buildable, confirmShadow, embedderState, runningShadow, switchTo } from './shadows.ts';

/** The embedders of the selected base, the active one first, then those on this disk or behind a server that could be added. */
export function embedderChoices(model: KbModel): readonly Choice[] {
  const base = model.base();
  if (!base) return [];
  const why = runningShadow(model) ? t('kb.why.building') : '';
  const building = why ? { disabled: why } : {};
  const own = base.embedders.map((id): Choice => {
    const { state, missing } = embedderState(base, id);
    if (state === 'live') return { id, title: id, note: t('kb.embedder.active') };
    if (state === 'ready') return { id, title: id, note: t('kb.embedder.ready') };
    return { id, title: id, note: t('kb.embedder.missing', { count: formatCount(missing) }), ...building };
  });
  const more = buildable(model)
    .filter(({ id }) => !base.embedders.includes(id))
    .map((choice): Choice => ({ ...choice, ...building }));
  return [...own, ...more];
}

/** Asks which embedder to search with. One whose index is not whole is built first, beside the live one, after a yes. */
export function chooseEmbedder(model: KbModel): void {
  const base = model.base();
  if (!base) return;
  model.context.ui.getState().choose({
    title: t('kb.chooseEmbedder'),
    choices: embedderChoices(model),
    selected: base.embedders[0] ?? '',
    pick: async (id) => {
      const known = base.embedders.includes(id);
      if (known && embedderState(base, id).state !== 'incomplete') await switchTo(model, base.name, id);
      else confirmShadow(model, id);
    },
  });
}
