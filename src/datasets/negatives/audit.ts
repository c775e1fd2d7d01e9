import type { AuditSettings } from '../making/types.ts';
import type { Reason } from './types.ts';

/** Characters of a shingle, after the text is folded. */
const SHINGLE = 5;
/** By characters: a passage of a few words has too few of the word sequences that `NEARLY_SAME` is about. */
const ALIKE = 0.8;
const CONTAINS = 0.9;
/** An answer in more passages than this says nothing about one of them; for small pools this many may have it. */
const COMMON_SHARE = 0.01;
const COMMON_FLOOR = 3;
const SHORTEST_ANSWER = 4;
const SHORTEST_HAN_ANSWER = 2;

/** NFKC, lower case, only letters and digits, words one space apart: the doctor's `fold` keeps no words apart. */
export const foldToWords = (text: string): string =>
  text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();

/**
 * How alike two texts are, by sets of 5 characters: `jaccard` |A∩B| / |A∪B|, `contained` |A∩B| / the smaller set.
 * Broder, "On the resemblance and containment of documents" (1997).
 */
export function resemblance(a: string, b: string): { jaccard: number; contained: number } {
  const [x, y] = [shingles(foldToWords(a)), shingles(foldToWords(b))];
  let both = 0;
  for (const one of x) if (y.has(one)) both += 1;
  const smaller = Math.min(x.size, y.size);
  if (smaller === 0) return { jaccard: 0, contained: 0 };
  return { jaccard: both / (x.size + y.size - both), contained: both / smaller };
}

function shingles(text: string): Set<string> {
  const found = new Set<string>();
  for (let at = 0; at + SHINGLE <= text.length; at += 1) found.add(text.slice(at, at + SHINGLE));
  return found;
}

/** In how many passages of the pool a folded answer stands; counted once. */
export class AnswerCounts {
  private readonly counts = new Map<string, number>();
  private folded: string[] | undefined;

  constructor(private readonly texts: readonly string[]) {}

  /** Whether it stands in so many passages that it says nothing. */
  isCommon(answer: string): boolean {
    return this.of(answer) > Math.max(COMMON_FLOOR, COMMON_SHARE * this.texts.length);
  }

  of(answer: string): number {
    const known = this.counts.get(answer);
    if (known !== undefined) return known;
    this.folded ??= this.texts.map(foldToWords);
    let count = 0;
    for (const text of this.folded) if (holds(text, answer)) count += 1;
    this.counts.set(answer, count);
    return count;
  }
}

/** Whether a folded text has the folded answer: as whole words, or anywhere where words have no spaces. */
function holds(text: string, answer: string): boolean {
  if (/\p{Script=Han}/u.test(answer)) return text.includes(answer);
  return ` ${text} `.includes(` ${answer} `);
}

export interface AuditedRow {
  readonly positives: readonly string[];
  readonly answers: readonly string[];
}

/** Why a passage may be right for the question: what its text says by itself. Empty: no reason. */
export function textReasons(
  settings: Pick<AuditSettings, 'duplicates' | 'answers'>,
  row: AuditedRow,
  passage: string,
  counts: AnswerCounts,
): Reason[] {
  const reasons: Reason[] = [];
  if (settings.duplicates) reasons.push(...duplicateReasons(row.positives, passage));
  if (settings.answers) reasons.push(...answerReasons(row.answers, passage, counts));
  return reasons;
}

function duplicateReasons(positives: readonly string[], passage: string): Reason[] {
  for (const positive of positives) {
    if (foldToWords(positive) === foldToWords(passage))
      return [{ rule: 'same-text', detail: 'the same text as the positive' }];
    const { jaccard, contained } = resemblance(positive, passage);
    if (jaccard >= ALIKE) return [{ rule: 'near-duplicate', detail: `${percent(jaccard)} alike` }];
    if (contained >= CONTAINS) {
      return [{ rule: 'contains', detail: `${percent(contained)} of the shorter text stands in the other` }];
    }
  }
  return [];
}

function answerReasons(answers: readonly string[], passage: string, counts: AnswerCounts): Reason[] {
  const text = foldToWords(passage);
  for (const answer of new Set(answers.map(foldToWords))) {
    const shortest = /\p{Script=Han}/u.test(answer) ? SHORTEST_HAN_ANSWER : SHORTEST_ANSWER;
    if (answer.length < shortest || !holds(text, answer) || counts.isCommon(answer)) continue;
    return [{ rule: 'answer', detail: `holds the answer "${answer.slice(0, 80)}"` }];
  }
  return [];
}

const percent = (share: number): string => `${Math.round(100 * share)} %`;
