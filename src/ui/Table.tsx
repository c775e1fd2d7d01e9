import { Box } from 'ink';
import type { ReactNode } from 'react';
import { useStore } from 'zustand';
import { type ColumnSize, columnWidths } from './columns.ts';
import { Empty, type ListRowState, leadSpans, leadWidth, rowStyle } from './List.tsx';
import { type ListModel, type ListRow, scrolledTo } from './list-model.ts';
import { Row } from './Row.tsx';
import { cut, type Line, lineText, pad, padSpans, type Span, spansOf, textWidth } from './text.ts';

export interface Column<T> extends ColumnSize {
  readonly title: string;
  readonly align?: 'left' | 'right';
  readonly cell: (item: T, row: ListRowState) => Line;
}

/** Of a model only what is drawn: rows may be far more than are ever in memory. */
export interface TableModel<T> extends Pick<ListModel<T>, 'store' | 'viewport' | 'mark'> {
  readonly rows: () => { readonly length: number; slice(from: number, to: number): readonly ListRow<T>[] };
}

export interface TableProps<T> {
  readonly model: TableModel<T>;
  readonly columns: readonly Column<T>[];
  readonly width: number;
  /** With the heading row. */
  readonly height: number;
  readonly empty: string;
  readonly emptyFilter?: string;
  readonly focused?: boolean;
}

/** A ListModel in columns under a heading. Only the rows on screen are built. */
export function Table<T>(props: TableProps<T>): ReactNode {
  const { model, columns, width, height, empty, emptyFilter, focused = true } = props;
  const state = useStore(model.store);
  const rows = model.rows();
  const bodyHeight = Math.max(0, height - 1);
  model.viewport.height = Math.max(1, bodyHeight);
  model.viewport.heading = 1;
  const lead = leadWidth(model);
  const widths = columnWidths(columns, width - lead);
  const heading = columns.map((column, i) => pad(column.title, widths[i] ?? 0, column.align ?? 'left'));
  const shown = (cells: readonly Line[]): Line[] => cells.filter((_, i) => (widths[i] ?? 0) > 0);
  const headline: Span[] = [
    {
      text:
        ' '.repeat(lead) +
        joined(shown(heading))
          .map((s) => s.text)
          .join(''),
      style: 'muted',
      bold: true,
    },
  ];
  if (rows.length === 0) {
    const text = state.filter && emptyFilter ? emptyFilter : empty;
    return <Empty text={text} width={width} height={height} />;
  }
  const cursor = Math.min(state.cursor, rows.length - 1);
  const top = scrolledTo(cursor, state.top, bodyHeight, rows.length);
  return (
    <Box flexDirection="column" width={width} height={height}>
      <Row line={headline} width={width} />
      {rows.slice(top, top + bodyHeight).map((row, i) => {
        const selected = top + i === cursor;
        const marked = state.marks.has(row.key);
        const cells = columns.map((column, c) => {
          const cellWidth = widths[c] ?? 0;
          const line = column.cell(row.item, { selected, marked, matched: row.matched, width: cellWidth });
          return aligned(line, cellWidth, column.align ?? 'left');
        });
        const spans = [...leadSpans(model, { selected, marked, focused }), ...joined(shown(cells))];
        return <Row key={row.key} line={spans} width={width} style={rowStyle(selected, focused)} />;
      })}
    </Box>
  );
}

/** Cells with one space between them. */
function joined(cells: readonly Line[]): Span[] {
  return cells.flatMap((cell, i) => [...(i > 0 ? [{ text: ' ' }] : []), ...spansOf(cell)]);
}

function aligned(line: Line, width: number, align: 'left' | 'right'): Span[] {
  const free = width - textWidth(lineText(line));
  if (align === 'right' && free > 0) return [{ text: ' '.repeat(free) }, ...spansOf(line)];
  return padSpans(line, width);
}

/** Two columns without a cursor: names and values, for details. */
export function Facts({ facts, width, height }: FactsProps): ReactNode {
  const nameWidth = Math.min(Math.floor(width / 2), Math.max(0, ...facts.map(([name]) => textWidth(name))) + 1);
  return (
    <Box flexDirection="column" width={width} {...(height === undefined ? {} : { height })}>
      {facts.slice(0, height ?? facts.length).map(([name, value]) => (
        <Row
          key={name}
          width={width}
          line={[{ text: pad(cut(name, nameWidth - 1), nameWidth), style: 'muted' }, ...spansOf(value)]}
        />
      ))}
    </Box>
  );
}

export interface FactsProps {
  readonly facts: readonly (readonly [name: string, value: Line])[];
  readonly width: number;
  readonly height?: number;
}
