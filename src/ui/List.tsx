import { Box } from 'ink';
import type { ReactNode } from 'react';
import { useStore } from 'zustand';
import { type ListModel, type ListRow, scrolledTo } from './list-model.ts';
import { Row } from './Row.tsx';
import { type Line, type Span, spansOf } from './text.ts';
import type { StyleName } from './theme.ts';
import { wrapRows } from './wrap.ts';

export interface ListRowState {
  readonly selected: boolean;
  readonly marked: boolean;
  /** UTF-16 offsets of the filter's match in `text(item)`; see `highlighted`. */
  readonly matched: readonly number[];
  readonly width: number;
}

export interface ListProps<T> {
  readonly model: ListModel<T>;
  /** Cells and rows the list fills exactly. */
  readonly width: number;
  readonly height: number;
  /** One row of an item; default: the text is the item as a string. */
  readonly render: (item: T, row: ListRowState) => Line;
  /** Shown when there is nothing: says what to do. */
  readonly empty: string;
  /** Shown when the filter hides everything. */
  readonly emptyFilter?: string;
  /** The selection stands out only where the keys go. */
  readonly focused?: boolean;
}

/** The rows of a ListModel that fit, the one under the cursor highlighted. */
export function List<T>({ model, width, height, render, empty, emptyFilter, focused = true }: ListProps<T>): ReactNode {
  const state = useStore(model.store);
  const rows = model.rows();
  model.viewport.height = height;
  model.viewport.heading = 0;
  if (rows.length === 0) {
    const text = state.filter && emptyFilter ? emptyFilter : empty;
    return <Empty text={text} width={width} height={height} />;
  }
  const cursor = Math.min(state.cursor, rows.length - 1);
  const top = scrolledTo(cursor, state.top, height, rows.length);
  const lines = rows.slice(top, top + height);
  const lead = leadWidth(model);
  return (
    <Box flexDirection="column" width={width} height={height}>
      {lines.map((row, i) => {
        const selected = top + i === cursor;
        const marked = state.marks.has(row.key);
        const line = render(row.item, { selected, marked, matched: row.matched, width: width - lead });
        const shown = [...leadSpans(model, { selected, marked, focused }), ...spansOf(line)];
        return <Row key={row.key} line={shown} width={width} style={rowStyle(selected, focused)} />;
      })}
    </Box>
  );
}

/** What a list says about marks: only whether there are any. */
type Markable = { readonly mark?: unknown };

/** Cells before each row: the cursor, and the mark where rows can be marked. */
export const leadWidth = (model: Markable): number => (model.mark ? 3 : 1);

/** The cursor is a sign too, not a colour alone: hollow where the keys go elsewhere. */
export function leadSpans(
  model: Markable,
  row: { readonly selected: boolean; readonly marked: boolean; readonly focused: boolean },
): Span[] {
  const cursor: Span = { text: row.selected ? (row.focused ? '▸' : '▹') : ' ', style: 'accent' };
  return model.mark ? [cursor, { text: row.marked ? '● ' : '  ', style: 'accent' }] : [cursor];
}

export const rowStyle = (selected: boolean, focused: boolean): StyleName | undefined =>
  selected && focused ? 'selection' : undefined;

/** `text` with the matched characters of a filter highlighted. `offset` = where `text` starts in the searched text. */
export function highlighted(text: string, matched: ListRow<unknown>['matched'], style?: StyleName, offset = 0): Span[] {
  const hits = new Set(matched);
  const spans: Span[] = [];
  let from = 0;
  for (let i = 1; i <= text.length; i++) {
    if (i < text.length && hits.has(i + offset) === hits.has(from + offset)) continue;
    const part = text.slice(from, i);
    spans.push(
      hits.has(from + offset) ? { text: part, style: 'highlight' } : style ? { text: part, style } : { text: part },
    );
    from = i;
  }
  return spans;
}

/** Muted text in the middle of an area with nothing in it. */
export function Empty({
  text,
  width,
  height,
}: {
  readonly text: string;
  readonly width: number;
  readonly height: number;
}): ReactNode {
  const lines = wrapRows(text, Math.max(2, width - 2)).slice(0, height);
  return (
    <Box flexDirection="column" width={width} height={height}>
      {lines.map((line, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a row is its place
        <Row key={i} line={[{ text: ` ${line}`, style: 'muted' }]} width={width} />
      ))}
    </Box>
  );
}
