import type { Failure } from './types.ts';

/** So many steps in a row without a number: not one bad batch any more. */
const IN_A_ROW = 3;
const LOSS_LINE = /^\{.*'loss':/;
const NO_NUMBER = /'(?:loss|grad_norm)':\s*'?(?:-?inf|nan)\b/i;

/**
 * A training that came to its end without an error but whose last losses or gradients are no numbers, from the lines it
 * printed. Its weights are useless. Undefined for a sound one. Pure.
 */
export function readDivergence(engine: string, printed: string): Failure | undefined {
  const losses = printed
    .split(/[\r\n]+/)
    .map((line) => line.trim())
    .filter((line) => LOSS_LINE.test(line) && line.endsWith('}'));
  const last = losses.slice(-IN_A_ROW);
  if (last.length < IN_A_ROW || !last.every((line) => NO_NUMBER.test(line))) return undefined;
  return {
    kind: 'diverged',
    code: 'invalid',
    message: `The training diverged: loss or gradient of the last ${IN_A_ROW} steps of ${engine} is no number.`,
    hint: 'Use a smaller --set learning_rate, or bf16 instead of fp16; nothing was registered.',
    lines: last.map((line) => line.slice(0, 300)),
    rank: null,
    memory: null,
    rung: null,
  };
}
