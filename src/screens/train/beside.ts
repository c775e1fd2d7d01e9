import type { JobView } from '../../jobs/types.ts';
import type { ScreenContext } from '../context.ts';

/** Shows the tuned model where questions are asked. */
export function askBeside(context: ScreenContext, { spec: { work } }: JobView): void {
  if (work.kind !== 'train-llm' && work.kind !== 'train-embedder') return;
  if (work.kind === 'train-llm') context.ask.getState().configure({ llm: work.name });
  context.ui.getState().showScreen('ask');
}
