import type { ChunkDraft } from '../types.ts';
import { sentenceSpans } from './sentence.ts';
import { chunksOf, packSpans, type Span } from './spans.ts';

/** Between the headings of a chunk's title: `Tea › Green tea`. */
const HEADING_SEPARATOR = ' › ';

interface Line extends Span {
  readonly kind: 'heading' | 'fence' | 'text';
  readonly level: number;
  readonly heading: string;
}

interface Section extends Span {
  readonly title: string;
  readonly fences: readonly Span[];
}

/**
 * Chunks by heading, the heading path as title. A heading stays with what follows it; a section longer than
 * `maxChars` is cut between sentences; fenced code stays whole up to `maxChars`.
 */
export function splitMarkdown(text: string, maxChars: number): ChunkDraft[] {
  const chunks: ChunkDraft[] = [];
  for (const section of sections(text)) {
    const fits = section.end - section.start <= maxChars;
    const spans = fits ? [section] : packSpans(text, units(text, section), maxChars);
    chunks.push(...chunksOf(text, spans, section.title, chunks.length));
  }
  return chunks;
}

/** Sections that touch each other; a heading without text of its own goes to the section below it. */
function* sections(text: string): Generator<Section> {
  const path: string[] = [];
  let start = 0;
  let title = '';
  let hasBody = false;
  let fences: Span[] = [];
  for (const line of scan(text)) {
    if (line.kind === 'heading') {
      if (hasBody) {
        yield { start, end: line.start, title, fences };
        start = line.start;
        hasBody = false;
        fences = [];
      }
      path.length = Math.min(path.length, line.level - 1);
      path[line.level - 1] = line.heading;
      title = path.filter(Boolean).join(HEADING_SEPARATOR);
      continue;
    }
    if (line.kind === 'fence') fences.push(line);
    hasBody ||= text.slice(line.start, line.end).trim() !== '';
  }
  yield { start, end: text.length, title, fences };
}

/** What packing must not tear: code blocks, and the sentences between them. */
function* units(text: string, section: Section): Generator<Span> {
  let at = section.start;
  for (const fence of section.fences) {
    yield* sentenceSpans(text, { start: at, end: fence.start });
    yield fence;
    at = fence.end;
  }
  yield* sentenceSpans(text, { start: at, end: section.end });
}

/** A longer line is no heading: nobody writes such, and patterns need not be tried on it. */
const MAX_HEADING_CHARS = 500;
const ATX = /^ {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*$/;
const SETEXT = /^ {0,3}(=+|-{2,})[ \t]*$/;
const FENCE = /^ {0,3}(`{3,}|~{3,})(.*)$/;

/** Headings, whole fenced blocks, and other lines. */
function* scan(text: string): Generator<Line> {
  const lines = lineSpans(text);
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i];
    if (!line) break;
    const content = text.slice(line.start, line.end);
    if (content.length > MAX_HEADING_CHARS || content.trim() === '') {
      yield { ...line, kind: 'text', level: 0, heading: '' };
      continue;
    }
    const fence = FENCE.exec(content);
    if (fence?.[1] && !(fence[1].startsWith('`') && fence[2]?.includes('`'))) {
      const last = closingFence(text, lines, i, fence[1]);
      yield { start: line.start, end: lines[last]?.end ?? line.end, kind: 'fence', level: 0, heading: '' };
      i = last;
      continue;
    }
    const atx = ATX.exec(content);
    const under = lines[i + 1];
    const setext = under && isParagraph(content) ? SETEXT.exec(text.slice(under.start, under.end)) : null;
    if (atx) {
      yield { ...line, kind: 'heading', level: atx[1]?.length ?? 1, heading: plain(atx[2] ?? '') };
    } else if (setext && under) {
      const level = setext[1]?.startsWith('=') ? 1 : 2;
      yield { start: line.start, end: under.end, kind: 'heading', level, heading: plain(content) };
      i++;
    } else {
      yield { ...line, kind: 'text', level: 0, heading: '' };
    }
  }
}

/** Index of the line that closes the fence opened at `open`; an open fence runs to the end. */
function closingFence(text: string, lines: readonly Span[], open: number, mark: string): number {
  for (let i = open + 1; i < lines.length; i++) {
    const line = lines[i];
    const closing = line && /^ {0,3}(`{3,}|~{3,})[ \t]*$/.exec(text.slice(line.start, line.end))?.[1];
    if (closing?.startsWith(mark)) return i;
  }
  return lines.length - 1;
}

/** A line that a row of "=" or "-" may turn into a heading: no list, quote, table row or front matter. */
function isParagraph(content: string): boolean {
  return content.trim() !== '' && !/^(?: {4}|\t| {0,3}(?:[-*+>|]|\d+[.)]|---))|:\s|\|/.test(content);
}

/** A heading without emphasis marks, links as their text. */
function plain(heading: string): string {
  return heading
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/[*`]+/g, '')
    .trim();
}

function lineSpans(text: string): Span[] {
  const lines: Span[] = [];
  for (let start = 0; start < text.length; ) {
    const newline = text.indexOf('\n', start);
    const end = newline < 0 ? text.length : newline;
    lines.push({ start, end });
    start = end + 1;
  }
  return lines;
}
