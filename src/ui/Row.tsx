import { Text } from 'ink';
import type { ReactNode } from 'react';
import { useUi } from './context.tsx';
import { type Line, padSpans } from './text.ts';
import type { StyleName } from './theme.ts';

export interface RowProps {
  /** Text or styled spans; cut and filled to exactly `width` cells. */
  readonly line: Line;
  readonly width: number;
  /** Lies over the styles of the spans: a selected row. */
  readonly style?: StyleName | undefined;
}

/** One row of the screen: the only place where text meets a width, so no row is ever wrapped or cut by Ink. */
export function Row({ line, width, style }: RowProps): ReactNode {
  const { theme } = useUi();
  if (width <= 0) return null;
  const over = style ? theme[style] : undefined;
  return (
    <Text wrap="truncate" {...over}>
      {padSpans(line, width).map((span, i) => {
        const own = span.style ? theme[span.style] : undefined;
        const look = over?.inverse || over?.backgroundColor ? undefined : own;
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: spans have no identity but their place
          <Text key={i} {...look} {...(span.bold ? { bold: true } : undefined)}>
            {span.text}
          </Text>
        );
      })}
    </Text>
  );
}

export interface RowsProps {
  readonly lines: readonly Line[];
  readonly width: number;
  /** Fills with empty rows or cuts to exactly so many. */
  readonly height?: number;
}

/** Rows under each other. */
export function Rows({ lines, width, height = lines.length }: RowsProps): ReactNode {
  return Array.from({ length: height }, (_, i) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: a row is its place
    <Row key={i} line={lines[i] ?? ''} width={width} />
  ));
}
