import type { EmbedderConfig } from '../models/types.ts';
import { withSettings } from './settings.ts';
import type { Setting, Training } from './types.ts';

/** The tutorial's settings (design §7), but for pooling, which is the base's own. */
const TUTORIAL: Readonly<Record<string, Setting>> = {
  train_group_size: 8,
  query_max_len: 512,
  passage_max_len: 512,
  per_device_train_batch_size: 16,
  num_train_epochs: 2,
  learning_rate: 1e-5,
  warmup_steps: 0.1,
  weight_decay: 0.01,
  temperature: 0.02,
  logging_steps: 10,
  save_steps: 500,
};

/** What a CPU can do in minutes. */
const CPU: Readonly<Record<string, Setting>> = {
  ...TUTORIAL,
  train_group_size: 4,
  query_max_len: 64,
  passage_max_len: 128,
  per_device_train_batch_size: 8,
  num_train_epochs: 1,
  use_cpu: true,
  dataloader_num_workers: 0,
  logging_steps: 1,
  save_steps: 24,
};

const PRESETS = { cpu: CPU, tutorial: TUTORIAL } as const;

export interface EmbedderPlaces {
  readonly basePath: string;
  readonly base: EmbedderConfig;
  /** Ends in `.jsonl`. */
  readonly trainFile: string;
  readonly outputFolder: string;
  /** A checkpoint to go on from. */
  readonly checkpoint?: string;
}

/** What FlagEmbedding is told, flag by flag. Throws `usage` for a key that is ours. */
export function embedderSettings(training: Training, places: EmbedderPlaces): Record<string, Setting> {
  const ours = {
    model_name_or_path: places.basePath,
    train_data: places.trainFile,
    output_dir: places.outputFolder,
    sentence_pooling_method: places.base.pooling,
    normalize_embeddings: places.base.normalize,
    report_to: 'none',
    enable_jit_checkpoint: true,
    seed: training.seed,
    ...(places.base.queryInstruction === '' ? {} : { query_instruction_for_retrieval: places.base.queryInstruction }),
    ...(places.checkpoint === undefined ? {} : { resume_from_checkpoint: places.checkpoint }),
  };
  const preset = { ...PRESETS[training.preset], save_strategy: 'steps', save_total_limit: 2 };
  return { ...ours, ...withSettings(preset, training.settings, Object.keys(ours)) };
}

/** Settings as an argument list; FlagEmbedding's parser wants Python's True and False. */
export function toFlags(settings: Readonly<Record<string, Setting>>): string[] {
  return Object.entries(settings).flatMap(([key, value]) => [
    `--${key}`,
    typeof value === 'boolean' ? (value ? 'True' : 'False') : String(value),
  ]);
}
