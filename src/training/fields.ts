import { methodOf, stageOf } from './llm-config.ts';
import {
  type EmbedderOptions,
  type Method,
  methodSchema,
  type Preset,
  presetSchema,
  type Stage,
  stageSchema,
  type Training,
} from './types.ts';

/** A setting of an LLM's training as a form or a command explains it; its words are `training.about.KEY`. */
export interface TrainingField {
  /** LLaMA-Factory's own key. */
  readonly key: FieldKey;
  readonly unit?: 'tokens' | 'rows' | 'steps' | 'epochs' | 'layers' | 'bits';
  /** Both ends belong to it. */
  readonly min?: number;
  readonly max?: number;
  readonly integer?: true;
  readonly choices?: readonly string[];
  /** Where it counts; absent: everywhere. */
  readonly methods?: readonly Method[];
  readonly stage?: Stage;
}

const LORA: readonly Method[] = ['lora', 'qlora'];

const FIELDS = [
  { key: 'learning_rate', min: 1e-7, max: 1e-2 },
  { key: 'num_train_epochs', unit: 'epochs', min: 0.01, max: 100 },
  { key: 'max_steps', unit: 'steps', min: 1, integer: true },
  { key: 'per_device_train_batch_size', unit: 'rows', min: 1, max: 256, integer: true },
  { key: 'gradient_accumulation_steps', unit: 'steps', min: 1, max: 1024, integer: true },
  { key: 'cutoff_len', unit: 'tokens', min: 16, integer: true },
  { key: 'max_samples', unit: 'rows', min: 1, integer: true },
  { key: 'val_size', min: 0 },
  { key: 'lora_rank', min: 1, max: 512, integer: true, methods: LORA },
  { key: 'lora_alpha', min: 1, integer: true, methods: LORA },
  { key: 'lora_dropout', min: 0, max: 0.9, methods: LORA },
  { key: 'lora_target', methods: LORA },
  { key: 'use_rslora', choices: ['true', 'false'], methods: LORA },
  { key: 'loraplus_lr_ratio', min: 1, methods: LORA },
  { key: 'quantization_bit', unit: 'bits', choices: ['4', '8'], methods: ['qlora'] },
  { key: 'freeze_trainable_layers', unit: 'layers', integer: true, methods: ['freeze'] },
  { key: 'pref_beta', min: 0, max: 10, stage: 'dpo' },
  { key: 'lr_scheduler_type', choices: ['cosine', 'linear', 'constant', 'constant_with_warmup'] },
  { key: 'warmup_steps', min: 0 },
  { key: 'disable_gradient_checkpointing', choices: ['true', 'false'] },
  { key: 'logging_steps', unit: 'steps', min: 1, integer: true },
  { key: 'save_steps', unit: 'steps', min: 1, integer: true },
  { key: 'eval_steps', unit: 'steps', min: 1, integer: true },
  { key: 'packing', choices: ['true', 'false'] },
] as const;

export type FieldKey = (typeof FIELDS)[number]['key'];

/** Every setting that is explained, the ones looked at first before the others; `--set` takes all the engine has. */
export const TRAINING_FIELDS: readonly TrainingField[] = FIELDS;

/** The explained settings that count for a training. */
export function fieldsOf(training: Pick<Training, 'method' | 'preset' | 'stage'>): readonly TrainingField[] {
  const [method, stage] = [methodOf(training), stageOf(training)];
  return TRAINING_FIELDS.filter(
    (field) => (field.methods?.includes(method) ?? true) && (field.stage === undefined || field.stage === stage),
  );
}

/** An option of an embedder's training that is no key of the engine's; its words are `training.about.embedder.KEY`. */
export interface EmbedderField {
  readonly key: keyof EmbedderOptions;
  readonly min?: number;
  readonly max?: number;
  readonly integer?: true;
  readonly choices?: readonly string[];
  /** Of `ragtui train embedder`. */
  readonly option: `--${string}`;
}

/** Every option of an embedder's training, in the order in which one thinks of them. */
export const EMBEDDER_FIELDS = [
  { key: 'negatives', min: 1, max: 63, integer: true, option: '--negatives' },
  { key: 'temperature', min: 0.001, max: 1, option: '--temperature' },
  { key: 'instruction', choices: ['on', 'off'], option: '--instruction' },
  { key: 'evalSplit', option: '--eval-split' },
  { key: 'keep', choices: ['last', 'best'], option: '--keep' },
  { key: 'matryoshka', min: 8, integer: true, option: '--matryoshka' },
  { key: 'distill', choices: ['off', 'on'], option: '--distill' },
  { key: 'int8', choices: ['off', 'on'], option: '--int8' },
] as const satisfies readonly EmbedderField[];

export const PRESETS: readonly Preset[] = presetSchema.options;
export const METHODS: readonly Method[] = methodSchema.options;
export const STAGES: readonly Stage[] = stageSchema.options;
