import type { EmbedderConfig } from '../models/types.ts';
import { pythonScript } from '../platform/entry.ts';
import { RagtuiError } from '../platform/errors.ts';
import { type LaunchSize, torchrunOnNodes } from './llm-launch.ts';
import { withSettings } from './settings.ts';
import { type EmbedderOptions, type EmbedderTraining, presetOfEmbedder, type Setting, type Training } from './types.ts';

type Value = Setting | readonly number[];

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

/** A preset by FlagEmbedding's own keys. */
export const embedderPreset = (preset: Training['preset']): Readonly<Record<string, Setting>> =>
  PRESETS[presetOfEmbedder(preset)];

export interface EmbedderPlaces {
  readonly basePath: string;
  readonly base: EmbedderConfig;
  /** Ends in `.jsonl`. */
  readonly trainFile: string;
  readonly outputFolder: string;
  /** A checkpoint to go on from. */
  readonly checkpoint?: string;
}

/** What FlagEmbedding is told, flag by flag. Throws `usage` for a key that is ours, or has an option of its own that is used. */
export function embedderSettings(training: EmbedderTraining, places: EmbedderPlaces): Record<string, Value> {
  const { embedder = {} } = training;
  const instruction = instructionOf(training, places.base);
  const ours = {
    model_name_or_path: places.basePath,
    train_data: places.trainFile,
    output_dir: places.outputFolder,
    sentence_pooling_method: places.base.pooling,
    normalize_embeddings: places.base.normalize,
    report_to: 'none',
    enable_jit_checkpoint: true,
    seed: training.seed,
    ...(instruction === '' ? {} : { query_instruction_for_retrieval: instruction }),
    ...(places.checkpoint === undefined ? {} : { resume_from_checkpoint: places.checkpoint }),
  };
  const typed = typedSettings(embedder, places.base);
  const twice = Object.keys(typed).find((key) => key in training.settings);
  if (twice !== undefined) {
    throw new RagtuiError('usage', `${twice} is said twice, by --set and by an option of its own.`, 'Leave one out.');
  }
  const preset = {
    ...PRESETS[presetOfEmbedder(training.preset)],
    save_strategy: 'steps',
    save_total_limit: 2,
  };
  return { ...ours, ...withSettings(preset, training.settings, [...Object.keys(ours), ...OURS_ALONE]), ...typed };
}

/** What only options of ours set: `--set` knows no lists, and would turn an instruction on for the training alone. */
const OURS_ALONE = ['use_mrl', 'mrl_dims', 'query_instruction_for_retrieval', 'resume_from_checkpoint'];

function typedSettings(
  { matryoshka, temperature, negatives, distill }: EmbedderOptions,
  { dimension }: EmbedderConfig,
): Record<string, Value> {
  return {
    ...(matryoshka === undefined ? {} : { use_mrl: true, mrl_dims: matryoshkaOf(matryoshka, dimension) }),
    ...(temperature === undefined ? {} : { temperature }),
    ...(negatives === undefined ? {} : { train_group_size: negatives + 1 }),
    ...(distill === undefined ? {} : { knowledge_distillation: true }),
  };
}

/** The lengths that are trained: what is exported is the whole vector, so it is one of them. */
export const matryoshkaOf = (lengths: readonly number[], dimension: number): readonly number[] =>
  lengths.includes(dimension) ? lengths : [...lengths, dimension];

/** What stands before a query, in training and in use; '' for none. */
export const instructionOf = ({ embedder }: EmbedderTraining, base: EmbedderConfig): string =>
  embedder?.instruction === false ? '' : base.queryInstruction;

/** Settings without lists, for who only counts. */
export const scalars = (settings: Readonly<Record<string, Value>>): Record<string, Setting> =>
  Object.fromEntries(
    Object.entries(settings).filter((entry): entry is [string, Setting] => typeof entry[1] !== 'object'),
  );

/** Settings as an argument list; FlagEmbedding's parser wants Python's True and False. */
export function toFlags(settings: Readonly<Record<string, Value>>): string[] {
  return Object.entries(settings).flatMap(([key, value]) => [
    `--${key}`,
    ...(typeof value === 'object'
      ? value.map(String)
      : [typeof value === 'boolean' ? (value ? 'True' : 'False') : String(value)]),
  ]);
}

/** Texts of a training group: one positive, the others negatives. */
export function groupSizeOf({ preset, settings, embedder }: EmbedderTraining): number {
  if (embedder?.negatives !== undefined) return embedder.negatives + 1;
  return Number(settings['train_group_size'] ?? PRESETS[presetOfEmbedder(preset)].train_group_size);
}

/** Rows of a step on one device. */
export const batchSizeOf = ({ preset, settings }: Training): number =>
  Number(settings['per_device_train_batch_size'] ?? PRESETS[presetOfEmbedder(preset)].per_device_train_batch_size);

/**
 * Arguments of Python for a training. On several GPUs `torchrun` starts our script once for each; by its module, since
 * the command of that name may be another environment's. `--standalone`: it meets itself on loopback, at a free port.
 * On several nodes it is started on each.
 */
export function trainerArguments(
  ours: string,
  settings: Readonly<Record<string, Value>>,
  { nodes, perNode }: Pick<LaunchSize, 'nodes' | 'perNode'>,
  script = pythonScript('train_embedder'),
): string[] {
  const args = [script, ours, ...toFlags(settings)];
  if (nodes > 1) return [...torchrunOnNodes(nodes, perNode), ...args];
  if (perNode < 2) return args;
  return ['-m', 'torch.distributed.run', '--standalone', '--nproc_per_node', String(perNode), ...args];
}
