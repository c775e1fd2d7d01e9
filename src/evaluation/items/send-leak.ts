import type { DatasetManifest } from '../../datasets/types.ts';
import { listJobs } from '../../jobs/registry.ts';
import { RagtuiError } from '../../platform/errors.ts';
import type { WorkspacePaths } from '../../platform/paths.ts';
import type { Evaluation } from '../types.ts';

const TRAIN = 'train';

/** Why questions of a run that are sent to a dataset may reach a training. */
export interface SendLeak {
  /** What they were measured with, as DATASET:PART. */
  readonly measured: string;
  /** What of the dataset is, or may be, trained on. */
  readonly through: string;
}

/**
 * Whether a training of `target` would see the questions that a run measures with: it was trained on, or has a split with
 * a part to train on, from which new rows are kept out only until it is split again. Questions that the run took from a
 * part to train on leak nothing. Undefined: nothing is known of a training.
 */
export function sendLeak(
  paths: WorkspacePaths,
  { dataset, split }: Pick<Evaluation, 'dataset' | 'split'>,
  target: DatasetManifest | undefined,
): SendLeak | undefined {
  if (split === TRAIN || split.endsWith(`/${TRAIN}`) || !target) return undefined;
  const measured = `${dataset}:${split}`;
  const training = listJobs(paths).find(({ spec: { work } }) => {
    if (work.kind !== 'train-llm' && work.kind !== 'train-embedder') return false;
    return work.dataset === target.name || work.dataset.startsWith(`${target.name}@`);
  });
  if (training) return { measured, through: `training ${training.spec.id}` };
  const found = target.splits.find(({ parts }) => parts.some(({ name }) => name === TRAIN));
  return found && { measured, through: `${found.name}/${TRAIN}` };
}

/** Errors: `invalid` when it would leak. */
export function refuseLeak(target: string, leak: SendLeak | undefined): void {
  if (!leak) return;
  throw new RagtuiError(
    'invalid',
    `${leak.measured} measures with these questions, and "${target}" is trained on (${leak.through}): the tuned one would be asked what it has learned.`,
    'Send them to a dataset of their own, or, knowing that, with: ragtui eval send … --allow-leak',
  );
}
