import type { ChunkDraft } from '../types.ts';
import { sentenceSpans } from './sentence.ts';
import { chunksOf, type Span } from './spans.ts';

/** Number of tokens of a text, special tokens not counted. */
export type CountTokens = (text: string) => number;

/**
 * Chunks of at most `size` tokens that share up to `overlap` tokens with the one before. Cuts fall between
 * sentences where one ends in the last quarter, else between words or Chinese characters.
 *
 * Near-linear: every distinct word is counted once, then every chunk once more as a whole (tokens of neighbouring
 * words merge in some tokenizers), and cut back in the rare case that the sum was too small.
 */
export function splitTokens(text: string, size: number, overlap: number, countTokens: CountTokens): ChunkDraft[] {
  return chunksOf(text, tokenSpans(text, size, Math.min(overlap, size - 1), countTokens));
}

// One character of a script without blanks, a word of at most 32 letters, a run of blanks, or any other character;
// marks stay with their letter.
const ATOM =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]\p{M}*|(?:(?![\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}])[\p{L}\p{N}_]\p{M}*){1,32}|\s+|\S\p{M}*/gu;

/** The text as atoms: where each begins, tokens before it, whether it is blank or begins a sentence. One more entry for the end. */
interface Atoms {
  readonly count: number;
  readonly offset: Uint32Array;
  readonly before: Float64Array;
  readonly blank: Uint8Array;
  readonly startsSentence: Uint8Array;
}

function* tokenSpans(text: string, size: number, overlap: number, countTokens: CountTokens): Generator<Span> {
  const atoms = atomsOf(text, countTokens);
  const { count, offset, before } = atoms;
  const tokensIn = (from: number, to: number): number => countTokens(text.slice(offset[from], offset[to]));
  /** Real tokens per token of the sum, learned from the last chunk: 1 for WordPiece, less where words merge. */
  let ratio = 1;
  let first = nextVisible(atoms, 0);
  /** Atoms before this one are in a chunk; each chunk must bring something new. */
  let covered = first;
  while (first < count) {
    let end = reach(before, first, count, size / ratio);
    for (;;) {
      end = Math.max(end, covered + 1);
      if (end < count) end = sentenceCut(atoms, first, end, covered);
      const tokens = tokensIn(first, end);
      const sum = at(before, end) - at(before, first);
      if (sum > 0) ratio = Math.max(LEAST_RATIO, tokens / sum);
      if (tokens <= size) break;
      const share = first + Math.floor(((end - first) * size) / tokens);
      if (end > covered + 1) end = Math.min(end - 1, share, reach(before, first, count, size / ratio));
      // Even one new atom is too many: share less. One atom alone may be larger than the size.
      else if (first < covered) first = nextVisible(atoms, first + 1);
      else break;
    }
    yield { start: at(offset, first), end: at(offset, end) };
    covered = nextVisible(atoms, end);
    if (covered >= count) return;
    const least = nextVisible(atoms, first + 1);
    let start = overlapStart(atoms, least, end, overlap / ratio);
    while (start < end && tokensIn(start, end) > overlap) start++;
    first = nextVisible(atoms, start);
  }
}

function nextVisible({ count, blank }: Atoms, from: number): number {
  let i = from;
  while (i < count && blank[i]) i++;
  return i;
}

/** The largest end so that atoms [first, end) sum to at most `budget` tokens. */
function reach(before: Float64Array, first: number, count: number, budget: number): number {
  const most = at(before, first) + budget;
  let low = first;
  let high = count;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (at(before, middle) <= most) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** The last sentence border in the last quarter of [first, end) that is beyond `covered`; else `end`. */
function sentenceCut(atoms: Atoms, first: number, end: number, covered: number): number {
  const { before, startsSentence } = atoms;
  const least = at(before, first) + (at(before, end) - at(before, first)) * 0.75;
  for (let i = end; i > covered && at(before, i) >= least; i--) if (startsSentence[i]) return i;
  return end;
}

/** Where the next chunk begins: `budget` tokens back from `end`, moved up to a sentence in the first half of those. */
function overlapStart(atoms: Atoms, least: number, end: number, budget: number): number {
  const { before, startsSentence } = atoms;
  const total = at(before, end);
  let start = end;
  while (start > least && total - at(before, start - 1) <= budget) start--;
  for (let i = start; i < end && total - at(before, i) >= budget / 2; i++) if (startsSentence[i]) return i;
  return start;
}

function atomsOf(text: string, countTokens: CountTokens): Atoms {
  const known = memoryOf(countTokens);
  const offsets: number[] = [];
  const sums: number[] = [];
  const blanks: number[] = [];
  let sum = 0;
  for (const match of text.matchAll(ATOM)) {
    offsets.push(match.index);
    sums.push(sum);
    const atom = match[0];
    const isBlank = atom.trim() === '';
    blanks.push(isBlank ? 1 : 0);
    if (isBlank) continue;
    // Never nothing: a text of what the tokenizer drops must not look free, or all of it is tried at once.
    const tokens = known.get(atom) ?? Math.max(countTokens(atom), LEAST_TOKENS);
    known.set(atom, tokens);
    sum += tokens;
  }
  offsets.push(text.length);
  sums.push(sum);
  const offset = Uint32Array.from(offsets);
  const startsSentence = new Uint8Array(offset.length);
  let i = 0;
  for (const { start } of sentenceSpans(text)) {
    while (at(offset, i) < start) i++;
    if (offset[i] === start) startsSentence[i] = 1;
  }
  return {
    count: offset.length - 1,
    offset,
    before: Float64Array.from(sums),
    blank: Uint8Array.from(blanks),
    startsSentence,
  };
}

const LEAST_TOKENS = 1 / 8;
/** WordPiece makes one unknown token of a word of any length: a chunk must not grow without end for that. */
const LEAST_RATIO = 1 / 4;
const MEMORY_ENTRIES = 100_000;
const memories = new WeakMap<CountTokens, Map<string, number>>();

/** Token counts of words, kept between the documents of a run; emptied when full. */
function memoryOf(countTokens: CountTokens): Map<string, number> {
  const memory = memories.get(countTokens) ?? new Map<string, number>();
  if (memory.size > MEMORY_ENTRIES) memory.clear();
  memories.set(countTokens, memory);
  return memory;
}

/** An entry that is there by construction. */
const at = (values: Uint32Array | Float64Array, index: number): number => values[index] ?? 0;
