import { diffAnswers } from '../../rag/comparisons/diff-answers.ts';
import type { HighlightRange } from '../../ui/stream-model.ts';

/** The parts of `text` that `base` does not have, by words (by characters where the script has no spaces). Pure. */
export const newRanges = (base: string, text: string): readonly HighlightRange[] => diffAnswers(base, text).added;

/** Both texts as one: what only `base` has stands in `[-…-]`, what only `text` has is lit. Pure. */
export function diffText(
  base: string,
  text: string,
): { readonly text: string; readonly marks: readonly HighlightRange[] } {
  const marks: HighlightRange[] = [];
  let whole = '';
  let done = 0;
  const { parts } = diffAnswers(base, text);
  parts.forEach(({ kind, base: gone, other }, at) => {
    if (kind === 'removed' && gone) {
      const space = /^\s+/.exec(text.slice(done))?.[0] ?? '';
      whole += space;
      done += space.length;
      if (isSpace(base[gone.start - 1]) && /\S$/.test(whole)) whole += ' ';
      const start = whole.length;
      whole += `[-${base.slice(gone.start, gone.end)}-]`;
      marks.push({ start, end: whole.length, style: 'bad' });
      const replaced = parts[at + 1]?.kind === 'added';
      if (!replaced && isSpace(base[gone.end]) && done < text.length && !isSpace(text[done])) whole += ' ';
    } else if (other) {
      whole += text.slice(done, other.start);
      if (kind === 'added') marks.push({ start: whole.length, end: whole.length + other.end - other.start });
      whole += text.slice(other.start, other.end);
      done = other.end;
    }
  });
  return { text: whole + text.slice(done), marks };
}

const isSpace = (character: string | undefined): boolean => character !== undefined && /\s/.test(character);
