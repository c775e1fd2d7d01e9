import { RagtuiError } from '../../platform/errors.ts';
import { LONGEST_ROW_CHARS, linesOf, tooLong } from '../lines.ts';

/** One element of a list, as text, and the line on which it begins (from 1). */
export interface JsonElement {
  readonly line: number;
  readonly text: string;
}

/**
 * The elements of a JSON list without reading the file as a whole: of the outermost list, or of the list under `key`
 * of the outermost object. Elements are found by brackets and quotes; whether each is JSON is for the caller to see.
 * Errors: `invalid` when there is no such list, `corrupt` when the file ends inside it.
 */
export async function* jsonElements(pieces: AsyncIterable<string>, key: string): AsyncGenerator<JsonElement> {
  const scanner = new ElementScanner(key);
  for await (const piece of pieces) yield* scanner.push(piece);
  scanner.end();
}

/** A file's rows: the elements of a list when it begins with "[", else its lines that are not empty (JSON lines). */
export async function* jsonRows(pieces: AsyncIterable<string>): AsyncGenerator<JsonElement> {
  const { first, all } = await peek(pieces);
  if (first === '[') {
    yield* jsonElements(all, '');
    return;
  }
  let line = 0;
  for await (const text of linesOf(all)) {
    line++;
    if (text.trim() !== '') yield { line, text };
  }
}

/** The first character that is no white space, and the pieces as if nothing had been read. */
async function peek(pieces: AsyncIterable<string>): Promise<{ first: string; all: AsyncIterable<string> }> {
  const iterator = pieces[Symbol.asyncIterator]();
  const read: string[] = [];
  let first = '';
  while (first === '') {
    const next = await iterator.next();
    if (next.done) break;
    read.push(next.value);
    first = next.value.trimStart().charAt(0);
  }
  return { first, all: again(read, iterator) };
}

async function* again(read: readonly string[], iterator: AsyncIterator<string>): AsyncGenerator<string> {
  try {
    yield* read;
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value;
  } finally {
    await iterator.return?.();
  }
}

const QUOTE = 34;
const BACKSLASH = 92;
const NEWLINE = 10;
const COMMA = 44;
const COLON = 58;
const OPEN = new Set([91, 123]);
const CLOSE = new Set([93, 125]);

class ElementScanner {
  private line = 1;
  private depth = 0;
  private inString = false;
  private escaped = false;
  /** Depth at which elements stand; 0: the list was not found yet. */
  private listDepth = 0;
  private listOver = false;
  /** Text of an element that began in an earlier piece. */
  private held: string[] = [];
  private heldChars = 0;
  private elementLine = 0;
  private inElement = false;
  /** The last string at depth 1, to find the key. */
  private lastString = '';
  private stringStart = -1;

  constructor(private readonly key: string) {}

  *push(piece: string): Generator<JsonElement> {
    let start = 0;
    if (this.stringStart >= 0) this.stringStart = 0;
    for (let at = 0; at < piece.length; at++) {
      const code = piece.charCodeAt(at);
      if (code === NEWLINE) this.line++;
      if (this.inString) {
        this.insideString(piece, at, code);
        continue;
      }
      if (code <= 32) continue;
      const atList = this.listDepth > 0 && this.depth === this.listDepth && !this.listOver;
      if (atList && (code === COMMA || CLOSE.has(code))) {
        if (this.inElement) yield this.taken(piece.slice(start, at));
      } else if (atList && !this.inElement) {
        this.inElement = true;
        this.elementLine = this.line;
        start = at;
      }
      this.structure(at, code);
    }
    if (this.inElement) this.hold(piece.slice(start));
    if (this.stringStart >= 0) this.lastString += piece.slice(this.stringStart);
  }

  private insideString(piece: string, at: number, code: number): void {
    if (this.escaped) this.escaped = false;
    else if (code === BACKSLASH) this.escaped = true;
    else if (code === QUOTE) {
      this.inString = false;
      if (this.stringStart >= 0) this.lastString += piece.slice(this.stringStart, at);
      this.stringStart = -1;
    }
  }

  private structure(at: number, code: number): void {
    if (code === QUOTE) {
      this.inString = true;
      if (this.listDepth === 0 && this.depth === 1) {
        this.lastString = '';
        this.stringStart = at + 1;
      }
    } else if (OPEN.has(code)) {
      const isList =
        code === 91 && (this.key === '' ? this.depth === 0 : this.depth === 1 && this.lastString === this.key);
      const bare = this.key !== '' && code === 91 && this.depth === 0;
      this.depth++;
      if (this.listDepth === 0 && (isList || bare)) this.listDepth = this.depth;
    } else if (CLOSE.has(code)) {
      if (this.depth === this.listDepth) this.listOver = true;
      this.depth--;
    } else if (code !== COLON && this.depth === 1) {
      this.lastString = '';
    }
  }

  private hold(text: string): void {
    this.held.push(text);
    this.heldChars += text.length;
    if (this.heldChars > LONGEST_ROW_CHARS) throw tooLong(this.elementLine);
  }

  private taken(text: string): JsonElement {
    this.held.push(text);
    const whole = this.held.join('').trimEnd();
    this.held = [];
    this.heldChars = 0;
    this.inElement = false;
    return { line: this.elementLine, text: whole };
  }

  end(): void {
    if (this.listDepth === 0) {
      const what = this.key === '' ? 'a list' : `a list, nor an object with a list "${this.key}"`;
      throw new RagtuiError('invalid', `The file is not ${what}.`, 'Is it the format you named?');
    }
    if (this.listOver) return;
    const where = this.inElement
      ? `inside the element that begins at line ${this.elementLine}`
      : 'before its list does';
    throw new RagtuiError('corrupt', `The file ends ${where}.`, 'It was cut off: get it again.');
  }
}
