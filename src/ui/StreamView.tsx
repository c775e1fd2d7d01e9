import { Box } from 'ink';
import { type ReactNode, useSyncExternalStore } from 'react';
import { usePaints } from './context.tsx';
import { Row } from './Row.tsx';
import type { HighlightRange, StreamModel } from './stream-model.ts';
import type { Span } from './text.ts';
import type { StyleName } from './theme.ts';
import type { WrappedRow } from './wrap.ts';

export interface StreamViewProps {
  readonly model: StreamModel;
  readonly width: number;
  readonly height: number;
  readonly style?: StyleName;
  /** Parts to point out, in UTF-16 offsets of the model's text; must not overlap. */
  readonly highlights?: readonly HighlightRange[];
  readonly empty?: string;
}

/** The visible rows of a growing or standing text, one row each. Drawn again when the scheduler publishes. */
export function StreamView({ model, width, height, style, highlights = [], empty = '' }: StreamViewProps): ReactNode {
  usePaints();
  useSyncExternalStore(model.subscribe, model.version, model.version);
  const rows = model.rows(width);
  const top = model.top(width, height);
  const nothing = model.text() === '' && empty !== '';
  return (
    <Box flexDirection="column" width={width} height={height}>
      {nothing ? <Row line={[{ text: empty, style: 'muted' }]} width={width} /> : null}
      {nothing
        ? null
        : rows
            .slice(top, top + height)
            .map((row) => <Row key={row.start} line={highlightedRow(row, highlights, style)} width={width} />)}
    </Box>
  );
}

/** The spans of one wrapped row with the highlighted parts set apart. Pure. */
export function highlightedRow(row: WrappedRow, ranges: readonly HighlightRange[], style?: StyleName): Span[] {
  const spans: Span[] = [];
  const plain = (text: string): Span => (style ? { text, style } : { text });
  let done = 0;
  for (const range of ranges) {
    const from = Math.max(done, range.start - row.start);
    const to = Math.min(row.text.length, range.end - row.start);
    if (to <= from) continue;
    if (from > done) spans.push(plain(row.text.slice(done, from)));
    spans.push({ text: row.text.slice(from, to), style: range.style ?? 'highlight' });
    done = to;
  }
  spans.push(plain(row.text.slice(done)));
  return spans;
}
