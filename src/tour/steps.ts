import { type StepView, TOUR_STEPS, type TourFacts, type TourRecord, type TourStep } from './types.ts';

export const NEW_TOUR: TourRecord = { version: 1, state: 'new', done: [], skipped: [] };

/** The screen on which a step is done. */
export const SCREEN_OF: Readonly<Record<TourStep, string>> = {
  ingest: 'home',
  ask: 'ask',
  passages: 'ask',
  compare: 'compare',
  dataset: 'datasets',
  prepare: 'datasets',
  train: 'train',
  deploy: 'deploy',
  evaluate: 'evaluate',
  verdict: 'evaluate',
};

/** Before a step, on the screen and in the command's list. */
export const STEP_SIGNS: Readonly<Record<StepView['state'], string>> = {
  done: '✓',
  skipped: '–',
  now: '▸',
  later: '·',
};

const REACHED: Readonly<Record<TourStep, (facts: TourFacts) => boolean>> = {
  ingest: ({ documents }) => documents > 0,
  ask: ({ answers }) => answers > 0,
  passages: ({ looked }) => looked.has('passages'),
  compare: ({ comparisons }) => comparisons > 0,
  dataset: ({ datasets }) => datasets > 0,
  prepare: ({ prepared }) => prepared > 0,
  train: ({ looked, trainings }) => looked.has('train') || trainings > 0,
  deploy: ({ looked }) => looked.has('deploy'),
  evaluate: ({ evaluations }) => evaluations > 0,
  verdict: ({ looked }) => looked.has('verdict'),
};

/** The record with every step ticked that the facts show as done; the same object when nothing is new. */
export function ticked(record: TourRecord, facts: TourFacts): TourRecord {
  const fresh = TOUR_STEPS.filter((step) => !record.done.includes(step) && REACHED[step](facts));
  return fresh.length === 0 ? record : closed({ ...record, done: [...record.done, ...fresh] });
}

/** A step said to be done by the person. */
export const done = (record: TourRecord, step: TourStep): TourRecord =>
  record.done.includes(step) ? record : closed({ ...record, done: [...record.done, step] });

/** A step left out, or taken up again. */
export function skipped(record: TourRecord, step: TourStep): TourRecord {
  const out = record.skipped.includes(step);
  const list = out ? record.skipped.filter((each) => each !== step) : [...record.skipped, step];
  return closed({ ...record, skipped: list });
}

/** The step that is next; null when all are done or left out. */
export const stepNow = ({ done: over, skipped: out }: TourRecord): TourStep | null =>
  TOUR_STEPS.find((step) => !over.includes(step) && !out.includes(step)) ?? null;

/** All ten, as they stand. */
export function stepViews(record: TourRecord): StepView[] {
  const now = stepNow(record);
  return TOUR_STEPS.map((step, index) => {
    const state = record.done.includes(step)
      ? 'done'
      : record.skipped.includes(step)
        ? 'skipped'
        : step === now
          ? 'now'
          : 'later';
    return { step, number: index + 1, state };
  });
}

/** A tour that is on ends with its last step. */
function closed(record: TourRecord): TourRecord {
  if (stepNow(record) === null) return record.state === 'on' ? { ...record, state: 'over' } : record;
  return record.state === 'over' ? { ...record, state: 'on' } : record;
}
