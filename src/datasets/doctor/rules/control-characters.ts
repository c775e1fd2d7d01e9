import { ALL_KINDS, rowRule } from '../rule.ts';
import { repairEncoding } from '../text/mojibake.ts';

// C0 and C1 controls but tab, newline and return; soft hyphen, bidi marks and isolates, zero-width space, word joiner,
// byte order mark, interlinear and tag characters. Zero-width (non-)joiners are left where emoji and scripts need them.
const HIDDEN =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what we look for
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]|(?<!\p{Extended_Pictographic}|\p{M}|\p{Script=Arabic}|\p{Script=Devanagari}|\p{Script=Bengali}|\p{Script=Malayalam}|\p{Script=Sinhala}|[\u{1f3fb}-\u{1f3ff}])[\u200c\u200d]/gu;

const NAMES: Readonly<Record<string, string>> = {
  '\u0000': 'NUL',
  '\u001b': 'escape',
  '\u007f': 'delete',
  '\u00ad': 'soft hyphen',
  '\u200b': 'zero-width space',
  '\u200d': 'zero-width joiner',
  '\u200e': 'left-to-right mark',
  '\u200f': 'right-to-left mark',
  '\u202e': 'right-to-left override',
  '\ufeff': 'byte order mark',
};

/** Characters that nobody sees and every tokenizer does. */
export const controlCharacters = rowRule(
  {
    id: 'control-characters',
    version: 1,
    title: 'Invisible and control characters',
    why: 'Nobody sees them, the tokenizer does: they split words into rare tokens, hide text from a reader, and an answer that holds one is never matched.',
    severity: 'warning',
    kinds: ALL_KINDS,
  },
  function* ({ number, view }) {
    for (const { path, name, text } of view.fields) {
      const found = text.match(HIDDEN);
      // Text in the wrong encoding is full of them; `encoding-damage` puts it right.
      if (!found || repairEncoding(text)) continue;
      const kinds = [...new Set(found)].map(nameOf);
      const which = kinds.length > 3 ? `${kinds.slice(0, 3).join(', ')} and others` : kinds.join(', ');
      yield {
        row: number,
        message: `The ${name} holds ${found.length} invisible ${found.length === 1 ? 'character' : 'characters'} (${which}).`,
        advice: 'Remove them.',
        fix: { kind: 'set', path, from: text, to: text.replace(HIDDEN, '') },
      };
    }
  },
);

function nameOf(char: string): string {
  const code = `U+${(char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
  const name = NAMES[char];
  return name === undefined ? code : `${name} ${code}`;
}
