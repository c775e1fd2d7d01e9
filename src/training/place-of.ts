import type { EngineName } from '../engines/types.ts';
import { findHost } from '../hosts/store.ts';
import { hostOf } from '../hosts/types.ts';
import type { JobContext } from '../jobs/worker.ts';
import { farPlace } from './far-place.ts';
import { checkNodes } from './nodes.ts';
import { localPlace, type TrainingPlace } from './place.ts';

/** Where a training's engine runs, as its job was told. Errors: those of the engine or host that is not there. */
export const placeOf = async (
  context: JobContext<'train-llm'> | JobContext<'train-embedder'>,
  engine: EngineName,
): Promise<TrainingPlace> => {
  const { work, paths } = context;
  const { launcher } = work;
  checkNodes(work, launcher, launcher === undefined ? undefined : findHost(paths, hostOf(launcher)));
  return launcher === undefined ? localPlace(context, engine) : farPlace(context, engine);
};
