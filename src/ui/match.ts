/**
 * Where a filter matches a text: every word of the filter must occur, case and full width aside. UTF-16 offsets of
 * the matched characters, or undefined when it does not match.
 */
export function matchText(text: string, filter: string): number[] | undefined {
  const words = fold(filter).split(/\s+/).filter(Boolean);
  const folded = fold(text);
  const offsets = new Set<number>();
  for (const word of words) {
    const at = folded.indexOf(word);
    if (at < 0) return undefined;
    for (let i = at; i < at + word.length; i++) offsets.add(i);
  }
  return [...offsets].sort((a, b) => a - b);
}

/** Lower case and half width, one code unit for one code unit, so that offsets stay true. */
function fold(text: string): string {
  let result = '';
  for (const unit of text) {
    const folded = unit.normalize('NFKC').toLowerCase();
    result += folded.length === unit.length ? folded : unit;
  }
  return result;
}
