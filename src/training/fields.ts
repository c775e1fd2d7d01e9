import { methodOf, stageOf } from './llm-config.ts';
import {
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

export const PRESETS: readonly Preset[] = presetSchema.options;
export const METHODS: readonly Method[] = methodSchema.options;
export const STAGES: readonly Stage[] = stageSchema.options;
