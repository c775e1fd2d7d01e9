import { existsSync } from 'node:fs';
import { keptFarEngine } from '../hosts/store.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { planEmbedder } from '../training/embedder-plan.ts';
import { refuseHopeless } from '../training/forecast/refusal.ts';
import { planLlm } from '../training/llm-plan.ts';
import { tunedFolder } from '../training/tuned.ts';
import { ENGINE_OF } from '../training/types.ts';
import { nextName } from './clone.ts';
import type { JobWork } from './types.ts';

export interface ReadyOptions {
  /** The name was chosen for this job: it is kept. */
  readonly named?: boolean;
  /** A name under which nothing has begun is kept too. */
  readonly keepFree?: boolean;
  /** Also a training that needs more memory or disk than there is. */
  readonly oversize?: boolean;
}

/**
 * Work that can be started as a new job: a training gets a free name unless it was named for it, since its folder is its
 * own, and is planned: what cannot run is refused here, not in the job. Errors: those of the plans and of the forecast.
 */
export function readyWork(paths: WorkspacePaths, work: JobWork, options: ReadyOptions = {}): JobWork {
  if (work.kind !== 'train-llm' && work.kind !== 'train-embedder') return work;
  const { named = false, keepFree = false, oversize = false } = options;
  const taken = (name: string) => existsSync(tunedFolder(paths, name).root);
  const kept = named || (keepFree && !taken(work.name));
  const ready = kept ? work : { ...work, name: nextName(work.name, taken) };
  const { launcher } = ready;
  const far =
    launcher === undefined
      ? undefined
      : keptFarEngine(paths, launcher, ready.kind === 'train-llm' ? ENGINE_OF.llm : ENGINE_OF.embedder);
  const { forecast, dataset } =
    ready.kind === 'train-llm' ? planLlm(paths, ready, {}, far) : planEmbedder(paths, ready, {}, far);
  // A forecast is of this machine.
  if (launcher === undefined) refuseHopeless(forecast, { oversize });
  return { ...ready, dataset };
}
