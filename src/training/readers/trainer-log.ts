import { z } from 'zod';
import { parseJson } from '../../platform/json.ts';
import type { TrainingRow } from '../types.ts';

const rowSchema = z.looseObject({
  current_steps: z.number().int().nonnegative(),
  total_steps: z.number().int().nonnegative(),
});

/** The engine's names for numbers, and ours. */
const NAMES: Readonly<Record<string, string>> = {
  loss: 'loss',
  eval_loss: 'eval_loss',
  lr: 'learning_rate',
  grad_norm: 'grad_norm',
  epoch: 'epoch',
};

/**
 * One line of `trainer_log.jsonl` (LLaMA-Factory's, and that of our own FlagEmbedding callback, which adds grad_norm);
 * undefined for a torn line. Their own percentage and times are left out: after a resume they are wrong.
 */
export function parseTrainerLogLine(line: string): TrainingRow | undefined {
  const parsed = rowSchema.safeParse(parseJson(line));
  if (!parsed.success) return undefined;
  const values: Record<string, number> = {};
  for (const [theirs, ours] of Object.entries(NAMES)) {
    const value = parsed.data[theirs];
    if (typeof value === 'number' && Number.isFinite(value)) values[ours] = value;
  }
  return { step: parsed.data.current_steps, totalSteps: parsed.data.total_steps, values };
}
