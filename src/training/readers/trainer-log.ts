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
  reward: 'reward',
  accuracy: 'accuracy',
  total_tokens: 'total_tokens',
  tokens_per_second: 'tokens_per_second',
};
/** Numbers of an evaluation keep their name; how long it took is no curve. */
const isEvaluation = (name: string): boolean =>
  name.startsWith('eval_') && !/_(runtime|per_second|time|mem_.*)$/.test(name);

/**
 * One line of `trainer_log.jsonl` (LLaMA-Factory's, and that of our own FlagEmbedding callback, which adds grad_norm);
 * undefined for a torn line. Their own percentage and times are left out: after a resume they are wrong.
 */
export function parseTrainerLogLine(line: string): TrainingRow | undefined {
  const parsed = rowSchema.safeParse(parseJson(line));
  if (!parsed.success) return undefined;
  const values: Record<string, number> = {};
  for (const [theirs, value] of Object.entries(parsed.data)) {
    const ours = NAMES[theirs] ?? (isEvaluation(theirs) ? theirs : undefined);
    if (ours !== undefined && typeof value === 'number' && Number.isFinite(value)) values[ours] = value;
  }
  return { step: parsed.data.current_steps, totalSteps: parsed.data.total_steps, values };
}
