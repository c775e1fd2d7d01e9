import type { EmbedderConfig } from '../models/types.ts';
import { RagtuiError } from '../platform/errors.ts';
import { batchSizeOf, groupSizeOf } from './embedder-config.ts';
import type { EmbedderTraining } from './types.ts';

/** Shorter vectors tell hardly anything apart. */
const SHORTEST = 8;

/**
 * Refuses what FlagEmbedding would refuse after half a minute, or do without a word. `rows`: those it would train on;
 * `gpus`: how many the training gets. Throws `usage`, `invalid`, `unsupported`.
 */
export function checkEmbedderTraining(
  training: EmbedderTraining,
  { base, rows, gpus }: { readonly base: EmbedderConfig; readonly rows: number; readonly gpus: number },
): void {
  checkMatryoshka(training.embedder?.matryoshka, base);
  if (groupSizeOf(training) < 2) {
    throw new RagtuiError('usage', 'A group holds a positive and at least one negative.', 'Use --negatives 1 or more.');
  }
  const batch = batchSizeOf(training) * gpus;
  if (rows < batch) {
    throw new RagtuiError(
      'invalid',
      `${rows} rows are fewer than one batch of ${batch}: hardly a row would stand against others.`,
      `Take more rows, or --set per_device_train_batch_size=${Math.max(2, Math.floor(rows / 2))}.`,
    );
  }
  if (training.settings['negatives_cross_device'] === true && gpus < 2) {
    throw new RagtuiError(
      'unsupported',
      'negatives_cross_device shares the negatives of several GPUs, and FlagEmbedding fails with it on one device.',
      'Leave it out: the rows of a batch are negatives of each other all the same.',
    );
  }
  if (training.embedder?.keep === 'best' && training.embedder.evalSplit === 'none') {
    throw new RagtuiError('usage', '--keep best needs held-out rows to choose by.', 'Leave out --eval-split none.');
  }
}

function checkMatryoshka(lengths: readonly number[] | undefined, { dimension }: EmbedderConfig): void {
  if (lengths === undefined) return;
  const wrong =
    lengths.find((length) => length > dimension || length < SHORTEST) ??
    lengths.find((length, at) => length <= (lengths[at - 1] ?? 0));
  if (wrong === undefined) return;
  throw new RagtuiError(
    'usage',
    wrong > dimension || wrong < SHORTEST
      ? `A vector of ${dimension} numbers cannot be cut to ${wrong}.`
      : `The lengths ${lengths.join(', ')} do not rise.`,
    `Name rising lengths of ${SHORTEST} to ${dimension}, e.g. --matryoshka ${example(dimension)}.`,
  );
}

const example = (dimension: number): string =>
  [dimension / 6, dimension / 3, dimension].map((length) => Math.floor(length)).join(',');
