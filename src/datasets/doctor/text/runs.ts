import { fold } from './fold.ts';
import { mix32 } from './hash.ts';

// Winnowing (Schleimer, Wilkerson, Aiken, "Winnowing: Local Algorithms for Document Fingerprinting", SIGMOD 2003):
// of every window of w hashes of k characters the smallest is kept, so that two texts that share w + k - 1 characters
// share a fingerprint for certain.

/** Fingerprints of a folded text such that any run of `run` characters shared by two texts gives both a common one. */
export function fingerprints(folded: string, run: number): Set<number> {
  const size = Math.max(4, Math.floor(run / 2));
  const window = run - size + 1;
  const hashes = rollingHashes(folded, size);
  const found = new Set<number>();
  let smallest = -1;
  for (let at = 0; at < hashes.length; at++) {
    const start = at - window + 1;
    if (smallest < start) {
      smallest = Math.max(0, start);
      for (let inside = smallest + 1; inside <= at; inside++) {
        if ((hashes[inside] ?? 0) <= (hashes[smallest] ?? 0)) smallest = inside;
      }
    } else if ((hashes[at] ?? 0) <= (hashes[smallest] ?? 0)) smallest = at;
    if (start >= 0) found.add(hashes[smallest] ?? 0);
  }
  return found;
}

/** A mixed 32-bit hash of every `size` characters in a row. */
function rollingHashes(text: string, size: number): Uint32Array {
  const count = text.length - size + 1;
  if (count <= 0) return new Uint32Array(0);
  const base = 0x01000193;
  let highest = 1;
  for (let at = 1; at < size; at++) highest = Math.imul(highest, base);
  const hashes = new Uint32Array(count);
  let hash = 0;
  for (let at = 0; at < text.length; at++) {
    if (at >= size) hash = (hash - Math.imul(text.charCodeAt(at - size), highest)) | 0;
    hash = (Math.imul(hash, base) + text.charCodeAt(at)) | 0;
    if (at >= size - 1) hashes[at - size + 1] = mix32(hash);
  }
  return hashes;
}

/** The longest run of characters that both texts have, as they are folded; '' when it is shorter than `least`. */
export function longestSharedRun(first: string, second: string, least: number): string {
  const [a, b] = [fold(first), fold(second)];
  const starts = new Map<string, number[]>();
  for (let at = 0; at + least <= a.length; at++) {
    const key = a.slice(at, at + least);
    const known = starts.get(key);
    if (known) known.push(at);
    else starts.set(key, [at]);
  }
  let best = '';
  for (let at = 0; at + least <= b.length; at++) {
    for (const start of starts.get(b.slice(at, at + least)) ?? []) {
      let length = least;
      while (start + length < a.length && a.charCodeAt(start + length) === b.charCodeAt(at + length)) length++;
      if (length > best.length) best = a.slice(start, start + length);
    }
    // A shared run goes on: the next start would find the same one, a character shorter.
    if (best.length > least && b.startsWith(best, at)) at += best.length - least;
  }
  return best;
}
