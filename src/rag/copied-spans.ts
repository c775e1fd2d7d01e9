/** A stretch of an answer that stands word for word in a hit. Offsets are UTF-16, `end` exclusive. */
export interface CopiedSpan {
  readonly start: number;
  readonly end: number;
  /** Index of the text it was found in. */
  readonly source: number;
  readonly sourceStart: number;
  readonly sourceEnd: number;
}

interface Unit {
  readonly text: string;
  readonly start: number;
  readonly end: number;
  readonly weight: number;
}

const UNIT = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]|[\p{L}\p{N}\p{M}]+/gu;
const WIDE = /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]$/u;
/** Four CJK characters, or three words of which two are not short: less is found everywhere by chance. */
const MIN_WEIGHT = 5;

/**
 * Which stretches of `answer` were copied from which of `sources`: the longest ones, left to right, not overlapping,
 * of at least four CJK characters or about three words (an answer that is copied whole counts whatever its length).
 * Differences in white space do not matter. Linear in the texts but for words that repeat.
 */
export function copiedSpans(answer: string, sources: readonly string[]): CopiedSpan[] {
  const units = unitsOf(answer);
  const indexes = sources.map((source) => indexOf(source));
  const spans: CopiedSpan[] = [];
  for (let at = 0; at < units.length; ) {
    const best = longestMatch(answer, units, at, sources, indexes);
    if (best && (best.weight >= MIN_WEIGHT || best.length === units.length)) {
      spans.push(best.span);
      at += best.length;
    } else at += 1;
  }
  return spans;
}

interface SourceIndex {
  readonly units: readonly Unit[];
  readonly places: ReadonlyMap<string, readonly number[]>;
}

interface Match {
  readonly length: number;
  readonly weight: number;
  readonly span: CopiedSpan;
}

function longestMatch(
  answer: string,
  units: readonly Unit[],
  at: number,
  sources: readonly string[],
  indexes: readonly SourceIndex[],
): Match | undefined {
  let best: Match | undefined;
  const first = units[at];
  if (!first) return undefined;
  indexes.forEach(({ units: there, places }, source) => {
    for (const place of places.get(first.text) ?? []) {
      const length = commonLength(answer, units, at, sources[source] ?? '', there, place);
      if (best && length <= best.length) continue;
      const [last, sourceFirst, sourceLast] = [units[at + length - 1], there[place], there[place + length - 1]];
      if (!last || !sourceFirst || !sourceLast) continue;
      const weight = units.slice(at, at + length).reduce((sum, unit) => sum + unit.weight, 0);
      const span = {
        start: first.start,
        end: last.end,
        source,
        sourceStart: sourceFirst.start,
        sourceEnd: sourceLast.end,
      };
      best = { length, weight, span };
    }
  });
  return best;
}

/** How many units in a row are the same, with the same characters between them. */
function commonLength(
  answer: string,
  units: readonly Unit[],
  at: number,
  source: string,
  there: readonly Unit[],
  place: number,
): number {
  let length = 1;
  for (;;) {
    const [previous, next] = [units[at + length - 1], units[at + length]];
    const [otherPrevious, otherNext] = [there[place + length - 1], there[place + length]];
    if (!previous || !next || !otherPrevious || !otherNext || next.text !== otherNext.text) return length;
    const between = answer.slice(previous.end, next.start);
    const otherBetween = source.slice(otherPrevious.end, otherNext.start);
    if (between.replace(/\s+/g, ' ') !== otherBetween.replace(/\s+/g, ' ')) return length;
    length += 1;
  }
}

function indexOf(text: string): SourceIndex {
  const units = unitsOf(text);
  const places = new Map<string, number[]>();
  units.forEach((unit, index) => {
    const known = places.get(unit.text);
    if (known) known.push(index);
    else places.set(unit.text, [index]);
  });
  return { units, places };
}

function unitsOf(text: string): Unit[] {
  return [...text.matchAll(UNIT)].map((match) => {
    const [word] = match;
    const weight = WIDE.test(word) ? 1.25 : word.length >= 4 ? 2 : 1;
    return { text: word, start: match.index, end: match.index + word.length, weight };
  });
}
