import type { RawRecord } from './types.ts';

/** A row that is longer most likely has a quotation mark that is never closed; to know it, all of the file would be held. */
const LONGEST_ROW_CHARS = 16_000_000;

/** Why a row cannot be had. */
type Lost = 'unclosed' | 'long';
const LOST: Readonly<Record<Lost, string>> = {
  unclosed: 'a quotation mark in it is never closed',
  long: `it has more than ${LONGEST_ROW_CHARS.toLocaleString('en')} characters; is a quotation mark in it never closed?`,
};

interface Row {
  readonly line: number;
  readonly fields: readonly string[];
}

/**
 * The rows of a table in text (RFC 4180), a batch for each piece: quoted cells may hold line ends and doubled quotes, a
 * quote inside a cell that neither ends nor doubles is text. A quote that is never closed costs its own row alone: the
 * next line begins a new one.
 */
export async function* csvRecords(
  pieces: AsyncIterable<string>,
  delimiter: string,
  isDamaged: () => boolean,
): AsyncGenerator<RawRecord[]> {
  const scanner = new CsvScanner(delimiter);
  let header: readonly string[] | undefined;
  const records = (rows: readonly (Row | RawRecord)[]): RawRecord[] =>
    rows.flatMap((row) => {
      if ('value' in row) return [row];
      if (header) return [record(header, row, isDamaged())];
      header = headerOf(row.fields);
      return [];
    });
  for await (const piece of pieces) {
    const found = records(scanner.push(piece));
    if (found.length > 0) yield found;
  }
  yield records(scanner.end());
}

/** The rows at the beginning of a table that is cut off somewhere. */
export function firstCsvRecords(
  head: string,
  delimiter: string,
  whole: boolean,
): { columns: readonly string[]; records: RawRecord[] } {
  const scanner = new CsvScanner(delimiter);
  const rows = [...scanner.push(head), ...(whole ? scanner.end() : [])];
  const [first, ...others] = rows.filter((row): row is Row => 'fields' in row);
  const columns = headerOf(first?.fields ?? []);
  return { columns, records: others.map((row) => record(columns, row, false)) };
}

/** The names of the columns; one without a name, or with that of one before it, gets its number. */
function headerOf(fields: readonly string[]): string[] {
  const names = fields.map((name, at) => name.trim() || `column ${at + 1}`);
  return names.map((name, at) => (names.indexOf(name) < at ? `${name} (${at + 1})` : name));
}

function record(header: readonly string[], { line, fields }: Row, damaged: boolean): RawRecord {
  if (fields.length !== header.length) {
    return { line, value: `it has ${fields.length} columns, the header has ${header.length}` };
  }
  if (damaged && fields.some((field) => field.includes('\ufffd'))) {
    return { line, value: 'it has bytes that are no text in its encoding' };
  }
  const value: Record<string, string> = {};
  for (let at = 0; at < header.length; at++) value[header[at] ?? ''] = fields[at] ?? '';
  return { line, value };
}

const NEWLINE = 10;
const RETURN = 13;

class CsvScanner {
  /** From the beginning of the row that is not complete. */
  private text = '';
  private line = 1;
  /** Within a row that is lost, up to the end of its line. */
  private skipping = false;
  private readonly delimiterCode: number;
  /** Old Macs ended lines with a return alone. */
  private returnsOnly: boolean | undefined;

  constructor(private readonly delimiter: string) {
    this.delimiterCode = delimiter.charCodeAt(0);
  }

  push(piece: string): (Row | RawRecord)[] {
    this.text += this.returnsOnly ? piece.replaceAll('\r', '\n') : piece;
    if (this.returnsOnly === undefined) this.decideReturns(false);
    return this.take(false);
  }

  end(): (Row | RawRecord)[] {
    if (this.returnsOnly === undefined) this.decideReturns(true);
    return this.take(true);
  }

  /** A return at the end of a piece may have its newline in the next. */
  private decideReturns(final: boolean): void {
    if (this.text.includes('\n')) this.returnsOnly = false;
    else if (/\r./s.test(this.text) || (final && this.text.includes('\r'))) {
      this.returnsOnly = true;
      this.text = this.text.replaceAll('\r', '\n');
    }
  }

  private take(final: boolean): (Row | RawRecord)[] {
    const { text } = this;
    const rows: (Row | RawRecord)[] = [];
    let at = 0;
    while (at < text.length) {
      if (this.skipping) {
        const end = text.indexOf('\n', at);
        at = end < 0 ? text.length : end + 1;
        this.skipping = end < 0;
        if (end >= 0) this.line++;
        continue;
      }
      const found = this.row(text, at, final);
      if (found === 'more') break;
      if (typeof found === 'string') {
        rows.push({ line: this.line, value: LOST[found] });
        this.skipping = true;
        continue;
      }
      const { fields, next, lines } = found;
      if (fields.length > 1 || fields[0] !== '') rows.push({ line: this.line, fields });
      this.line += lines;
      at = next;
    }
    this.text = text.slice(at);
    return rows;
  }

  /** One row from `start`, its end, and how many lines it takes. */
  private row(
    text: string,
    start: number,
    final: boolean,
  ): { fields: string[]; next: number; lines: number } | 'more' | Lost {
    const fields: string[] = [];
    let at = start;
    let lines = 1;
    for (;;) {
      if (text[at] === '"') {
        const end = this.closingQuote(text, at + 1, start, final);
        if (typeof end === 'string') return end;
        const raw = text.slice(at + 1, end);
        fields.push(raw.includes('""') ? raw.replaceAll('""', '"') : raw);
        if (raw.includes('\n'))
          for (let line = raw.indexOf('\n'); line >= 0; line = raw.indexOf('\n', line + 1)) lines++;
        at = end + 1;
        if (text.charCodeAt(at) === RETURN) at++;
      } else {
        let end = at;
        for (; end < text.length; end++) {
          const code = text.charCodeAt(end);
          if (code === this.delimiterCode || code === NEWLINE) break;
        }
        if (end === text.length && !final) return text.length - start > LONGEST_ROW_CHARS ? 'long' : 'more';
        const ends = end === text.length || text.charCodeAt(end) === NEWLINE;
        fields.push(text.slice(at, ends && text.charCodeAt(end - 1) === RETURN ? Math.max(at, end - 1) : end));
        at = end;
      }
      if (at >= text.length) return { fields, next: at, lines };
      if (text.charCodeAt(at) === NEWLINE) return { fields, next: at + 1, lines };
      at++;
      if (at === text.length) {
        if (!final) return 'more';
        fields.push('');
        return { fields, next: at, lines };
      }
    }
  }

  /** Where the quote stands that is followed by a delimiter, a line end or the end of the file. */
  private closingQuote(text: string, from: number, start: number, final: boolean): number | 'more' | Lost {
    for (let quote = text.indexOf('"', from); quote >= 0; quote = text.indexOf('"', quote + 1)) {
      let next = quote + 1;
      if (text[next] === '"') {
        quote = next;
        continue;
      }
      if (text.charCodeAt(next) === RETURN && (next + 1 < text.length || final)) next++;
      if (next >= text.length) {
        if (final) return quote;
        break;
      }
      const code = text.charCodeAt(next);
      if (code === NEWLINE || (next === quote + 1 && text.startsWith(this.delimiter, next))) return quote;
    }
    if (final) return 'unclosed';
    return text.length - start > LONGEST_ROW_CHARS ? 'long' : 'more';
  }
}
