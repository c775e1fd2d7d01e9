import type { Preferred } from './types.ts';

/** Share of statements that hold (design §7: each 0 or 1, their mean); null without one. Pure. */
export const shareOf = (verdicts: readonly (0 | 1)[]): number | null => meanOf(verdicts);

/** Null of nothing. Pure. */
export const meanOf = (values: readonly number[]): number | null =>
  values.length === 0 ? null : values.reduce((sum, one) => sum + one, 0) / values.length;

/** What counts for the other column: 1 it is preferred, 0 the base is, 0.5 a tie. */
export const WIN = 1;
export const LOSS = 0;
export const TIE = 0.5;

/**
 * The other column against the base, asked in both orders: first with the base shown first, then last. Only a preference
 * that survives the swap counts; one that goes with the place is a tie. Pure.
 */
export function preferenceOf([baseFirst, baseLast]: readonly [Preferred, Preferred]): number {
  if (baseFirst === 'second' && baseLast === 'first') return WIN;
  return baseFirst === 'first' && baseLast === 'second' ? LOSS : TIE;
}

/** Whether the judge chose a place and not an answer: the same one in both orders. Pure. */
export const byPlace = ([baseFirst, baseLast]: readonly [Preferred, Preferred]): 'first' | 'second' | null =>
  baseFirst === baseLast && baseFirst !== 'tie' ? baseFirst : null;
