import type { JobView } from '../../jobs/types.ts';
import { exportedName, int8Name } from '../../training/embedder-base.ts';
import type { ScreenContext } from '../context.ts';
import { setColumns, tuneColumns } from '../deploy/compare.ts';

/** Sets up columns for the base and its tune, and goes to where both are asked at once. */
export function askBeside(context: ScreenContext, { spec: { work } }: JobView): void {
  const { compare, ask, ui } = context;
  if (work.kind !== 'train-llm' && work.kind !== 'train-embedder') return;
  const { kb, llm } = ask.getState().settings;
  compare.getState().refresh({ kb, llm });
  if (work.kind === 'train-llm') {
    setColumns(compare, ...tuneColumns(context, work));
  } else {
    const { name, embedder } = work;
    // The int8 one is an embedder of its own: what it loses is seen beside the two.
    const int8 = embedder?.int8 ? [{ embedder: int8Name(name) }] : [];
    setColumns(compare, { embedder: exportedName(work.base) }, { embedder: name }, ...int8);
  }
  ui.getState().showScreen('compare');
}
