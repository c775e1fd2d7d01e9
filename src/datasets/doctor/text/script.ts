/** The writing that a text is mostly in. `zh` and `ja` are told apart by kana. */
export type Language = 'zh' | 'ja' | 'ko' | 'latin' | 'cyrillic' | 'arabic' | 'other' | 'none';

const FEWEST_LETTERS = 2;
/** Japanese text has kana in nearly every clause; Chinese has none but in names. */
const KANA_SHARE = 0.1;

/** The writing of most of a text's letters; `none` when there are hardly any. A Han character counts as two letters. */
export function languageOf(text: string): Language {
  const counts = { zh: 0, kana: 0, ko: 0, latin: 0, cyrillic: 0, arabic: 0, other: 0 };
  for (let at = 0; at < text.length; at++) {
    const group = groupOf(text.charCodeAt(at));
    if (group) counts[group] += group === 'zh' ? 2 : 1;
  }
  const { kana, ...rest } = counts;
  const [top] = Object.entries(rest).sort(([, a], [, b]) => b - a);
  const letters = kana + Object.values(rest).reduce((sum, count) => sum + count, 0);
  if (!top || letters < FEWEST_LETTERS) return 'none';
  if (kana > KANA_SHARE * letters && kana + counts.zh >= top[1]) return 'ja';
  return LANGUAGES.find((language) => language === top[0]) ?? 'other';
}

const LANGUAGES = ['zh', 'ko', 'latin', 'cyrillic', 'arabic', 'other'] as const;

function groupOf(unit: number): 'zh' | 'kana' | (typeof LANGUAGES)[number] | undefined {
  if (unit < 0x41) return undefined;
  if (unit < 0x250) return (unit | 32) >= 97 && (unit | 32) <= 122 ? 'latin' : unit >= 0xc0 ? 'latin' : undefined;
  if (unit >= 0x400 && unit <= 0x52f) return 'cyrillic';
  if (unit >= 0x600 && unit <= 0x6ff) return 'arabic';
  if (unit >= 0x3040 && unit <= 0x30ff) return 'kana';
  if ((unit >= 0x3400 && unit <= 0x9fff) || (unit >= 0xf900 && unit <= 0xfaff)) return 'zh';
  if (unit >= 0xac00 && unit <= 0xd7af) return 'ko';
  return /\p{L}/u.test(String.fromCharCode(unit)) ? 'other' : undefined;
}

/** For messages. */
export const LANGUAGE_NAMES: Readonly<Record<Language, string>> = {
  zh: 'Chinese',
  ja: 'Japanese',
  ko: 'Korean',
  latin: 'Latin script',
  cyrillic: 'Cyrillic',
  arabic: 'Arabic script',
  other: 'another script',
  none: 'no letters',
};
