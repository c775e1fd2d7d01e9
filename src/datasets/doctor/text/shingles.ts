import { foldEach } from './fold.ts';
import { mix32 } from './hash.ts';

/** Tokens in a row that make a shingle: three words, or three characters where there are no spaces. */
const SHINGLE_TOKENS = 3;

/** Texts with this share of common shingles (`jaccard`) are nearly the same, wherever that is asked. */
export const NEARLY_SAME = 0.8;

/** One 32-bit hash for each word, or each CJK character, of a folded text. */
export function tokenHashes(text: string): number[] {
  const tokens: number[] = [];
  let hash = 0;
  let open = false;
  foldEach(text, (unit, _, begins) => {
    if (begins) {
      if (open) tokens.push(mix32(hash));
      hash = 0x811c9dc5;
      open = true;
    }
    hash = Math.imul(hash ^ unit, 0x01000193);
  });
  if (open) tokens.push(mix32(hash));
  return tokens;
}

/** Hashes of the shingles of a text, with repeats; a text shorter than a shingle is one as a whole. */
export function shingleHashes(text: string): number[] {
  const tokens = tokenHashes(text);
  if (tokens.length === 0) return [];
  if (tokens.length < SHINGLE_TOKENS) return [combined(tokens, 0, tokens.length)];
  return Array.from({ length: tokens.length - SHINGLE_TOKENS + 1 }, (_, at) => combined(tokens, at, SHINGLE_TOKENS));
}

function combined(tokens: readonly number[], start: number, count: number): number {
  let hash = 0;
  for (let at = start; at < start + count; at++) hash = mix32(Math.imul(hash, 31) + (tokens[at] ?? 0));
  return hash;
}

/** Share of shingles that two texts have in common (Jaccard), from 0 to 1. */
export function jaccard(a: ReadonlySet<number>, b: ReadonlySet<number>): number {
  if (a.size === 0 || b.size === 0) return 0;
  const [small, large] = a.size < b.size ? [a, b] : [b, a];
  let common = 0;
  for (const shingle of small) if (large.has(shingle)) common++;
  return common / (a.size + b.size - common);
}
