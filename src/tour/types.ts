import { z } from 'zod';

/** The steps, in the order of the story: from documents to a verdict one can defend. */
export const TOUR_STEPS = [
  'ingest',
  'ask',
  'passages',
  'compare',
  'dataset',
  'prepare',
  'train',
  'deploy',
  'evaluate',
  'verdict',
] as const;
export const tourStepSchema = z.enum(TOUR_STEPS);
export type TourStep = z.infer<typeof tourStepSchema>;

/** `tour.json` of the workspace: what was done stays done. */
export const tourRecordSchema = z.object({
  version: z.literal(1),
  /** `on`: the strip is on screen, also after the next start. */
  state: z.enum(['new', 'on', 'left', 'over']),
  done: z.array(tourStepSchema),
  skipped: z.array(tourStepSchema),
});
export type TourRecord = z.infer<typeof tourRecordSchema>;

/** What a step can be ticked by. Nothing is asked for it: stores and files know it already. */
export interface TourFacts {
  /** In all knowledge bases. */
  readonly documents: number;
  readonly answers: number;
  /** With two columns or more. */
  readonly comparisons: number;
  /** With rows. */
  readonly datasets: number;
  /** Of which something was made: split, negatives, training rows. */
  readonly prepared: number;
  readonly trainings: number;
  /** Evaluations that were started. */
  readonly evaluations: number;
  /** What only a screen can know: that it was looked at. */
  readonly looked: ReadonlySet<TourStep>;
}

export interface StepView {
  readonly step: TourStep;
  /** From 1. */
  readonly number: number;
  readonly state: 'done' | 'skipped' | 'now' | 'later';
}
