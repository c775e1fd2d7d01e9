import type { EngineName } from '../engines/types.ts';
import type { JobContext } from '../jobs/worker.ts';
import { farPlace } from './far-place.ts';
import { checkNodes } from './nodes.ts';
import { localPlace, type TrainingPlace } from './place.ts';

/** Where a training's engine runs, as its job was told. Errors: those of the engine or host that is not there. */
export const placeOf = async (
  context: JobContext<'train-llm'> | JobContext<'train-embedder'>,
  engine: EngineName,
): Promise<TrainingPlace> => {
  const { work } = context;
  if (work.launcher !== undefined) return farPlace(context, engine);
  checkNodes(work, undefined);
  return localPlace(context, engine);
};
