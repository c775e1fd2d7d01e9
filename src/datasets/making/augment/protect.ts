/** A stretch of text: `free` may be changed. */
export interface Stretch {
  readonly text: string;
  readonly free: boolean;
}

/** The text in stretches: every occurrence of a kept text is left alone. */
export function stretches(text: string, kept: readonly string[]): Stretch[] {
  const closed = new Uint8Array(text.length);
  for (const one of kept) {
    if (one === '') continue;
    for (let at = text.indexOf(one); at >= 0; at = text.indexOf(one, at + 1)) closed.fill(1, at, at + one.length);
  }
  const found: Stretch[] = [];
  for (let start = 0; start < text.length; ) {
    let end = start + 1;
    while (end < text.length && closed[end] === closed[start]) end += 1;
    found.push({ text: text.slice(start, end), free: closed[start] === 0 });
    start = end;
  }
  return found;
}

/**
 * Changes some of the places that `pattern` finds in the free stretches: `wanted(n)` of n, chosen by `choose`.
 * `change` gets the found text and gives what stands in its place. Undefined when nothing changed.
 */
export function changeSome(
  text: string,
  kept: readonly string[],
  pattern: RegExp,
  pick: (places: number) => ReadonlySet<number>,
  change: (found: string) => string,
): { text: string; changed: number } | undefined {
  const parts = stretches(text, kept);
  const places = parts.reduce((sum, { text: part, free }) => sum + (free ? [...part.matchAll(pattern)].length : 0), 0);
  if (places === 0) return undefined;
  const chosen = pick(places);
  let place = 0;
  let changed = 0;
  const result = parts
    .map(({ text: part, free }) =>
      free
        ? part.replace(pattern, (found) => {
            const other = chosen.has(place++) ? change(found) : found;
            if (other !== found) changed += 1;
            return other;
          })
        : part,
    )
    .join('');
  return changed === 0 ? undefined : { text: result, changed };
}
