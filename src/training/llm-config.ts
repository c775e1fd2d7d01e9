import { withSettings } from './settings.ts';
import type { Setting, Training } from './types.ts';

/** The tutorial's settings (design §7). */
const TUTORIAL: Readonly<Record<string, Setting>> = {
  finetuning_type: 'lora',
  lora_rank: 8,
  lora_alpha: 16,
  lora_dropout: 0,
  lora_target: 'all',
  cutoff_len: 5120,
  max_samples: 20_000,
  val_size: 0.01,
  per_device_train_batch_size: 2,
  gradient_accumulation_steps: 1,
  learning_rate: 1e-4,
  num_train_epochs: 2,
  lr_scheduler_type: 'cosine',
  // A fraction is a share of all steps; `warmup_ratio` is on its way out.
  warmup_steps: 0.1,
  fp16: true,
  logging_steps: 10,
  eval_strategy: 'steps',
  eval_steps: 500,
  save_steps: 500,
};

/** What a CPU can do in minutes: float32, short texts, one epoch; no checkpointing, which costs time and spares memory. */
const CPU: Readonly<Record<string, Setting>> = {
  ...TUTORIAL,
  cutoff_len: 512,
  val_size: 0,
  num_train_epochs: 1,
  fp16: false,
  bf16: false,
  use_cpu: true,
  disable_gradient_checkpointing: true,
  dataloader_num_workers: 0,
  logging_steps: 1,
  eval_strategy: 'no',
  save_steps: 24,
};

const PRESETS = { cpu: CPU, tutorial: TUTORIAL } as const;

export interface LlmPlaces {
  /** Folder of the base as Transformers reads it. */
  readonly basePath: string;
  /** The base's template by LLaMA-Factory's name. */
  readonly template: string;
  readonly datasetName: string;
  readonly datasetFolder: string;
  readonly outputFolder: string;
}

/**
 * What is written into LLaMA-Factory's YAML, key by key. `enable_jit_checkpoint` makes it save where it is on TERM.
 * Throws `usage` for a key that is ours.
 */
export function llmSettings(training: Training, places: LlmPlaces): Record<string, Setting> {
  const { eval_steps: steps, ...preset } = PRESETS[training.preset];
  const ours = {
    model_name_or_path: places.basePath,
    template: places.template,
    dataset: places.datasetName,
    dataset_dir: places.datasetFolder,
    output_dir: places.outputFolder,
    stage: 'sft',
    do_train: true,
    trust_remote_code: false,
    report_to: 'none',
    overwrite_cache: true,
    enable_jit_checkpoint: true,
    seed: training.seed,
  };
  const rest = withSettings(
    {
      ...preset,
      ...(preset.eval_strategy === 'no' || steps === undefined ? {} : { eval_steps: steps }),
      save_strategy: 'steps',
      save_total_limit: 2,
      // Costs nothing, and is what tokens per second are counted from.
      include_num_input_tokens_seen: 'non_padding',
    },
    training.settings,
    Object.keys(ours),
  );
  return { ...ours, ...rest };
}
