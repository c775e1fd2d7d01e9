import { targetModel } from '../../datasets/doctor/target-model.ts';
import { tokenPairs } from '../../datasets/doctor/token-pairs.ts';
import type { AnyDataset } from '../../datasets/open.ts';
import { throwIfAborted } from '../../platform/files.ts';
import type { WorkspacePaths } from '../../platform/paths.ts';
import { pairOf, spread } from './estimate-lengths.ts';
import { lengthsOf } from './lengths.ts';
import type { TokenLengths } from './types.ts';

/** Rows that are counted: the 99th percentile then rests on ten of them. */
const COUNTED = 1000;
/** The longest texts by their bytes are always counted: memory is decided by them. */
const LONGEST = 16;
const PAUSE_EVERY = 50;

export interface CountRequest {
  readonly dataset: AnyDataset;
  readonly part: string | undefined;
  readonly limit: number | undefined;
  readonly engine: 'llamafactory' | 'flagembedding';
  /** Id of the base, or folder of its tokenizer. */
  readonly base: string;
}

/**
 * Token lengths by the base's own tokenizer: of 1,000 rows evenly spread, and of those that have most bytes. Takes a
 * second or two. Errors: those of `targetModel` (no tokenizer here), `cancelled`.
 */
export async function countLengths(
  paths: WorkspacePaths,
  { dataset, part, limit, engine, base }: CountRequest,
  signal?: AbortSignal,
): Promise<TokenLengths> {
  const model = await targetModel(paths, base);
  const texts: number[] = [];
  const passages: number[] = [];
  const count = (number: number, intoTexts: number[], intoPassages: number[]): void => {
    for (const row of dataset.pick([number])) {
      if (engine === 'llamafactory') {
        const pairs = tokenPairs(row, model);
        if (pairs.length > 0) intoTexts.push(pairs.reduce((sum, { source, target }) => sum + source + target, 0));
        continue;
      }
      const pair = pairOf(row);
      intoTexts.push(...pair.queries.map((text) => model.tokenizer.encode(text).length));
      intoPassages.push(...pair.passages.map((text) => model.tokenizer.encode(text).length));
    }
  };
  const all = async (numbers: readonly number[], a: number[], b: number[]): Promise<void> => {
    for (const [at, number] of numbers.entries()) {
      throwIfAborted(signal);
      count(number, a, b);
      if (at % PAUSE_EVERY === 0) await new Promise(setImmediate);
    }
  };
  await all(spread(dataset, part, limit, COUNTED), texts, passages);
  const [longTexts, longPassages] = [[...texts], [...passages]];
  await all(await biggestRows(dataset, part, limit), longTexts, longPassages);
  return {
    source: 'counted',
    texts: lengthsOf(texts, Math.max(0, ...longTexts)),
    passages: engine === 'flagembedding' ? lengthsOf(passages, Math.max(0, ...longPassages)) : null,
  };
}

async function biggestRows(
  dataset: AnyDataset,
  part: string | undefined,
  limit: number | undefined,
): Promise<number[]> {
  const numbers = dataset.rowNumbers(part);
  const sizes: { number: number; bytes: number }[] = [];
  let at = 0;
  for await (const row of dataset.rows(part)) {
    if (limit !== undefined && at >= limit) break;
    sizes.push({ number: numbers[at] ?? 0, bytes: JSON.stringify(row).length });
    at += 1;
  }
  return sizes
    .sort((a, b) => b.bytes - a.bytes)
    .slice(0, LONGEST)
    .map(({ number }) => number);
}
