import path from 'node:path';
import { engineStatus } from '../engines/store.ts';
import { findModel } from '../models/store.ts';
import { RagtuiError } from '../platform/errors.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { transformersFolder } from './base-llm.ts';
import { checkLlmKeys, checkServable } from './check-settings.ts';
import { KEYS_VERSION } from './llamafactory-keys.ts';
import { llmSettings, TEMPLATES } from './llm-config.ts';
import { openTrainingData, part } from './open-data.ts';
import { askedOf, checkTunedName, tunedFolder } from './tuned.ts';
import type { Training } from './types.ts';
import { toYaml } from './yaml.ts';

/** What a training would run, before anything is started. */
export interface TrainingPlan {
  readonly rows: number;
  readonly command: readonly string[];
  /** Files it would write first, by name. */
  readonly files: Readonly<Record<string, string>>;
}

/** LLaMA-Factory's template of a base. Throws `unsupported` when we know none: it would train on another chat format. */
export function templateOf(base: string): string {
  const template = TEMPLATES[base];
  if (template) return template;
  throw new RagtuiError(
    'unsupported',
    `No chat template of LLaMA-Factory is known for "${base}".`,
    `Known: ${Object.keys(TEMPLATES).join(', ')}.`,
  );
}

/** Checks all that is named and says what would run. Throws `not-found`, `usage`, `exists`, `unsupported`. */
export function planLlm(paths: WorkspacePaths, training: Training): TrainingPlan {
  const entry = findModel(paths, training.base);
  if (entry.kind !== 'chat') {
    throw new RagtuiError(
      'usage',
      `"${training.base}" is no LLM but a model of kind ${entry.kind}.`,
      'Choose another --base.',
    );
  }
  const template = templateOf(training.base);
  // An environment of the user's own may be of another version, whose keys we do not know.
  const version = engineStatus(paths, 'llamafactory').manifest?.versions['llamafactory'];
  if (version === undefined || version === KEYS_VERSION) checkLlmKeys(training.settings);
  if (!training.allowUnservable) checkServable(training.settings);
  const dataset = openTrainingData(paths, training);
  if (dataset.kind === 'retrieval') {
    throw new RagtuiError('unsupported', 'An LLM is trained on qa or sft rows.', 'Name another --dataset.');
  }
  checkTunedName(paths, askedOf('train-llm', training));
  const settings = llmSettings(training, {
    basePath: transformersFolder(paths, training.base),
    template,
    datasetName: '<exported with the job>',
    datasetFolder: path.join('<job>', 'data'),
    outputFolder: tunedFolder(paths, training.name).train,
  });
  const rows = dataset.count(part(training.split));
  return {
    rows: Math.min(rows, training.limit ?? rows),
    command: ['python', '-m', 'llamafactory.cli', 'train', 'train.yaml'],
    files: { 'train.yaml': toYaml(settings) },
  };
}
