import type { ReactNode } from 'react';
import { sanitizeLine } from '../platform/sanitize.ts';
import { Rows } from './Row.tsx';
import type { Line, Span } from './text.ts';
import type { StyleName } from './theme.ts';
import { wrapRows } from './wrap.ts';

export interface ToastView {
  readonly id: number;
  readonly tone: 'info' | 'good' | 'warn' | 'bad';
  readonly text: string;
}

export interface ToastsProps {
  readonly toasts: readonly ToastView[];
  readonly width: number;
}

const SIGNS: Readonly<Record<ToastView['tone'], readonly [sign: string, style: StyleName]>> = {
  info: ['·', 'accent'],
  good: ['✓', 'good'],
  warn: ['!', 'warn'],
  bad: ['✗', 'bad'],
};

const MOST_ROWS_EACH = 2;

/** Passing messages as rows, newest last; a long one takes two. Pure. */
export function toastLines(toasts: readonly ToastView[], width: number): Line[] {
  return toasts.flatMap(({ tone, text }) => {
    const [sign, style] = SIGNS[tone];
    const rows = wrapRows(sanitizeLine(text), width - 4);
    const shown = rows.slice(0, MOST_ROWS_EACH);
    return shown.map((row, i): Span[] => [
      { text: i === 0 ? ` ${sign} ` : '   ', style, bold: true },
      {
        text: i === MOST_ROWS_EACH - 1 && rows.length > MOST_ROWS_EACH ? `${row}…` : row,
        style: tone === 'bad' ? 'bad' : 'text',
      },
    ]);
  });
}

export function Toasts({ toasts, width }: ToastsProps): ReactNode {
  return <Rows lines={toastLines(toasts, width)} width={width} />;
}
