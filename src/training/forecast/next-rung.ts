import type { WorkspacePaths } from '../../platform/paths.ts';
import { finalSettings, type TrainingWork } from './final-settings.ts';
import { gatherFacts } from './gather.ts';
import { nextRung } from './ladder.ts';
import { slowFacts } from './slow-facts.ts';
import type { Rung } from './types.ts';

/**
 * What to change next in a training that ran out of memory; undefined when nothing is left. Counts token lengths, a
 * second or two. Errors: `not-found` for a dataset or base that is gone.
 */
export async function nextRungOf(
  paths: WorkspacePaths,
  work: TrainingWork,
  signal?: AbortSignal,
): Promise<Rung | undefined> {
  const { engine, base, dataset, settings } = finalSettings(paths, work);
  // The GPU's own numbers decide nothing here.
  const slow = await slowFacts(paths, { engine, training: work, device: 'cpu' }, signal);
  return nextRung(gatherFacts(paths, { engine, training: work, dataset, settings, base, slow }));
}
