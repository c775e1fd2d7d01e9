import type { Hit } from '../../kb/types.ts';
import type { HighlightRange } from '../../ui/stream-model.ts';

/** Longer answers are not compared word by word: the table would have millions of cells. */
const MOST_WORDS = 1500;
const segmenter = new Intl.Segmenter(undefined, { granularity: 'word' });
const HAN = /^\p{Script=Han}+$/u;

interface Word {
  readonly text: string;
  readonly start: number;
}

/** Words of a text in order; Chinese by character, as there are no spaces to agree on. */
function wordsOf(text: string): Word[] {
  return [...segmenter.segment(text)].flatMap(({ segment, index, isWordLike }) => {
    if (!isWordLike) return [];
    if (!HAN.test(segment)) return [{ text: segment.toLowerCase(), start: index }];
    let start = index;
    return Array.from(segment, (character) => {
      const word = { text: character, start };
      start += character.length;
      return word;
    });
  });
}

/**
 * The parts of `text` that are not in `base`: what is left beside a longest common subsequence of their words, letters'
 * case apart. UTF-16 offsets into `text`; words next to each other are one part. Empty when a text is too long. Pure.
 */
export function newWords(base: string, text: string): readonly HighlightRange[] {
  const a = wordsOf(base);
  const b = wordsOf(text);
  if (a.length > MOST_WORDS || b.length > MOST_WORDS) return [];
  const common = commonWords(a, b);
  const ranges: { start: number; end: number }[] = [];
  let lastNew = -2;
  b.forEach((word, at) => {
    if (common.has(at)) return;
    const end = word.start + word.text.length;
    const last = ranges.at(-1);
    if (last && lastNew === at - 1) last.end = end;
    else ranges.push({ start: word.start, end });
    lastNew = at;
  });
  return ranges;
}

/** Places in `b` of one longest common subsequence. */
function commonWords(a: readonly Word[], b: readonly Word[]): ReadonlySet<number> {
  const width = b.length + 1;
  // lengths[i][j]: of the longest common subsequence of a from i on and b from j on.
  const lengths = new Uint16Array((a.length + 1) * width);
  const at = (i: number, j: number): number => lengths[i * width + j] ?? 0;
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      const same = a[i]?.text === b[j]?.text;
      lengths[i * width + j] = same ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const common = new Set<number>();
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    if (a[i]?.text === b[j]?.text) {
      common.add(j);
      i++;
      j++;
    } else if (at(i + 1, j) >= at(i, j + 1)) i++;
    else j++;
  }
  return common;
}

/** Where a passage stands against column 1: moved up by so many ranks (negative: down), or not there at all. Pure. */
export function rankChange(hit: Pick<Hit, 'chunkId' | 'rank'>, base: readonly Hit[]): number | 'new' {
  const there = base.find(({ chunkId }) => chunkId === hit.chunkId);
  return there ? there.rank - hit.rank : 'new';
}

/** `▲2`, `▼1`, `=`, `+`: as the passages show it. Pure. */
export function rankMark(change: number | 'new'): string {
  if (change === 'new') return '+';
  if (change === 0) return '=';
  return change > 0 ? `▲${change}` : `▼${-change}`;
}
