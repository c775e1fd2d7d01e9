import type { Choice } from '../../../stores/ui.ts';
import { isOver } from '../../jobs/types.ts';
import { formatCount } from '../../ui/format.ts';
import { t } from '../../ui/i18n/index.ts';
import type { KbModel } from './model.ts';

/** The embedders of the selected base, the active one first, then those on this disk that could be added. */
export function embedderChoices(model: KbModel): readonly Choice[] {
  const base = model.base();
  if (!base) return [];
  const own = base.embedders.map((id, i): Choice => ({ id, title: id, note: i === 0 ? t('kb.embedder.active') : '' }));
  const job = model.ingest();
  const why =
    base.sources.length === 0 ? t('kb.why.noSources') : job && !isOver(job.state) ? t('kb.why.ingesting') : '';
  const more = (model.context.models.getState().list ?? [])
    .filter(
      ({ entry, state }) => entry.kind === 'embedder' && state === 'present' && !base.embedders.includes(entry.id),
    )
    .map(
      ({ entry }): Choice => ({
        id: entry.id,
        title: entry.id,
        note: t('kb.embedder.add', { chunks: formatCount(base.chunks) }),
        ...(why ? { disabled: why } : {}),
      }),
    );
  return [...own, ...more];
}

/** Asks which embedder to search with. One that is not in the base yet is added by an ingest job, after a yes. */
export function chooseEmbedder(model: KbModel): void {
  const { kb, ui } = model.context;
  const base = model.base();
  if (!base) return;
  ui.getState().choose({
    title: t('kb.chooseEmbedder'),
    choices: embedderChoices(model),
    selected: base.embedders[0] ?? '',
    pick: async (id) => {
      if (base.embedders.includes(id)) {
        await kb.getState().switchEmbedder(base.name, id);
        ui.getState().toast(t('kb.embedder.switched', { name: base.name, id }), 'good');
        return;
      }
      ui.getState().confirm({
        title: t('kb.chooseEmbedder'),
        text: t('kb.embedder.confirm', { id, chunks: formatCount(base.chunks) }),
        run: async () => {
          await kb.getState().ingest(base.name, base.sources, { embedders: [...base.embedders, id] });
        },
      });
    },
  });
}
