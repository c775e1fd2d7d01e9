import type { ReactNode } from 'react';
import type { RunFigures } from '../../evaluation/figures.ts';
import { sanitizeLine } from '../../platform/sanitize.ts';
import type { ListModel } from '../../ui/list-model.ts';
import { Rows } from '../../ui/Row.tsx';
import { type Column, Table } from '../../ui/Table.tsx';
import type { Line } from '../../ui/text.ts';
import { wrapRows } from '../../ui/wrap.ts';
import type { EvaluateModel } from './model.ts';

export const SMALLEST_TABLE = 3;

/** What every page of the figures is given. */
export interface BodyProps {
  readonly model: EvaluateModel;
  readonly figures: RunFigures;
  readonly width: number;
  readonly height: number;
  readonly focused: boolean;
}

/** A table with as much room as it needs, and below it what is to be said, cut to what is left. */
export function Above<T>({
  rows,
  columns,
  foot,
  empty,
  width,
  height,
  focused,
}: Omit<BodyProps, 'model' | 'figures'> & {
  readonly rows: ListModel<T>;
  readonly columns: readonly Column<T>[];
  readonly foot: readonly Line[];
  readonly empty: string;
}): ReactNode {
  const wanted = Math.min(Math.max(SMALLEST_TABLE, rows.rows().length + 1), height);
  const said = foot.slice(0, Math.max(2, height - wanted));
  const room = Math.max(SMALLEST_TABLE, height - said.length);
  return (
    <>
      <Table
        model={rows}
        columns={columns}
        width={width}
        height={rows.rows().length === 0 ? room : Math.min(wanted, room)}
        focused={focused}
        empty={empty}
      />
      <Rows lines={said} width={width} />
    </>
  );
}

/** A text as lines of a width, each with a space before it. */
export const wrapped = (text: string, width: number, style: 'bad' | 'muted' | 'warn' | 'text'): Line[] =>
  wrapRows(sanitizeLine(text), Math.max(2, width - 2)).map((row): Line => [{ text: ` ${row}`, style }]);
