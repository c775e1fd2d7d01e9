import path from 'node:path';
import { modelFolder } from '../models/store.ts';
import { pythonScript } from '../platform/entry.ts';
import { RagtuiError } from '../platform/errors.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { findEmbedderBase } from './embedder-base.ts';
import { embedderSettings, toFlags } from './embedder-config.ts';
import { forecastTraining } from './forecast/forecast.ts';
import { gatherFacts, type SlowFacts } from './forecast/gather.ts';
import type { TrainingPlan } from './llm-plan.ts';
import { openTrainingData, part } from './open-data.ts';
import { askedOf, checkTunedName, tunedFolder } from './tuned.ts';
import type { Training } from './types.ts';

/** Checks all that is named and says what would run. Throws `not-found`, `usage`, `exists`, `unsupported`. */
export function planEmbedder(paths: WorkspacePaths, training: Training, slow: SlowFacts = {}): TrainingPlan {
  const base = findEmbedderBase(paths, training.base);
  const dataset = openTrainingData(paths, training);
  if (dataset.kind === 'sft') {
    throw new RagtuiError('unsupported', 'An embedder is trained on qa or retrieval rows.', 'Name another --dataset.');
  }
  checkTunedName(paths, askedOf('train-embedder', training));
  const { train } = tunedFolder(paths, training.name);
  const settings = embedderSettings(training, {
    basePath: modelFolder(paths, base.id),
    base: base.embedder,
    trainFile: path.join('<job>', 'data', '<exported with the job>.jsonl'),
    outputFolder: train,
  });
  const rows = dataset.count(part(training.split));
  return {
    rows: Math.min(rows, training.limit ?? rows),
    command: ['python', pythonScript('train_embedder'), path.join(train, 'trainer_log.jsonl'), ...toFlags(settings)],
    files: {},
    forecast: forecastTraining(
      gatherFacts(paths, { engine: 'flagembedding', training, dataset, settings, base: base.id, slow }),
    ),
  };
}
