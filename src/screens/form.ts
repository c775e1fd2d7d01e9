import { sanitizeLine } from '../platform/sanitize.ts';
import type { Line } from '../ui/text.ts';
import { pad } from '../ui/text.ts';

/** A line of a form; Enter on it asks for another value. */
export interface FormField {
  readonly id: string;
  readonly title: string;
  readonly value: string;
  /** After the value: where it comes from, what it means. */
  readonly note?: string;
  /** What it does and what is advised: shown while it has the cursor. */
  readonly about?: string;
  /** It must be filled in; it is another value than the preset's. */
  readonly tone?: 'missing' | 'changed';
  readonly change: () => void;
  /** Gives it back the value it has when nobody chose one; only where somebody did. */
  readonly reset?: () => void;
}

const TITLE_WIDTH = 16;
const STYLES = { missing: 'warn', changed: 'accent' } as const;

/** `Learning rate    0.0001  preset`. */
export function fieldLine({ title, value, note, tone }: FormField): Line {
  // Told by a sign as well, for those who see no colours.
  const mark = tone === 'missing' ? '! ' : tone === 'changed' ? '* ' : '  ';
  return [
    { text: pad(title, TITLE_WIDTH), style: 'muted' },
    { text: mark + sanitizeLine(value), ...(tone ? { style: STYLES[tone] } : {}) },
    ...(note ? [{ text: `  ${note}`, style: 'muted' as const }] : []),
  ];
}

/** A number a person typed; undefined for what is none. */
export function typedNumber(text: string): number | undefined {
  const value = Number(text.trim());
  return text.trim() !== '' && Number.isFinite(value) ? value : undefined;
}
