import type { ReactNode } from 'react';
import { Row } from './Row.tsx';
import type { StyleName } from './theme.ts';

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

/** Passing messages, one row each, newest last. */
export function Toasts({ toasts, width }: ToastsProps): ReactNode {
  return toasts.map(({ id, tone, text }) => {
    const [sign, style] = SIGNS[tone];
    return (
      <Row
        key={id}
        width={width}
        line={[
          { text: ` ${sign} `, style, bold: true },
          { text: text.replace(/\n+/g, ' '), style: tone === 'bad' ? 'bad' : 'text' },
        ]}
      />
    );
  });
}
