import { matrixColumns } from '../../rag/comparisons/matrix.ts';
import type { CompareModel } from './model.ts';

interface MatrixWish {
  readonly llms: readonly string[];
  readonly embedders: readonly string[];
}

/**
 * Which LLMs and embedders a matrix would take: an LLM with its newest adapter, an embedder of the knowledge base with
 * its tune (else another one it has). Null when there are not two of either. Pure but for reading stores.
 */
export function matrixWish({ context, selected }: CompareModel): MatrixWish | null {
  const { models, kb } = context.compare.getState();
  const slot = selected();
  if (!slot) return null;
  const llms = models.filter(({ kind }) => kind === 'llm');
  const own = llms.find(({ id }) => id === slot.settings.llm);
  const baseId = own?.base ?? own?.id ?? slot.settings.llm;
  const tuned = own?.base != null ? own : llms.findLast(({ base }) => base === baseId);
  const ofKb = context.kb.getState().list?.find(({ name }) => name === kb)?.embedders ?? [];
  const first = ofKb[0];
  const second = [...ofKb].reverse().find((id) => id !== first);
  const wish = {
    llms: tuned && tuned.id !== baseId ? [baseId, tuned.id] : [],
    embedders: first !== undefined && second !== undefined ? [first, second] : [],
  };
  return wish.llms.length + wish.embedders.length >= 2 ? wish : null;
}

/** Every LLM with every embedder; all else as in the selected column, which reads what it finds. */
export function setMatrix(model: CompareModel): void {
  const wish = matrixWish(model);
  const slot = model.selected();
  if (!wish || !slot) return;
  const { settings } = slot;
  // Embedders differ only where vectors are searched and read.
  const searched = {
    ...settings,
    context: 'retrieved' as const,
    mode: settings.mode === 'bm25' ? ('hybrid' as const) : settings.mode,
  };
  const columns = matrixColumns({ ...wish, settings: wish.embedders.length > 0 ? searched : settings });
  // They are called by what differs, so that their names follow when one is changed.
  model.context.compare.getState().load(columns.map((column) => ({ ...column, name: '' })));
}
