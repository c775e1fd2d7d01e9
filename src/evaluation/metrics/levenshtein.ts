/** 1 − edit distance / longer length, over code points (not UTF-16 units); 1 when both are empty. */
export function levenshteinSimilarity(a: string, b: string): number {
  const [x, y] = [codePoints(a), codePoints(b)];
  const longest = Math.max(x.length, y.length);
  return longest === 0 ? 1 : 1 - distance(x, y) / longest;
}

const codePoints = (text: string): Uint32Array => Uint32Array.from(text, (char) => char.codePointAt(0) ?? 0);

/** Rows of the usual table, one at a time, without the ends that are equal. */
function distance(a: Uint32Array, b: Uint32Array): number {
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start += 1;
  let [endA, endB] = [a.length, b.length];
  while (endA > start && endB > start && a[endA - 1] === b[endB - 1]) {
    endA -= 1;
    endB -= 1;
  }
  const width = endB - start;
  const row = Uint32Array.from({ length: width + 1 }, (_, column) => column);
  for (let i = start; i < endA; i += 1) {
    let diagonal = row[0] ?? 0;
    let left = diagonal + 1;
    row[0] = left;
    for (let j = 0; j < width; j += 1) {
      const above = row[j + 1] ?? 0;
      left = Math.min(left + 1, above + 1, diagonal + (a[i] === b[start + j] ? 0 : 1));
      diagonal = above;
      row[j + 1] = left;
    }
  }
  return row[width] ?? 0;
}
