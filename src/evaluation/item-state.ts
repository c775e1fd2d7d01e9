import { isNoAnswer } from './metrics/no-answer.ts';
import type { ItemResult, ItemState } from './types.ts';

/** The state of an answer that came: a refusal is what the metric `no-answer` takes for one, or one cut by a filter. Pure. */
export function answeredState(output: string, finish: ItemResult['finish']): ItemState {
  if (finish === 'filtered') return 'refused';
  if (output.trim() === '') return 'empty';
  return isNoAnswer(output) ? 'refused' : 'ok';
}

/** The state of a finished item, also of one from before refusals were told apart. Pure. */
export function stateOf({ state, output, finish }: Pick<ItemResult, 'state' | 'output' | 'finish'>): ItemState {
  return state === 'ok' && output !== null ? answeredState(output, finish) : state;
}

/** Whether no answer came. */
export const isFailure = ({ state }: Pick<ItemResult, 'state'>): boolean => state === 'error' || state === 'timeout';
