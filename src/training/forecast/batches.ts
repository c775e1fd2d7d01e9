import { meanLength, meanLongest, roundUp, shareOver } from './lengths.ts';
import { Settings } from './settings.ts';
import type { ForecastInput, StepsForecast, TokenLengths, TokensForecast } from './types.ts';

/** What is run through the model at once: `count` texts of `length` tokens. */
export interface Batch {
  readonly count: number;
  readonly length: number;
}

/** LLaMA-Factory fills a training batch up to a multiple of eight (`workflow.py`: `pad_to_multiple_of=8`). */
const LLAMAFACTORY_MULTIPLE = 8;
/** Both answers of a preference pair are run as one batch. */
const answersOf = (read: Settings): number => (['dpo', 'rm'].includes(read.text('stage') ?? 'sft') ? 2 : 1);

export const microBatch = (read: Settings): number => read.number('per_device_train_batch_size') ?? 8;
export const cutoffOf = (read: Settings): number => read.number('cutoff_len') ?? 2048;
export const groupOf = (read: Settings): number => read.number('train_group_size') ?? 8;
export const queryMost = (read: Settings): number => read.number('query_max_len') ?? 32;
export const passageMost = (read: Settings): number => read.number('passage_max_len') ?? 128;

/**
 * The longest batches of one GPU that can come: of an LLM one, of an embedder the questions and the passages, whose
 * activations are all kept until the loss is known. Lengths that are not known are the settings' own.
 */
export function longestBatches({ engine, settings, lengths }: ForecastInput): Batch[] {
  const read = new Settings(settings);
  const micro = microBatch(read);
  if (engine === 'llamafactory') {
    const length = read.flag('packing') ? cutoffOf(read) : Math.min(cutoffOf(read), lengths?.texts.longest ?? Infinity);
    return [{ count: micro * answersOf(read), length: roundUp(length, LLAMAFACTORY_MULTIPLE) }];
  }
  return [
    { count: micro, length: Math.min(queryMost(read), lengths?.texts.longest ?? Infinity) },
    { count: micro * groupOf(read), length: Math.min(passageMost(read), lengths?.passages?.longest ?? Infinity) },
  ];
}

/** Tokens of the texts and of what is run; null without lengths. */
export function forecastTokens(input: ForecastInput, steps: StepsForecast): TokensForecast | null {
  const { engine, settings, lengths } = input;
  if (!lengths) return null;
  const read = new Settings(settings);
  const longestBatch = longestBatches(input).reduce((sum, { count, length }) => sum + count * length, 0);
  const shared = { source: lengths.source, sampled: lengths.texts.sample.length, longestBatch };
  return engine === 'llamafactory'
    ? { ...shared, ...textTokens(read, lengths, steps) }
    : { ...shared, ...pairTokens(read, lengths, steps) };
}

type Counted = Pick<TokensForecast, 'longest' | 'perStep' | 'total' | 'cut'>;

function textTokens(read: Settings, { texts }: TokenLengths, steps: StepsForecast): Counted {
  const cutoff = cutoffOf(read);
  const micro = microBatch(read);
  const filled = read.flag('packing') ? cutoff : roundUp(meanLongest(texts, cutoff, micro), LLAMAFACTORY_MULTIPLE);
  const answers = answersOf(read);
  return {
    longest: texts.longest,
    perStep: filled * answers * Math.min(steps.effectiveBatch, Math.max(steps.trainRows, 1)),
    total: Math.round(meanLength(texts, cutoff) * answers * rowsSeen(steps)),
    cut: [{ setting: 'cutoff_len', at: cutoff, share: shareOver(texts, cutoff) }],
  };
}

function pairTokens(read: Settings, { texts, passages }: TokenLengths, steps: StepsForecast): Counted {
  const [micro, group, query, passage] = [microBatch(read), groupOf(read), queryMost(read), passageMost(read)];
  const long = passages ?? { sample: [], longest: 0 };
  const ofOne = meanLongest(texts, query, micro) + group * meanLongest(long, passage, micro * group);
  return {
    longest: Math.max(texts.longest, long.longest),
    perStep: Math.round(ofOne * Math.min(steps.effectiveBatch, Math.max(steps.trainRows, 1))),
    total: Math.round((meanLength(texts, query) + group * meanLength(long, passage)) * rowsSeen(steps)),
    cut: [
      { setting: 'query_max_len', at: query, share: shareOver(texts, query) },
      { setting: 'passage_max_len', at: passage, share: shareOver(long, passage) },
    ],
  };
}

/** Rows that pass by in the whole training. */
const rowsSeen = ({ trainRows, epochs }: StepsForecast): number => trainRows * epochs;
