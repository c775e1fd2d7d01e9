import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { type RetrievalRow, retrievalRowSchema } from '../datasets/types.ts';
import type { JobContext } from '../jobs/worker.ts';
import type { EmbedderBaseEntry } from '../models/types.ts';
import { writeTextAtomic } from '../platform/files.ts';
import { groupSizeOf, instructionOf } from './embedder-config.ts';
import { rowsText, type WrittenRows, writeEmbedderRows } from './embedder-rows.ts';
import { HELD_OUT_LIMITS, type HeldOutSet, heldOutPart, heldOutSet, leaksOf } from './held-out.ts';
import { openTrainingData, part } from './open-data.ts';
import { presetOfEmbedder } from './types.ts';

type Context = JobContext<'train-embedder'>;

/** Writes the rows to train on into a folder, and says what they are. */
export async function prepareRows(
  { work, paths, report }: Context,
  base: EmbedderBaseEntry,
  data: string,
): Promise<WrittenRows> {
  mkdirSync(data, { recursive: true, mode: 0o700 });
  const instruction = instructionOf(work, base.embedder);
  const written = await writeEmbedderRows(openTrainingData(paths, work), data, {
    part: part(work.split),
    limit: work.limit,
    seed: work.seed,
    instruction,
    distill: work.embedder?.distill === true,
  });
  report.log('info', `${work.dataset} (${work.split}): ${rowsText(written)}`);
  if (written.otherInstruction > 0) {
    report.log(
      'warn',
      `${written.otherInstruction} rows bring an instruction of their own${instruction === '' ? ', which is left out: the embedder has none' : '; searches use the embedder\u2019s'}`,
    );
  }
  return written;
}

/** Writes what is searched while training beside the rows, and says what it is; undefined when no part is held out. */
export async function prepareHeldOut(
  { work, paths, report }: Context,
  rowsFile: string,
): Promise<HeldOutFile | undefined> {
  const dataset = openTrainingData(paths, work);
  const heldOut = heldOutPart(dataset, work);
  if (heldOut === undefined) {
    report.log('warn', 'No part is held out: there will be no numbers of how well it searches while it trains');
    return undefined;
  }
  const set = await heldOutSet(dataset, heldOut, {
    seed: work.seed,
    groupSize: groupSizeOf(work),
    limits: HELD_OUT_LIMITS[presetOfEmbedder(work.preset)],
  });
  const { queries, passages, of } = set;
  report.log(
    'info',
    `Held out: ${queries.length} of ${of.queries} questions of ${heldOut}, searched in ${passages.length} of ${of.passages} passages (seed ${work.seed})`,
  );
  const leaks = leaksOf(set, trainingRows(rowsFile));
  if (leaks.questions + leaks.passages > 0) {
    report.log(
      'warn',
      `Of ${queries.length} held-out questions ${leaks.questions} are also trained on, and ${leaks.passages} have a passage that is: the numbers are better than with new ones (ragtui dataset check)`,
    );
  }
  const file = path.join(path.dirname(rowsFile), 'held-out.json');
  writeTextAtomic(file, JSON.stringify({ queries, passages }));
  return { file, part: heldOut, queries: queries.length, passages: passages.length, of, leaks };
}

export interface HeldOutFile extends Pick<HeldOutSet, 'of'> {
  readonly file: string;
  readonly part: string;
  readonly queries: number;
  readonly passages: number;
  /** Of these questions, how many are trained on, or have a passage that is. */
  readonly leaks: ReturnType<typeof leaksOf>;
}

function* trainingRows(file: string): Generator<RetrievalRow> {
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    if (line !== '') yield retrievalRowSchema.parse(JSON.parse(line));
  }
}
