/** Text that grows outside React. Views read it when the version they were told of changes. */
export interface StreamBuffer {
  text: string;
  reasoning: string;
  /** How many pieces came: for the embedded engines one piece is one token. */
  pieces: number;
  /** Clock at which the LLM was asked; null before. */
  askedAt: number | null;
  /** Clock of the first piece; null before it. */
  firstAt: number | null;
  readonly times: PieceTimes;
  /** The text again, in parts of about `PART` characters: for `textSince`. */
  readonly parts: string[];
}

/** When pieces came: the last ones exactly, all of them counted by half seconds. */
export interface PieceTimes {
  /** Clocks of the last pieces; piece n lies at n modulo its length. */
  readonly recent: Float64Array;
  /** Pieces in each `PACE_MS` since the first piece; the last one is still filling. */
  readonly pace: number[];
}

/** Characters of a part. */
const PART = 1024;

/** Width of one step of the pace, ms. */
export const PACE_MS = 500;
/** Gaps are taken over so many pieces at most: 16 kB a column, and a sort that takes a tenth of a millisecond. */
const RECENT = 2048;

export function createStreamBuffer(): StreamBuffer {
  return {
    text: '',
    reasoning: '',
    pieces: 0,
    askedAt: null,
    firstAt: null,
    times: { recent: new Float64Array(RECENT), pace: [] },
    parts: [],
  };
}

/** Takes in a piece that came at the clock `at`. Whoever streams into a buffer does it with this. */
export function appendPiece(
  buffer: StreamBuffer,
  piece: { readonly text: string; readonly reasoning: string },
  at: number,
): void {
  buffer.text += piece.text;
  buffer.reasoning += piece.reasoning;
  const { parts } = buffer;
  const last = parts.at(-1);
  if (last === undefined || last.length >= PART) parts.push(piece.text);
  else parts[parts.length - 1] = last + piece.text;
  buffer.firstAt ??= at;
  const { recent, pace } = buffer.times;
  recent[buffer.pieces % recent.length] = at;
  buffer.pieces += 1;
  const step = Math.max(0, Math.floor((at - buffer.firstAt) / PACE_MS));
  while (pace.length <= step) pace.push(0);
  pace[step] = (pace[step] ?? 0) + 1;
}

/**
 * What came behind the first `from` characters, as `text.slice(from)`. That would copy the whole text each time: a
 * string made by adding is one only when it is looked into.
 */
export function textSince({ parts, text }: StreamBuffer, from: number): string {
  let start = text.length;
  let at = parts.length;
  while (at > 0 && start > from) {
    at -= 1;
    start -= parts[at]?.length ?? 0;
  }
  return parts
    .slice(at)
    .join('')
    .slice(Math.max(0, from - start));
}

/** Clocks of the last pieces, oldest first; `most` of them at most. */
export function lastTimes({ times: { recent }, pieces }: StreamBuffer, most = recent.length): Float64Array {
  const count = Math.min(pieces, recent.length, most);
  return Float64Array.from({ length: count }, (_, i) => recent[(pieces - count + i) % recent.length] ?? 0);
}
