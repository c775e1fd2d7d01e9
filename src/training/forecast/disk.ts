import { methodOf } from './parameters.ts';
import { Settings } from './settings.ts';
import {
  DISK_PARTS,
  type DiskForecast,
  type ForecastInput,
  type ModelShape,
  type ParametersForecast,
  type StepsForecast,
} from './types.ts';

const FLOAT32 = 4;
/** Tokenizer, configuration, state of the random numbers, training arguments. */
const SMALL_FILES = 6_000_000;
/** The tokenised rows (ids, mask, labels as 64-bit numbers in Arrow) and their text. */
const BYTES_OF_TOKEN = 24;

/**
 * Bytes that are written at most at one time. A checkpoint holds the trained weights and AdamW's two averages of each;
 * the next is whole before the oldest of `save_total_limit` goes. FlagEmbedding's own end adds the weights once more,
 * then base and tune as ONNX.
 */
export function forecastDisk(
  input: ForecastInput,
  shape: ModelShape,
  { trainable }: ParametersForecast,
  steps: StepsForecast,
  tokens: number,
): DiskForecast {
  const read = new Settings(input.settings);
  const weights = (methodOf(input) === 'lora' ? trainable : shape.parameters) * FLOAT32;
  const checkpoint = weights + (read.flag('save_only_model') ? 0 : trainable * 2 * FLOAT32) + SMALL_FILES;
  const exports = input.engine === 'flagembedding' ? 2 * shape.parameters * FLOAT32 : 0;
  const parts = {
    checkpoints: checkpoint * checkpointsAtOnce(read, steps),
    result: 2 * (weights + SMALL_FILES) + exports,
    base: input.convertsBase ? shape.parameters * FLOAT32 + SMALL_FILES : 0,
    cache: steps.epochs === 0 ? 0 : Math.round((tokens / steps.epochs) * BYTES_OF_TOKEN),
  };
  return { parts, peak: DISK_PARTS.reduce((sum, part) => sum + parts[part], 0) };
}

/** Those that are kept and the one being written; at its end a training saves once more. */
function checkpointsAtOnce(read: Settings, steps: StepsForecast): number {
  if (read.text('save_strategy') === 'no') return 1; // A stop saves one all the same.
  const made = savesOf(read, steps);
  const limit = read.number('save_total_limit');
  return limit === undefined ? made : Math.min(made, limit + 1);
}

/** How often a checkpoint is written. A fraction below 1 is a share of all steps (`TrainingArguments.save_steps`). */
export function savesOf(read: Settings, { total, perEpoch }: StepsForecast): number {
  if (total === 0) return 0;
  if (read.text('save_strategy') === 'epoch') return Math.max(1, Math.ceil(total / Math.max(1, perEpoch)));
  return Math.max(1, Math.ceil(total / everyOf(read.number('save_steps') ?? 500, total)));
}

/** How often rows are evaluated; 0 where they are not. */
export function evaluationsOf(read: Settings, { total, perEpoch, evalRows }: StepsForecast): number {
  const strategy = read.text('eval_strategy') ?? 'no';
  if (strategy === 'no' || evalRows === 0) return 0;
  if (strategy === 'epoch') return Math.floor(total / Math.max(1, perEpoch));
  const every = read.number('eval_steps') ?? read.number('logging_steps') ?? 500;
  return Math.floor(total / everyOf(every, total));
}

const everyOf = (steps: number, total: number): number =>
  steps < 1 ? Math.max(1, Math.ceil(steps * total)) : Math.max(1, steps);
