import type { Command } from 'commander';
import { z } from 'zod';
import type { ReviewEstimate, ReviewItem, ReviewLabel } from '../../../datasets/negatives/review.ts';
import { RagtuiError } from '../../../platform/errors.ts';
import type { CommandContext } from '../../context.ts';
import { collect } from '../../define.ts';
import { whole } from './arguments.ts';

/** Options of `dataset negatives` that review what is there instead of making more. */
export const reviewOptions = {
  review: whole.min(1, 'at least 1').optional(),
  mark: z.array(z.string()).optional(),
  estimate: z.boolean().default(false),
  dropFalse: z.boolean().default(false),
  quarantine: z.boolean().default(false),
};

interface Wish {
  readonly review?: number | undefined;
  readonly mark?: readonly string[] | undefined;
  readonly estimate: boolean;
  readonly dropFalse: boolean;
  readonly quarantine: boolean;
  readonly seed: number;
}

export const wantsReview = ({ review, mark, estimate, dropFalse, quarantine }: Wish): boolean =>
  review !== undefined || mark !== undefined || estimate || dropFalse || quarantine;

export const addReviewOptions = (command: Command): Command =>
  command
    .option('--review <n>', 'of retrieval rows: show a sample of n negatives to be judged')
    .option(
      '--mark <row.negative=label>',
      'repeatable: judge one as negative, false or unsure, e.g. 12.3=false',
      collect,
    )
    .option('--estimate', 'how many negatives are false by the labels, with the interval')
    .option('--drop-false', 'make a version without the negatives that were marked false')
    .option('--quarantine', 'show what the audit has set apart');

/** Judges negatives, or says what the judgements come to. */
export async function reviewNegatives(
  { out, paths, signal }: CommandContext,
  which: string,
  { review, mark = [], dropFalse, quarantine, seed }: Wish,
): Promise<undefined> {
  const functions = await import('../../../datasets/negatives/review.ts');
  for (const one of mark.map(parseMark)) functions.recordLabel(paths, which, one);
  if (dropFalse) {
    const { manifest, dropped, rows } = await functions.dropFalseNegatives(paths, which, signal);
    out.result(
      { dropped, rows, version: manifest.version },
      () => `Made ${manifest.name} ${manifest.version} without ${dropped} negatives: ${rows} rows.`,
    );
    return;
  }
  if (quarantine) {
    const found = functions.readQuarantine(paths, which, { offset: 0, limit: 1000 });
    out.result(found, () => [
      `${found.total} set apart: ${Object.entries(found.byRule)
        .map(([rule, count]) => `${rule} ${count}`)
        .join(', ')}`,
      ...found.entries.flatMap(({ row, query, text, from, reasons }) => [
        '',
        `row ${row} (${from}): ${reasons.map(({ rule, detail }) => `${rule}: ${detail}`).join('; ')}`,
        `  ${query}`,
        `  ${text}`,
      ]),
    ]);
    return;
  }
  const estimate = await functions.estimateFalseNegatives(paths, which);
  const items = review === undefined ? [] : await functions.sampleForReview(paths, which, { size: review, seed });
  out.result({ estimate, items }, () => [...items.flatMap(itemLines), estimateLine(estimate)]);
}

function parseMark(text: string): { row: number; negative: number; label: ReviewLabel } {
  const found = /^(\d+)\.(\d+)=(negative|false|unsure)$/.exec(text);
  const label = found?.[3];
  if (!found || label === undefined) {
    throw new RagtuiError(
      'usage',
      `"${text}" is no mark.`,
      'Write ROW.NEGATIVE=negative|false|unsure, e.g. 12.3=false.',
    );
  }
  return {
    row: Number(found[1]),
    negative: Number(found[2]),
    label: label === 'false' ? 'false-negative' : label === 'unsure' ? 'unsure' : 'negative',
  };
}

function itemLines({ row, negative, query, positive, text, origin, label }: ReviewItem): string[] {
  const from = origin ? `, ${origin.from}${origin.rank === null ? '' : ` rank ${origin.rank}`}` : '';
  return [
    `── ${row}.${negative}${from}${label === null ? '' : `: ${label}`}`,
    `question  ${query}`,
    `positive  ${positive}`,
    `negative  ${text}`,
    '',
  ];
}

function estimateLine({ negatives, labelled, falseNegatives, unsure, share, low, high }: ReviewEstimate): string {
  if (share === null) return `None of ${negatives} negatives is judged yet.`;
  const percent = (value: number) => `${(100 * value).toFixed(1)} %`;
  return `${falseNegatives} of ${labelled} judged are false${unsure > 0 ? ` (${unsure} unsure)` : ''}: ${percent(share)} of all ${negatives}, 95 % interval ${percent(low)} to ${percent(high)} (Wilson, finite population).`;
}
