import type { JobView } from '../../jobs/types.ts';
import { exportedName } from '../../training/embedder-base.ts';
import type { ScreenContext } from '../context.ts';
import { setColumns } from '../deploy/compare.ts';

/** Sets up two columns, the base and its tune, and goes to where both are asked at once. */
export function askBeside(context: ScreenContext, { spec: { work } }: JobView): void {
  const { compare, ask, ui } = context;
  if (work.kind !== 'train-llm' && work.kind !== 'train-embedder') return;
  const { kb, llm } = ask.getState().settings;
  compare.getState().refresh({ kb, llm });
  if (work.kind === 'train-llm') {
    // The prompt it was trained with: with another one the tune is not what is asked.
    setColumns(compare, { llm: work.base, prompt: 'sft' }, { llm: work.name, prompt: 'sft' });
  } else {
    setColumns(compare, { embedder: exportedName(work.base) }, { embedder: work.name });
  }
  ui.getState().showScreen('compare');
}
