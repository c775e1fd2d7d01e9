import { RagtuiError } from '../platform/errors.ts';
import { withSettings } from './settings.ts';
import type { Method, Preset, Setting, Stage, Training } from './types.ts';

type Settings = Readonly<Record<string, Setting>>;

/** The tutorial's settings (design §7). */
const TUTORIAL: Settings = {
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
const CPU: Settings = {
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

/** Rows per step of the tutorial: two on each of its eight GPUs. The presets by memory keep it. */
const EFFECTIVE_BATCH = 16;

/**
 * For one card of a model of 7 to 8 billion parameters. Where memory is short the rank goes down first, then the weights
 * to 4 bits, then the micro-batch; alpha stays twice the rank. Old small cards know no bfloat16.
 */
const gpu = (rank: number, cutoff: number, batch: number, dtype: 'fp16' | 'bf16'): Settings => {
  const { fp16: _, ...rest } = TUTORIAL;
  return {
    ...rest,
    lora_rank: rank,
    lora_alpha: 2 * rank,
    cutoff_len: cutoff,
    per_device_train_batch_size: batch,
    gradient_accumulation_steps: EFFECTIVE_BATCH / batch,
    [dtype]: true,
    // Computed again instead of kept: about a third slower, and most of the activations' memory.
    disable_gradient_checkpointing: false,
  };
};

const PRESETS: Readonly<Record<Preset, { readonly method: Method; readonly settings: Settings }>> = {
  cpu: { method: 'lora', settings: CPU },
  tutorial: { method: 'lora', settings: TUTORIAL },
  'gpu-8gb': { method: 'qlora', settings: gpu(4, 1024, 1, 'fp16') },
  'gpu-12gb': { method: 'qlora', settings: gpu(8, 2048, 1, 'fp16') },
  'gpu-24gb': { method: 'lora', settings: gpu(8, 2048, 2, 'bf16') },
  'gpu-48gb': { method: 'lora', settings: gpu(16, 4096, 4, 'bf16') },
  'gpu-80gb': { method: 'lora', settings: gpu(32, 5120, 8, 'bf16') },
};

/** What the method adds to a preset. Whole weights move less far than an adapter must: a tenth of its rate. */
const METHODS: Readonly<Record<Method, Settings>> = {
  lora: { finetuning_type: 'lora' },
  qlora: {
    finetuning_type: 'lora',
    quantization_bit: 4,
    quantization_method: 'bnb',
    quantization_type: 'nf4',
    double_quantization: true,
  },
  full: { finetuning_type: 'full', learning_rate: 1e-5 },
  freeze: { finetuning_type: 'freeze', freeze_trainable_layers: 2, learning_rate: 1e-5 },
};

const STAGES: Readonly<Record<Stage, Settings>> = {
  sft: {},
  // Preferences are learnt from a model that answers already: small steps.
  dpo: { pref_beta: 0.1, pref_loss: 'sigmoid', learning_rate: 5e-6 },
};

export const methodOf = ({ method, preset }: Pick<Training, 'method' | 'preset'>): Method =>
  method ?? PRESETS[preset].method;
export const stageOf = ({ stage }: Pick<Training, 'stage'>): Stage => stage ?? 'sft';
/** Whether an adapter beside the base comes of it, or a model of its own. */
export const makesAdapter = (training: Pick<Training, 'method' | 'preset'>): boolean =>
  ['lora', 'qlora'].includes(methodOf(training));

export interface LlmPlaces {
  /** Folder of the base as Transformers reads it. */
  readonly basePath: string;
  /** The base's template by LLaMA-Factory's name. */
  readonly template: string;
  readonly datasetName: string;
  readonly datasetFolder: string;
  readonly outputFolder: string;
  /** Devices it runs on at once; absent: one. */
  readonly devices?: number;
}

/** Options of ours that stand for keys of the engine. */
const BY_OPTION: Readonly<Record<string, string>> = {
  finetuning_type: '--method lora|qlora|full|freeze',
  stage: '--stage sft|dpo',
  template: '--template NAME',
  seed: '--seed N',
};

/**
 * What is written into LLaMA-Factory's YAML, key by key. `enable_jit_checkpoint` makes it save where it is on TERM.
 * Throws `usage` for a key that is ours, or of another method.
 */
export function llmSettings(training: Training, places: LlmPlaces): Record<string, Setting> {
  const method = methodOf(training);
  const stage = stageOf(training);
  const ours = {
    model_name_or_path: places.basePath,
    template: places.template,
    dataset: places.datasetName,
    dataset_dir: places.datasetFolder,
    output_dir: places.outputFolder,
    stage,
    do_train: true,
    trust_remote_code: false,
    report_to: 'none',
    overwrite_cache: true,
    enable_jit_checkpoint: true,
    seed: training.seed,
    finetuning_type: METHODS[method]['finetuning_type'] ?? 'lora',
  };
  checkMethodKeys(training.settings, method);
  const preset = { ...presetSettings(training.preset, places.devices ?? 1), ...METHODS[method], ...STAGES[stage] };
  const { eval_steps: steps, ...rest } = makesAdapter(training) ? preset : withoutLora(preset);
  const settings = withSettings(
    {
      ...rest,
      ...(rest['eval_strategy'] === 'no' || steps === undefined ? {} : { eval_steps: steps }),
      save_strategy: 'steps',
      save_total_limit: 2,
      // Costs nothing, and is what tokens per second are counted from.
      include_num_input_tokens_seen: 'non_padding',
    },
    training.settings,
    Object.keys(ours),
  );
  return { ...ours, ...settings };
}

/** A preset's values; several devices share the rows of a step. */
function presetSettings(preset: Preset, devices: number): Settings {
  const { settings } = PRESETS[preset];
  if (!preset.startsWith('gpu-')) return settings;
  const batch = Number(settings['per_device_train_batch_size']);
  return { ...settings, gradient_accumulation_steps: Math.max(1, Math.round(EFFECTIVE_BATCH / (batch * devices))) };
}

const withoutLora = (settings: Settings): Record<string, Setting> =>
  Object.fromEntries(Object.entries(settings).filter(([key]) => !key.startsWith('lora_')));

const LORA_KEYS = /^(lora|loraplus)_|^(use_rslora|use_dora|pissa_\w+|additional_target)$/;
const FREEZE_KEYS = /^freeze_/;
const QUANTIZATION_KEYS = /^(quantization_\w+|double_quantization)$/;

function checkMethodKeys(settings: Settings, method: Method): void {
  for (const key of Object.keys(settings)) {
    const option = Object.hasOwn(BY_OPTION, key) ? BY_OPTION[key] : undefined;
    if (option) throw new RagtuiError('usage', `${key} is not a setting here but an option.`, `Give ${option}.`);
    const right =
      (LORA_KEYS.test(key) && !['lora', 'qlora'].includes(method) && 'lora or qlora') ||
      (FREEZE_KEYS.test(key) && method !== 'freeze' && 'freeze') ||
      (QUANTIZATION_KEYS.test(key) && method !== 'qlora' && 'qlora');
    if (right) throw new RagtuiError('usage', `${key} is of another method than ${method}.`, `Give --method ${right}.`);
  }
}

/** Rows that one step learns from: per device, kept back, and on all devices. Undefined where a setting is no number. */
export function effectiveBatch(settings: Settings, devices: number): number | undefined {
  const { per_device_train_batch_size: batch = 8, gradient_accumulation_steps: steps = 1 } = settings;
  return typeof batch === 'number' && typeof steps === 'number' ? batch * steps * devices : undefined;
}
