/** How wide a column wants to be, in cells. */
export interface ColumnSize {
  readonly min: number;
  /** Absent: no limit. */
  readonly max?: number;
  /** Share of the room left over; 0 = stays at `min`. */
  readonly weight?: number;
  /** Dropped first when there is too little room: higher goes earlier. 0 or absent = never. */
  readonly optional?: number;
}

/**
 * Widths of a table's columns in `total` cells with one cell between neighbours. Optional columns that do not fit get
 * 0; the room left over is shared by weight up to each maximum. The widths and gaps never exceed `total`.
 */
export function columnWidths(columns: readonly ColumnSize[], total: number): number[] {
  const shown = new Set(columns.keys());
  const needed = (): number =>
    [...shown].reduce((sum, i) => sum + (columns[i]?.min ?? 0), 0) + Math.max(0, shown.size - 1);
  while (needed() > total) {
    const victim = [...shown].sort((a, b) => (columns[b]?.optional ?? 0) - (columns[a]?.optional ?? 0) || b - a)[0];
    if (victim === undefined || !columns[victim]?.optional) break;
    shown.delete(victim);
  }
  const widths = columns.map((column, i) => (shown.has(i) ? column.min : 0));
  shrink(widths, Math.max(0, total - Math.max(0, shown.size - 1)));
  grow(widths, columns, shown, total - needed());
  return widths;
}

/** Takes cells from the widest column until the sum fits. */
function shrink(widths: number[], room: number): void {
  let over = widths.reduce((sum, width) => sum + width, 0) - room;
  for (; over > 0; over--) {
    const widest = widths.indexOf(Math.max(...widths));
    widths[widest] = Math.max(0, (widths[widest] ?? 0) - 1);
  }
}

function grow(widths: number[], columns: readonly ColumnSize[], shown: ReadonlySet<number>, room: number): void {
  let free = room;
  while (free > 0) {
    const open = [...shown].filter(
      (i) => (columns[i]?.weight ?? 0) > 0 && (widths[i] ?? 0) < (columns[i]?.max ?? Infinity),
    );
    const weight = open.reduce((sum, i) => sum + (columns[i]?.weight ?? 0), 0);
    if (open.length === 0) return;
    const before = free;
    for (const i of open) {
      const share = Math.max(1, Math.floor((before * (columns[i]?.weight ?? 0)) / weight));
      const given = Math.min(share, free, (columns[i]?.max ?? Infinity) - (widths[i] ?? 0));
      widths[i] = (widths[i] ?? 0) + given;
      free -= given;
    }
  }
}
