import type { AnyDataset } from '../../datasets/open.ts';
import type { JobWork } from '../../jobs/types.ts';
import type { WorkspacePaths } from '../../platform/paths.ts';
import { findEmbedderBase } from '../embedder-base.ts';
import { scalars } from '../embedder-config.ts';
import { finalEmbedderSettings } from '../embedder-plan.ts';
import { finalLlmSettings } from '../llm-plan.ts';
import { openTrainingData } from '../open-data.ts';
import type { Setting } from '../types.ts';
import type { ForecastInput } from './types.ts';

export type TrainingWork = Extract<JobWork, { kind: 'train-llm' | 'train-embedder' }>;

export const isTrainingWork = (work: JobWork): work is TrainingWork =>
  work.kind === 'train-llm' || work.kind === 'train-embedder';

export interface FinalSettings {
  readonly engine: ForecastInput['engine'];
  readonly base: string;
  readonly dataset: AnyDataset;
  readonly settings: Readonly<Record<string, Setting>>;
}

/** What a training's engine will be told, and on what. Errors: `not-found`, `usage`. */
export function finalSettings(paths: WorkspacePaths, work: TrainingWork): FinalSettings {
  const dataset = openTrainingData(paths, work);
  return work.kind === 'train-llm'
    ? { engine: 'llamafactory', base: work.base, dataset, settings: finalLlmSettings(paths, work) }
    : {
        engine: 'flagembedding',
        base: findEmbedderBase(paths, work.base).id,
        dataset,
        settings: scalars(finalEmbedderSettings(paths, work)),
      };
}
