import { diffChars } from 'diff';
import { type FoldedText, foldWithPositions } from './fold.ts';

/** Share of an answer's characters that may differ, and how many at most. */
const MOST_EDITS_SHARE = 0.12;
const MOST_EDITS = 12;
const LONGEST_ANSWER = 600;
const LONGEST_CONTEXT = 20_000;
/** Closing marks that belong to what stands before them. */
const PAIRS: Readonly<Record<string, string>> = {
  '（': '）',
  '(': ')',
  '“': '”',
  '‘': '’',
  '《': '》',
  '「': '」',
  '[': ']',
  '【': '】',
};

/** A stretch of the context: `context.slice(start, end) === text`. */
export interface Span {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/**
 * The stretch of a context that is closest to an answer which does not stand in it as it is: equal but for width,
 * case, spaces and punctuation, or else with few edits. Undefined when nothing is close.
 */
export function nearestSpan(context: string, answer: string): Span | undefined {
  const wanted = foldWithPositions(answer).text;
  if (wanted === '' || context.length > LONGEST_CONTEXT) return undefined;
  const folded = foldWithPositions(context);
  const found = exact(context, folded, wanted) ?? fuzzy(folded.text, wanted);
  if (!found || found.end <= found.start || !wholeWords(context, folded, found)) return undefined;
  const start = folded.positions[found.start] ?? 0;
  const end = (folded.positions[found.end - 1] ?? 0) + 1;
  return withMarks(context, answer, start, wholeCharacter(context, end));
}

interface Place {
  readonly start: number;
  readonly end: number;
}

/** The first place where the folded answer stands as whole words. */
function exact(context: string, folded: FoldedText, wanted: string): Place | undefined {
  for (let start = folded.text.indexOf(wanted); start >= 0; start = folded.text.indexOf(wanted, start + 1)) {
    const place = { start, end: start + wanted.length };
    if (wholeWords(context, folded, place)) return place;
  }
  return undefined;
}

const WORD = /[A-Za-z0-9\u00c0-\u024f]/;

/** Folding takes the spaces away: "n/a" is not "n a" in "an apple". */
function wholeWords(context: string, { positions }: FoldedText, { start, end }: Place): boolean {
  const [first, last] = [positions[start] ?? 0, positions[end - 1] ?? 0];
  const cutBefore = WORD.test(context.charAt(first - 1)) && WORD.test(context.charAt(first));
  const cutAfter = WORD.test(context.charAt(last)) && WORD.test(context.charAt(last + 1));
  return !cutBefore && !cutAfter;
}

const wholeCharacter = (text: string, end: number): number => {
  const next = text.charCodeAt(end);
  return next >= 0xdc00 && next <= 0xdfff ? end + 1 : end;
};

/** Folding drops punctuation at the edges: what the answer has there and the context too comes back. */
function withMarks(context: string, answer: string, start: number, end: number): Span {
  let [from, to] = [start, end];
  const opening = context.charAt(from - 1);
  if (PAIRS[opening] !== undefined && PAIRS[opening] === context.charAt(to) && /^[\p{P}]/u.test(answer)) {
    from--;
    to++;
  }
  const inside = context.slice(from, to);
  for (const [open, close] of Object.entries(PAIRS)) {
    if (inside.includes(open) && !inside.includes(close) && context.charAt(to) === close) to++;
  }
  const next = context.charAt(to);
  const last = answer.trim().slice(-1);
  if (next !== '' && /[\p{P}%]/u.test(last) && last.normalize('NFKC') === next.normalize('NFKC')) to++;
  return { text: context.slice(from, to), start: from, end: to };
}

/**
 * Approximate search (Sellers 1980): the end of the stretch with the fewest edits, and from there back its start.
 */
function fuzzy(text: string, wanted: string): Place | undefined {
  const limit = Math.min(MOST_EDITS, Math.floor(wanted.length * MOST_EDITS_SHARE));
  if (limit < 1 || wanted.length > LONGEST_ANSWER) return undefined;
  const forward = bestEnd(text, wanted, limit);
  if (!forward) return undefined;
  const reversed = [...text.slice(Math.max(0, forward.end - wanted.length - limit), forward.end)].reverse().join('');
  const backward = bestEnd(reversed, [...wanted].reverse().join(''), limit, true);
  return backward && { start: forward.end - backward.end, end: forward.end };
}

/** `anchored`: the stretch begins where the text does. */
function bestEnd(
  text: string,
  wanted: string,
  limit: number,
  anchored = false,
): { end: number; edits: number } | undefined {
  const column = new Uint16Array(wanted.length + 1).map((_, at) => at);
  let best = { end: 0, edits: limit + 1 };
  for (let end = 1; end <= text.length; end++) {
    let diagonal = column[0] ?? 0;
    column[0] = anchored ? end : 0;
    for (let at = 1; at <= wanted.length; at++) {
      const above = column[at] ?? 0;
      const same = wanted.charCodeAt(at - 1) === text.charCodeAt(end - 1) ? 0 : 1;
      column[at] = Math.min(diagonal + same, above + 1, (column[at - 1] ?? 0) + 1);
      diagonal = above;
    }
    const edits = column[wanted.length] ?? limit + 1;
    if (edits < best.edits) best = { end, edits };
  }
  return best.edits <= limit ? best : undefined;
}

/** What changes from one text to the other, for a person: `“１９９８” → “1998”, and 2 more`. */
export function editBetween(from: string, to: string): string {
  const parts = diffChars(from, to);
  const changes: string[] = [];
  for (let at = 0; at < parts.length; at++) {
    const part = parts[at];
    if (!part || (!part.added && !part.removed)) continue;
    const next = parts[at + 1];
    if (part.removed && next?.added) {
      changes.push(`${shown(part.value)} → ${shown(next.value)}`);
      at++;
    } else changes.push(part.removed ? `without ${shown(part.value)}` : `with ${shown(part.value)}`);
  }
  const [first, second, third, ...more] = changes;
  const listed = [first, second, third].filter((one) => one !== undefined).join(', ');
  return more.length > 0 ? `${listed}, and ${more.length} more` : listed;
}

/** White space and invisible characters by their code, so that the edit can be seen. */
function shown(text: string): string {
  const visible = text.replace(/[\s\p{C}]/gu, (char) =>
    char === ' ' ? '␣' : `U+${(char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`,
  );
  return `“${visible.length > 40 ? `${visible.slice(0, 39)}…` : visible}”`;
}
