/** A line of a page; positions in points from the lower left corner, `size` = height of its letters. */
export interface PdfLine {
  readonly text: string;
  readonly x: number;
  readonly y: number;
  readonly right: number;
  readonly size: number;
}

const CJK = /[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef]/;
const BULLET =
  /^\s*(?:[•●▪■○◦‣·–—-]\s|\(?\d{1,3}[.)、]|[一二三四五六七八九十]{1,3}、|第[一二三四五六七八九十\d]+[章节条])/;

/** A page's lines as text: lines of one paragraph joined, paragraphs on lines of their own, an empty line at a gap. */
export function paragraphsOf(lines: readonly PdfLine[]): string {
  const right = Math.max(0, ...lines.map((line) => line.right));
  const step = usualStep(lines);
  let text = '';
  let before: PdfLine | undefined;
  for (const line of lines) {
    if (!before) text = line.text.trim();
    else if (isNewBlock(before, line, step)) text += `\n\n${line.text.trim()}`;
    else if (isNewParagraph(before, line, right)) text += `\n${line.text.trim()}`;
    else text = joined(text, line.text.trim());
    before = line;
  }
  return text;
}

/** The distance between neighbouring lines that most have. */
function usualStep(lines: readonly PdfLine[]): number {
  const steps = lines.slice(1).flatMap((line, i) => {
    const step = (lines[i]?.y ?? 0) - line.y;
    return step > 0 ? [step] : [];
  });
  steps.sort((a, b) => a - b);
  return steps[Math.floor(steps.length / 2)] ?? 0;
}

/** A gap, another size of letters, or a jump up (the next column). */
function isNewBlock(before: PdfLine, line: PdfLine, step: number): boolean {
  const down = before.y - line.y;
  if (down < -line.size || (step > 0 && down > step * 1.4)) return true;
  return Math.abs(before.size - line.size) > 0.15 * Math.max(before.size, line.size);
}

/** The line before ended early, or this one is indented or begins a list entry. */
function isNewParagraph(before: PdfLine, line: PdfLine, right: number): boolean {
  const room = right - before.right;
  const firstWord = CJK.test(line.text[0] ?? '') ? line.size : line.size * 0.5 * (line.text.search(/\s|$/) + 2);
  if (room > Math.max(firstWord, line.size * 1.5)) return true;
  return line.x - before.x > line.size * 0.8 || BULLET.test(line.text);
}

function joined(text: string, next: string): string {
  if (/\p{Ll}-$/u.test(text) && /^\p{Ll}/u.test(next)) return text.slice(0, -1) + next;
  const glue = CJK.test(text.at(-1) ?? '') && CJK.test(next[0] ?? '') ? '' : ' ';
  return text + glue + next;
}
