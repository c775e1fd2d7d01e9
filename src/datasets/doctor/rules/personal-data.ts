import { ALL_KINDS, rowRule } from '../rule.ts';

interface Pattern {
  readonly what: string;
  readonly mask: string;
  readonly pattern: RegExp;
  readonly holds?: (match: string) => boolean;
}

const PATTERNS: readonly Pattern[] = [
  {
    what: 'an e-mail address',
    mask: '[e-mail]',
    pattern: /[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})*\.[A-Za-z]{2,24}/g,
  },
  {
    what: 'a private key',
    mask: '[key]',
    pattern: /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g,
  },
  {
    what: 'an access key',
    mask: '[key]',
    pattern:
      /\b(?:sk-[A-Za-z0-9_-]{20,}|AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{36,}|hf_[A-Za-z0-9]{30,}|xox[baprs]-[A-Za-z0-9-]{10,}|AIza[\w-]{35})/g,
  },
  {
    what: 'a Chinese identity number',
    mask: '[id]',
    pattern: /(?<![\dA-Za-z])\d{17}[\dXx](?![\dA-Za-z])/g,
    holds: isChineseId,
  },
  {
    what: 'a Chinese mobile number',
    mask: '[phone]',
    pattern: /(?<!\d)(?:\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}(?!\d)/g,
  },
  {
    what: 'a card number',
    mask: '[card]',
    pattern: /(?<![\d.])\d{4}[ -]?\d{4}[ -]?\d{4}[ -]?\d{1,7}(?![\d.])/g,
    holds: isCard,
  },
  {
    what: 'a phone number',
    mask: '[phone]',
    pattern: /(?<![\d+])\+\d{1,3}[ .-]?(?:\(?\d{1,4}\)?[ .-]?){2,4}\d{2,4}(?!\d)|(?<!\d)\(\d{3}\) ?\d{3}-\d{4}(?!\d)/g,
  },
];

/** What is about a living person, or opens a door. Only when asked for. */
export const personalData = rowRule(
  {
    id: 'personal-data',
    version: 1,
    title: 'Personal data and keys',
    why: 'What is trained on can be asked out of the model again: addresses, numbers of people, and keys that open something.',
    severity: 'warning',
    optional: true,
    kinds: ALL_KINDS,
  },
  function* ({ number, view }) {
    for (const { path, name, text } of view.fields) {
      const what = new Set<string>();
      let masked = text;
      for (const one of PATTERNS) {
        masked = masked.replace(one.pattern, (match) => {
          if (one.holds && !one.holds(match)) return match;
          what.add(one.what);
          return one.mask;
        });
      }
      if (what.size === 0) continue;
      // The finding is shown and kept: it must not say the number itself.
      yield {
        row: number,
        message: `The ${name} holds ${[...what].join(', ')}.`,
        advice: 'Put a mark in its place.',
        fix: { kind: 'set', path, from: text, to: masked },
      };
    }
  },
);

/** Check digit of GB 11643-1999 (ISO 7064 MOD 11-2) and a date that can be. */
function isChineseId(id: string): boolean {
  const [month, day] = [Number(id.slice(10, 12)), Number(id.slice(12, 14))];
  if (month < 1 || month > 12 || day < 1 || day > 31 || !/^(?:19|20)/.test(id.slice(6))) return false;
  const sum = [...id.slice(0, 17)].reduce((total, digit, at) => total + Number(digit) * (2 ** (17 - at) % 11), 0);
  return '10X98765432'.charAt(sum % 11) === id.slice(17).toUpperCase();
}

/** Luhn's check digit. */
function isCard(match: string): boolean {
  const digits = [...match.replace(/\D/g, '')].reverse().map(Number);
  if (digits.length < 13 || digits.length > 19) return false;
  const sum = digits.reduce(
    (total, digit, at) => total + (at % 2 === 0 ? digit : digit > 4 ? digit * 2 - 9 : digit * 2),
    0,
  );
  return sum % 10 === 0;
}
