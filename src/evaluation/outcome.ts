import type { Hit } from '../kb/types.ts';
import type { ItemResult } from './types.ts';

/** What came of one question of one column, before it is scored. */
export interface Outcome
  extends Pick<
    ItemResult,
    'answerKey' | 'state' | 'output' | 'finish' | 'error' | 'retrieved' | 'cut' | 'usage' | 'cost' | 'timing'
  > {
  /** What the LLM (or a baseline that copies) was given to read. */
  readonly context: string | null;
  readonly topK: number;
  /** Chunks of the gold passage that there are to find; null when unknown or not retrieved. */
  readonly goldChunks: number | null;
}

export const NOTHING_TIMED: ItemResult['timing'] = { retrievalMs: null, firstTokenMs: null, totalMs: null };

/** Chunks as the log keeps them. */
export const keptHits = (hits: readonly Hit[]): NonNullable<ItemResult['retrieved']> =>
  hits.map(({ document, text, score }) => ({ document, text, score }));
