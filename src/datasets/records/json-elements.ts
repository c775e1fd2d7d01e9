import { RagtuiError } from '../../platform/errors.ts';
import { LONGEST_ROW_CHARS, tooLong } from '../lines.ts';

/** One element of a list, as text, and the line on which it begins (from 1). */
export interface JsonElement {
  readonly line: number;
  readonly text: string;
}

/** Takes the first list of the outermost object, whatever its name. */
export const ANY_LIST = '*';

/**
 * The elements of a JSON list without reading the file as a whole, a batch for each piece of text: of the outermost
 * list, or of the list under `key` of the outermost object. Elements are found by brackets and quotes; whether each is
 * JSON is for the caller to see. Errors: `invalid` when there is no such list, or
 * something behind it, `corrupt` when the file ends inside it.
 */
export async function* jsonElements(pieces: AsyncIterable<string>, key: string): AsyncGenerator<JsonElement[]> {
  const scanner = new ElementScanner(key);
  for await (const piece of pieces) {
    const found = scanner.push(piece);
    if (found.length > 0) yield found;
  }
  scanner.end();
}

/** The whole elements at the beginning of a list that is cut off somewhere. */
export function firstElements(head: string, key: string): { elements: JsonElement[]; hasList: boolean } {
  const scanner = new ElementScanner(key);
  const elements = scanner.push(head);
  return { elements, hasList: scanner.hasList };
}

const QUOTE = 34;
const BACKSLASH = 92;
const COMMA = 44;
const COLON = 58;
const OPEN_LIST = 91;
const OPEN_OBJECT = 123;
const CLOSE_LIST = 93;
const CLOSE_OBJECT = 125;

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

  get hasList(): boolean {
    return this.listDepth > 0;
  }

  push(piece: string): JsonElement[] {
    const found: JsonElement[] = [];
    let start = 0;
    let counted = 0;
    /** Lines are counted only where an element begins: that is a fast search, not a look at every character. */
    const countTo = (end: number): void => {
      for (let at = piece.indexOf('\n', counted); at >= 0 && at < end; at = piece.indexOf('\n', at + 1)) this.line++;
      counted = end;
    };
    if (this.stringStart >= 0) this.stringStart = 0;
    for (let at = 0; at < piece.length; at++) {
      if (this.inString) {
        at = this.skipString(piece, at);
        continue;
      }
      const code = piece.charCodeAt(at);
      if (code <= 32) continue;
      if (this.listOver && this.depth === 0) {
        countTo(at);
        throw goesOn(this.line, piece.slice(at, at + 20));
      }
      if (this.listDepth > 0 && this.depth === this.listDepth && !this.listOver) {
        if (code === COMMA || code === CLOSE_LIST || code === CLOSE_OBJECT) {
          if (this.inElement) found.push(this.taken(piece.slice(start, at)));
        } else if (!this.inElement) {
          this.inElement = true;
          countTo(at);
          this.elementLine = this.line;
          start = at;
        }
      }
      this.structure(at, code);
    }
    countTo(piece.length);
    if (this.inElement) this.hold(piece.slice(start));
    if (this.stringStart >= 0) this.lastString += piece.slice(this.stringStart);
    return found;
  }

  /** To the quote that ends the string, or to the end of the piece. */
  private skipString(piece: string, from: number): number {
    let start = from;
    if (this.escaped) {
      this.escaped = false;
      start++;
    }
    for (let search = start; ; ) {
      const quote = piece.indexOf('"', search);
      const end = quote < 0 ? piece.length : quote;
      let slashes = 0;
      while (end - slashes - 1 >= start && piece.charCodeAt(end - slashes - 1) === BACKSLASH) slashes++;
      if (quote < 0) {
        this.escaped = start <= piece.length && slashes % 2 === 1;
        return piece.length;
      }
      if (slashes % 2 === 0) {
        this.inString = false;
        if (this.stringStart >= 0) this.lastString += piece.slice(this.stringStart, quote);
        this.stringStart = -1;
        return quote;
      }
      search = quote + 1;
      start = search;
    }
  }

  private structure(at: number, code: number): void {
    if (code === QUOTE) {
      this.inString = true;
      if (this.listDepth === 0 && this.depth === 1) {
        this.lastString = '';
        this.stringStart = at + 1;
      }
    } else if (code === OPEN_LIST || code === OPEN_OBJECT) {
      if (this.listDepth === 0 && code === OPEN_LIST && this.isWanted()) this.listDepth = this.depth + 1;
      this.depth++;
    } else if (code === CLOSE_LIST || code === CLOSE_OBJECT) {
      if (this.depth === this.listDepth) this.listOver = true;
      this.depth--;
    } else if (code !== COLON && this.depth === 1) {
      this.lastString = '';
    }
  }

  /** The outermost list always; within an object the one under the key. */
  private isWanted(): boolean {
    if (this.depth === 0) return true;
    if (this.depth !== 1) return false;
    return this.key === ANY_LIST ? this.lastString !== '' : this.key !== '' && this.lastString === this.key;
  }

  private hold(text: string): void {
    this.held.push(text);
    this.heldChars += text.length;
    if (this.heldChars > LONGEST_ROW_CHARS) throw tooLong(this.elementLine);
  }

  private taken(text: string): JsonElement {
    this.held.push(text);
    const whole = this.held.length === 1 ? text : this.held.join('');
    this.held = [];
    this.heldChars = 0;
    this.inElement = false;
    return { line: this.elementLine, text: whole.trimEnd() };
  }

  end(): void {
    if (this.listDepth === 0) {
      const within = this.key === ANY_LIST ? 'a list' : `a list "${this.key}"`;
      const what = this.key === '' ? 'a list' : `a list, nor an object with ${within}`;
      throw new RagtuiError('invalid', `The file is not ${what}.`, 'Is it the format you named?');
    }
    if (this.listOver) return;
    const where = this.inElement
      ? `inside the element that begins at line ${this.elementLine}`
      : 'before its list does';
    throw new RagtuiError('corrupt', `The file ends ${where}.`, 'It was cut off: get it again.');
  }
}

/** Rows of a second list would be lost without a word. */
const goesOn = (line: number, begins: string): RagtuiError =>
  new RagtuiError(
    'invalid',
    `The file goes on behind its end, at line ${line}: ${JSON.stringify(begins)}.`,
    'Put all rows into one list, or one JSON object on each line (.jsonl).',
  );
