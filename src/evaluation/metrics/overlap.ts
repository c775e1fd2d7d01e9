/** F1 of two bags of tokens, as the SQuAD 2.0 script has it: without tokens on one side, 1 if both have none. */
export function overlapF1(given: readonly string[], gold: readonly string[]): number {
  if (given.length === 0 || gold.length === 0) return Number(given.length === gold.length);
  const left = new Map<string, number>();
  for (const token of gold) left.set(token, (left.get(token) ?? 0) + 1);
  let same = 0;
  for (const token of given) {
    const count = left.get(token) ?? 0;
    if (count === 0) continue;
    left.set(token, count - 1);
    same += 1;
  }
  if (same === 0) return 0;
  const precision = same / given.length;
  const recall = same / gold.length;
  return (2 * precision * recall) / (precision + recall);
}
