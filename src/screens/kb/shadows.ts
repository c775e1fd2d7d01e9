import type { Choice } from '../../../stores/ui.ts';
import { isOver, type JobView } from '../../jobs/types.ts';
import type { KnowledgeBase } from '../../kb/types.ts';
import { formatCount } from '../../ui/format.ts';
import { t } from '../../ui/i18n/index.ts';
import type { KbModel } from './model.ts';

/** What an embedder of a knowledge base is to it. */
export type EmbedderState = 'live' | 'ready' | 'incomplete';

/** Whether an embedder is searched with, could be, or lacks vectors (and how many). Pure. */
export function embedderState(
  base: KnowledgeBase,
  id: string,
): { state: EmbedderState; missing: number; texts: number } {
  const own = base.indexes.filter(({ embedder }) => embedder === id);
  const missing = own.reduce((sum, index) => sum + index.missing, 0);
  const texts = own.reduce((sum, index) => sum + index.vectors + index.missing, 0);
  if (base.embedders[0] === id) return { state: 'live', missing, texts };
  return { state: missing === 0 ? 'ready' : 'incomplete', missing, texts };
}

/** The build of an index beside the live one that runs for the selected base. */
export function runningShadow(model: KbModel): JobView | undefined {
  const job = model.shadow();
  return job && !isOver(job.state) ? job : undefined;
}

/** Embedders whose index stands beside the live one and is whole: what one key switches to. */
export const readyShadows = (base: KnowledgeBase): readonly string[] =>
  base.embedders.filter((id) => embedderState(base, id).state === 'ready');

/** Embedders of the base that lack vectors, then those on this disk that it does not have. */
export function buildable(model: KbModel): readonly Choice[] {
  const base = model.base();
  if (!base) return [];
  const incomplete = base.embedders
    .filter((id) => embedderState(base, id).state === 'incomplete')
    .map((id): Choice => {
      const { missing } = embedderState(base, id);
      return { id, title: id, note: t('kb.embedder.missing', { count: formatCount(missing) }) };
    });
  const { list, endpoints } = model.context.models.getState();
  const here = (list ?? []).filter(({ entry, state }) => entry.kind === 'embedder' && state === 'present');
  const remote = endpoints.filter(({ kind }) => kind === 'embedding');
  const fresh = [...here.map(({ entry }) => entry.id), ...remote.map(({ name }) => name)]
    .filter((id) => !base.embedders.includes(id))
    .map(
      (id): Choice => ({
        id,
        title: id,
        note: t('kb.embedder.add', { chunks: formatCount(base.chunks) }),
      }),
    );
  return [...incomplete, ...fresh];
}

/** Asks which embedder gets its index beside the live one, and starts the job after a yes. */
export function chooseShadow(model: KbModel): void {
  model.context.ui.getState().choose({
    title: t('kb.chooseShadow'),
    choices: buildable(model),
    selected: '',
    pick: (id) => confirmShadow(model, id),
  });
}

export function confirmShadow(model: KbModel, id: string): void {
  const { kb, ui } = model.context;
  const base = model.base();
  if (!base) return;
  ui.getState().confirm({
    title: t('kb.chooseShadow'),
    text: t('kb.embedder.confirm', { id, chunks: formatCount(base.chunks), live: base.embedders[0] ?? '' }),
    run: async () => {
      await kb.getState().shadow(base.name, id);
    },
  });
}

/** Searches with the index that stands ready; of several it asks which. */
export function switchToShadow(model: KbModel): Promise<void> | undefined {
  const base = model.base();
  const [only, ...more] = base ? readyShadows(base) : [];
  if (!base || only === undefined) return undefined;
  if (more.length === 0) return switchTo(model, base.name, only);
  model.context.ui.getState().choose({
    title: t('kb.chooseEmbedder'),
    choices: [only, ...more].map((id): Choice => ({ id, title: id })),
    selected: only,
    pick: (id) => switchTo(model, base.name, id),
  });
  return undefined;
}

export async function switchTo({ context }: KbModel, name: string, id: string): Promise<void> {
  await context.kb.getState().switchEmbedder(name, id);
  context.ui.getState().toast(t('kb.embedder.switched', { name, id }), 'good');
}

export async function rollBack({ context }: KbModel, base: KnowledgeBase): Promise<void> {
  const id = base.previous ?? '';
  await context.kb.getState().rollback(base.name);
  context.ui.getState().toast(t('kb.embedder.switched', { name: base.name, id }), 'good');
}
