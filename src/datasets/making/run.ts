import type { JobContext } from '../../jobs/worker.ts';
import { datasetFolder, datasetSlug } from '../layout.ts';
import type { Made, Making } from './types.ts';

export type MakingContext = Pick<JobContext<'make-data'>, 'paths' | 'folder' | 'report' | 'signal'>;

/** The body of a `make-data` job. What it made is its artifact `dataset`. */
export async function makeData(context: JobContext<'make-data'>): Promise<void> {
  const made = await make(context, context.work.making);
  for (const note of made.notes) context.report.log('info', note);
  context.report.artifact('dataset', datasetFolder(context.paths, datasetSlug(made.dataset)), made);
}

async function make(context: MakingContext, making: Making): Promise<Made> {
  switch (making.what) {
    case 'negatives': {
      const { makeNegatives } = await import('../negatives/run.ts');
      return makeNegatives(context, making);
    }
    case 'augment': {
      const { makeAugmented } = await import('./augment/run.ts');
      return makeAugmented(context, making);
    }
    case 'sft': {
      const { makeSft } = await import('./sft.ts');
      return makeSft(context, making);
    }
    case 'synthesize': {
      const { makeQuestions } = await import('./synthesize.ts');
      return makeQuestions(context, making);
    }
    case 'label': {
      const { makeLabels } = await import('./label.ts');
      return makeLabels(context, making);
    }
    case 'preference': {
      const { makePreferences } = await import('./preference.ts');
      return makePreferences(context, making);
    }
  }
}
