import { cmrcPlain } from '../metrics/cmrc.ts';
import { foldedCase } from '../metrics/folded.ts';
import { goldRanks } from '../metrics/gold.ts';
import { isNoAnswer } from '../metrics/no-answer.ts';
import { squadPlain } from '../metrics/squad.ts';
import type { ScoredItem } from '../metrics/types.ts';

/** Where a wrong answer went wrong, in the order in which a question passes through the pipeline. */
export const BLAME_LABELS = [
  'failed',
  'not-in-kb',
  'cut-apart',
  'not-retrieved',
  'ranked-out',
  'no-answer',
  'ignored',
  'format',
  'other',
] as const;
export type BlameLabel = (typeof BLAME_LABELS)[number];

/** What a knowledge base has of the passage an item was asked about; null = it could not be told. */
export interface KbFacts {
  readonly inKb: boolean | null;
  /** Whether one chunk holds a right answer whole. */
  readonly whole: boolean | null;
}

/** A wrong item, as it is blamed. */
export interface BlamedItem
  extends Pick<ScoredItem, 'goldContext' | 'contextId' | 'answers' | 'output' | 'retrieved' | 'topK'> {
  readonly failed: boolean;
  readonly context: 'gold' | 'retrieved' | 'none';
  readonly hasLlm: boolean;
}

/**
 * Labels one wrong item by the first stage that failed. `kb` is only looked at when nothing was retrieved that could have
 * answered. Pure.
 */
export function blameLabel(item: BlamedItem, kb: KbFacts): BlameLabel {
  if (item.failed) return 'failed';
  if (item.hasLlm && isFormat(item)) return 'format';
  if (item.context === 'retrieved') {
    const rank = evidenceRank(item);
    if (rank === undefined) {
      if (kb.inKb === false) return 'not-in-kb';
      return kb.whole === false ? 'cut-apart' : 'not-retrieved';
    }
    if (rank > item.topK || !item.hasLlm) return 'ranked-out';
  }
  if (item.output !== null && isNoAnswer(item.output)) return 'no-answer';
  return item.context !== 'none' && spansOf(item).length > 0 ? 'ignored' : 'other';
}

/** Whether the right words are there and only punctuation, case or words around them are wrong. */
function isFormat({ output, answers }: BlamedItem): boolean {
  if (output === null || output.trim() === '') return false;
  return answers.some((answer) => {
    if (answer.trim() === '') return false;
    return (
      foldedCase(output).includes(foldedCase(answer)) ||
      squadPlain(output) === squadPlain(answer) ||
      cmrcPlain(output) === cmrcPlain(answer)
    );
  });
}

/** The first rank at which a chunk could have answered: it holds a right answer whole, else it is of the passage. */
export function evidenceRank(item: BlamedItem): number | undefined {
  const spans = spansOf(item);
  if (spans.length === 0) return goldRanks(item)[0];
  const gold = new Set(goldRanks(item));
  const found = (item.retrieved ?? []).findIndex(
    ({ text }, at) => gold.has(at + 1) && spans.some((span) => foldedCase(text).includes(span)),
  );
  if (found >= 0) return found + 1;
  // A larger chunk that holds the passage among others is of no document of its own.
  const passage = foldedCase(item.goldContext);
  const around = (item.retrieved ?? []).findIndex(({ text }) => passage !== '' && foldedCase(text).includes(passage));
  return around >= 0 ? around + 1 : undefined;
}

/** Right answers that stand in the passage, as texts are compared here. */
export const spansOf = ({ answers, goldContext }: Pick<BlamedItem, 'answers' | 'goldContext'>): string[] =>
  answers.map(foldedCase).filter((answer) => answer !== '' && foldedCase(goldContext).includes(answer));
