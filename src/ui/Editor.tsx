import { Box } from 'ink';
import { type ReactNode, useLayoutEffect } from 'react';
import { useStore } from 'zustand';
import { useUi } from './context.tsx';
import type { EditorModel } from './editor-model.ts';
import { editorView } from './editor-view.ts';
import { Row } from './Row.tsx';
import type { Rect } from './rect.ts';
import type { Span } from './text.ts';

export interface EditorProps {
  readonly model: EditorModel;
  /** Absolute: the hardware cursor is placed by it. One row high for a single line. */
  readonly rect: Rect;
  readonly focused: boolean;
  /** Shown, muted, while the field is empty. */
  readonly placeholder?: string;
  /** Before the first row: `> `. */
  readonly prefix?: string;
  /** Shows dots for characters: keys and tokens. */
  readonly secret?: boolean;
}

/** A text field, soft-wrapped (or scrolled sideways when it is one row high), with the cursor always in view. */
export function Editor({
  model,
  rect,
  focused,
  placeholder = '',
  prefix = '',
  secret = false,
}: EditorProps): ReactNode {
  const state = useStore(model.store);
  const { setCursor } = useUi();
  const view = editorView({
    text: state.text,
    cursor: state.cursor,
    width: rect.width,
    height: rect.height,
    prefix,
    secret,
  });
  model.viewport.width = view.textWidth;
  const x = rect.x + view.cursor.x;
  const y = rect.y + view.cursor.y;
  useLayoutEffect(() => {
    if (!focused) return undefined;
    setCursor({ x, y });
    return () => setCursor(undefined);
  }, [focused, x, y, setCursor]);
  const lines = view.rows.map((text, i) => {
    const start = i === 0 && view.top === 0 ? prefix : ' '.repeat(view.indent);
    const shown: Span =
      state.text === '' && i === 0
        ? { text: placeholder, style: 'muted' }
        : { text, ...(state.marked ? { style: 'selection' as const } : {}) };
    return [{ text: start, style: 'accent' as const }, shown];
  });
  return (
    <Box flexDirection="column" width={rect.width} height={rect.height}>
      {lines.map((line, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a row is its place
        <Row key={i} line={line} width={rect.width} />
      ))}
    </Box>
  );
}
