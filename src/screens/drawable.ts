import { sanitizeLine } from '../platform/sanitize.ts';

const SUSPECT = /[^\n\u0020-\u007e\u00a1-\u00ac\u00ae-\u05ff\u3000-\ud7ff\uff01-\uffee]/gu;

/**
 * Text that may be drawn with every offset unchanged: what `sanitize` would remove becomes as many spaces. For texts
 * in which spans are lit; everything else uses `sanitize`.
 */
export function drawable(text: string): string {
  return text.replace(SUSPECT, (character) => {
    const safe = sanitizeLine(character);
    return safe === character ? character : ' '.repeat(character.length);
  });
}
