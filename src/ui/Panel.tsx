import { Box, Text } from 'ink';
import { Component, type ReactNode } from 'react';
import { errorLine } from '../platform/errors.ts';
import { sanitizeLine } from '../platform/sanitize.ts';
import { useUi } from './context.tsx';
import { Row } from './Row.tsx';
import type { Rect } from './rect.ts';
import { retries } from './retry.ts';
import { cut, textWidth } from './text.ts';
import type { TextStyle } from './theme.ts';
import { wrapRows } from './wrap.ts';

export interface PanelProps {
  readonly rect: Rect;
  readonly title: string;
  /** Right of the title: a count, a state. */
  readonly note?: string;
  readonly focused?: boolean;
  /** The text of the line under a broken panel's error; says which key tries again. */
  readonly retryHint?: string;
  readonly children: ReactNode;
}

/** A box with a title that catches what its children throw: one broken panel never takes the screen along. */
export function Panel({
  rect,
  title,
  note = '',
  focused = false,
  retryHint = 'r: try again',
  children,
}: PanelProps): ReactNode {
  const { theme } = useUi();
  const { width, height } = rect;
  if (width < 2 || height < 2) return null;
  const border = focused ? theme.borderFocus : theme.border;
  // Without colours the focus is told by the weight of the lines.
  const heavy = focused && border.color === undefined;
  const [left, line, right, side, bottomLeft, bottomRight] = heavy ? HEAVY : ROUND;
  const label = cut(` ${sanitizeLine(title)} `, Math.max(0, width - 4));
  const noteText = note ? ` ${sanitizeLine(note)} ` : '';
  const room = width - 3 - textWidth(label);
  const shownNote = textWidth(noteText) + 1 <= room ? noteText : '';
  return (
    <Box flexDirection="column" width={width} height={height} flexShrink={0}>
      <Text wrap="truncate" {...border}>
        {left + line}
        <Text {...(focused ? theme.accent : theme.text)} bold>
          {label}
        </Text>
        {line.repeat(Math.max(0, room - textWidth(shownNote)))}
        <Text {...theme.muted}>{shownNote}</Text>
        {right}
      </Text>
      <Box height={height - 2}>
        <Side rows={height - 2} text={side} style={border} />
        <Box width={width - 2} height={height - 2} flexDirection="column" flexShrink={0}>
          <ErrorBoundary width={width - 2} height={height - 2} hint={retryHint}>
            {children}
          </ErrorBoundary>
        </Box>
        <Side rows={height - 2} text={side} style={border} />
      </Box>
      <Text wrap="truncate" {...border}>
        {bottomLeft + line.repeat(width - 2) + bottomRight}
      </Text>
    </Box>
  );
}

const ROUND = ['╭', '─', '╮', '│', '╰', '╯'] as const;
const HEAVY = ['┏', '━', '┓', '┃', '┗', '┛'] as const;

/** Drawn as text: Ink forgets `borderTop={false}` when a box's border style changes. */
function Side({ rows, text, style }: { readonly rows: number; readonly text: string; readonly style: TextStyle }) {
  return (
    <Box width={1} flexShrink={0}>
      <Text {...style}>{Array.from({ length: Math.max(0, rows) }, () => text).join('\n')}</Text>
    </Box>
  );
}

interface BoundaryProps {
  readonly width: number;
  readonly height: number;
  readonly hint: string;
  readonly children: ReactNode;
}

/** Shows what a child threw instead of the child, until `retries.retry()` asks for another try. */
export class ErrorBoundary extends Component<BoundaryProps, { readonly error: unknown }> {
  override state = { error: undefined };
  #leave: (() => void) | undefined;

  static getDerivedStateFromError(error: unknown): { error: unknown } {
    return { error: error ?? new Error('unknown error') };
  }

  override componentDidCatch(error: unknown): void {
    this.#leave?.();
    this.#leave = retries.add(error, () => this.setState({ error: undefined }));
  }

  override componentWillUnmount(): void {
    this.#leave?.();
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (error === undefined) return this.props.children;
    const { width, height, hint } = this.props;
    const rows = wrapRows(sanitizeLine(errorLine(error)), Math.max(2, width));
    const shown = rows.slice(0, Math.max(1, height - 1));
    return (
      <Box flexDirection="column" width={width}>
        {shown.map((row, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a row is its place
          <Row key={i} line={[{ text: row, style: 'bad' }]} width={width} />
        ))}
        {height > shown.length ? <Row line={[{ text: hint, style: 'muted' }]} width={width} /> : null}
      </Box>
    );
  }
}
