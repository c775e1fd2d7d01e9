/** Whether two texts are at most `limit` edits apart (Levenshtein, only the diagonal band that can be; UTF-16 units). */
export function withinEdits(a: string, b: string, limit: number): boolean {
  if (Math.abs(a.length - b.length) > limit) return false;
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const next = new Array<number>(b.length + 1).fill(limit + 1);
    if (i <= limit) next[0] = i;
    let least = next[0] ?? limit + 1;
    for (let j = Math.max(1, i - limit); j <= Math.min(b.length, i + limit); j++) {
      const same = a.charCodeAt(i - 1) === b.charCodeAt(j - 1) ? 0 : 1;
      const edits = Math.min((row[j - 1] ?? 0) + same, (row[j] ?? limit + 1) + 1, (next[j - 1] ?? limit + 1) + 1);
      next[j] = edits;
      if (edits < least) least = edits;
    }
    if (least > limit) return false;
    row = next;
  }
  return (row[b.length] ?? limit + 1) <= limit;
}
