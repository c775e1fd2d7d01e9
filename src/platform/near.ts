/** One letter in three may be wrong in a word that is still recognised. */
const LETTERS_PER_SLIP = 3;

/** Those of `names` that `word` is probably a slip of, nearest first. */
export function nearNames(word: string, names: readonly string[]): string[] {
  const slips = Math.max(1, Math.floor(word.length / LETTERS_PER_SLIP));
  return names
    .map((name) => ({ name, far: distance(name.toLowerCase(), word.toLowerCase()) }))
    .filter(({ far }) => far <= slips)
    .sort((a, b) => a.far - b.far)
    .map(({ name }) => name);
}

/** Levenshtein distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
