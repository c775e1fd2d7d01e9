import { NEW_TOUR } from '../../src/tour/steps.ts';
import type { TourFacts, TourRecord } from '../../src/tour/types.ts';
import type { TourPort } from '../../stores/tour.ts';

export const NO_FACTS: TourFacts = {
  documents: 0,
  answers: 0,
  comparisons: 0,
  datasets: 0,
  prepared: 0,
  trainings: 0,
  evaluations: 0,
  looked: new Set(),
};

/** A record in memory; `files` is what the workspace would say. */
export function fakeTour(
  record: TourRecord = NEW_TOUR,
  files: TourFacts = NO_FACTS,
): TourPort & { readonly kept: TourRecord[] } {
  const kept: TourRecord[] = [];
  return { kept, read: () => kept.at(-1) ?? record, write: (next) => void kept.push(next), facts: async () => files };
}
