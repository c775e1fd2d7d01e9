import path from 'node:path';
import { DEFAULT_NEGATIVES } from '../datasets/negatives/random.ts';
import type { AnyDataset } from '../datasets/open.ts';
import { machineDevice } from '../engines/device.ts';
import { engineStatus, type InstalledEngine } from '../engines/store.ts';
import { checkName } from '../models/own.ts';
import { folderOfModel } from '../models/store.ts';
import type { EmbedderConfig } from '../models/types.ts';
import { RagtuiError } from '../platform/errors.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { checkEmbedderTraining } from './check-embedder.ts';
import { checkEmbedderKeys } from './check-settings.ts';
import { findEmbedderBase, int8Name } from './embedder-base.ts';
import { embedderSettings, scalars, trainerArguments } from './embedder-config.ts';
import { FLAGEMBEDDING_KEYS_VERSION } from './flagembedding-keys.ts';
import { forecastTraining } from './forecast/forecast.ts';
import { gatherFacts, type SlowFacts } from './forecast/gather.ts';
import { heldOutPart } from './held-out.ts';
import type { TrainingPlan } from './llm-plan.ts';
import { openTrainingData, part, withVersion } from './open-data.ts';
import { processesOf, processesOfNode } from './processes.ts';
import { askedOf, checkTunedName, tunedFolder } from './tuned.ts';
import type { EmbedderTraining } from './types.ts';

/** Checks all that is named and says what would run. Throws `not-found`, `usage`, `exists`, `unsupported`. */
export function planEmbedder(
  paths: WorkspacePaths,
  training: EmbedderTraining,
  slow: SlowFacts = {},
  /** The engine of another host that it is to run on. */
  far?: Pick<InstalledEngine, 'device' | 'versions'>,
): TrainingPlan {
  const base = findEmbedderBase(paths, training.base);
  const dataset = openTrainingData(paths, training);
  if (dataset.kind === 'sft') {
    throw new RagtuiError('unsupported', 'An embedder is trained on qa or retrieval rows.', 'Name another --dataset.');
  }
  checkTunedName(paths, askedOf('train-embedder', training));
  const manifest = engineStatus(paths, 'flagembedding').manifest;
  // The export runs here where it can.
  if (training.embedder?.int8) checkInt8(paths, training.name, (manifest ?? far)?.versions);
  const heldOut = heldOutPart(dataset, training);
  const all = dataset.count(part(training.split));
  const rows = Math.min(all, training.limit ?? all);
  // An environment of the user's own may be of another version, whose keys we do not know.
  const version = (far ?? manifest)?.versions['flagembedding'];
  if (version === undefined || version === FLAGEMBEDDING_KEYS_VERSION) checkEmbedderKeys(training.settings);
  const device = (far ?? manifest)?.device ?? machineDevice();
  const size = { nodes: training.nodes ?? 1, perNode: processesOfNode(training, device) };
  checkEmbedderTraining(training, { base: base.embedder, rows, gpus: processesOf(training, device) });
  const settings = finalEmbedderSettings(paths, training);
  return {
    rows,
    dataset: withVersion(dataset),
    command: ['python', ...trainerArguments(path.join('<job>', 'embedder.json'), settings, size)],
    files: {},
    forecast: forecastTraining(
      gatherFacts(paths, {
        engine: 'flagembedding',
        training,
        dataset,
        settings: scalars(settings),
        base: base.id,
        slow,
        ...(far ? { there: far.device } : {}),
      }),
    ),
    notes: notesOf(training, base.embedder, dataset, heldOut),
  };
}

function notesOf(
  { embedder, split }: EmbedderTraining,
  base: EmbedderConfig,
  dataset: AnyDataset,
  heldOut: string | undefined,
): string[] {
  const notes = [
    heldOut === undefined
      ? 'no part is held out: nothing is searched while it trains'
      : `searched while it trains: ${heldOut} (${dataset.count(heldOut)} rows)`,
    dataset.kind === 'qa'
      ? `negatives: ${DEFAULT_NEGATIVES} other contexts a row, at random`
      : 'negatives: those of the rows',
  ];
  if (embedder?.keep === 'best' && heldOut !== undefined && /(^|\/)test$/.test(heldOut)) {
    notes.push(`the step is chosen by ${heldOut}: numbers measured on it afterwards flatter it`);
  }
  if (embedder?.keep === 'best' && heldOut === undefined) {
    throw new RagtuiError(
      'usage',
      `--keep best needs held-out rows, and "${split}" has no sibling part.`,
      'Name a part with --eval-split.',
    );
  }
  if (embedder?.matryoshka && !embedder.matryoshka.includes(base.dimension)) {
    notes.push(`the whole vector of ${base.dimension} numbers is trained too`);
  }
  return notes;
}

function checkInt8(paths: WorkspacePaths, name: string, versions: InstalledEngine['versions'] | undefined): void {
  checkName(paths, int8Name(name));
  if (versions === undefined || 'onnxruntime' in versions) return;
  throw new RagtuiError(
    'unavailable',
    'The environment of FlagEmbedding lacks onnxruntime, which makes int8 weights.',
    'Run "ragtui engines install flagembedding": it brings it up to date.',
  );
}

/** All that FlagEmbedding will be told. Errors: `not-found`, `usage`. */
export function finalEmbedderSettings(
  paths: WorkspacePaths,
  training: EmbedderTraining,
): ReturnType<typeof embedderSettings> {
  const base = findEmbedderBase(paths, training.base);
  return embedderSettings(training, {
    basePath: folderOfModel(paths, base.id),
    base: base.embedder,
    trainFile: path.join('<job>', 'data', '<exported with the job>.jsonl'),
    outputFolder: tunedFolder(paths, training.name).train,
  });
}
