import { readLastEvents } from '../jobs/events.ts';
import { readJob } from '../jobs/registry.ts';
import { RagtuiError } from '../platform/errors.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { addEvent, emptyCurves } from './curves.ts';
import type { PictureRun } from './picture/scene.ts';

/** The numbers of a training, as far as it has come. Errors: `not-found`, `usage` for a job that is no training. */
export async function readCurves(paths: WorkspacePaths, id: string): Promise<PictureRun> {
  const { folder, spec } = readJob(paths, id);
  const { work } = spec;
  if (work.kind !== 'train-llm' && work.kind !== 'train-embedder') {
    throw new RagtuiError(
      'usage',
      `Job ${id} is no training but of kind ${work.kind}.`,
      'See `ragtui jobs list --kind train-llm`.',
    );
  }
  const curves = emptyCurves();
  const { events } = await readLastEvents(folder, Number.MAX_SAFE_INTEGER);
  for (const event of events) addEvent(curves, event);
  return { name: work.name, curves };
}
