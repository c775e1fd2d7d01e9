/** A rectangle of cells; x and y count from 0 at the top left of the terminal. */
export interface Rect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export const contains = (rect: Rect, x: number, y: number): boolean =>
  x >= rect.x && x < rect.x + rect.width && y >= rect.y && y < rect.y + rect.height;

/** What a Panel leaves for its children: one cell of border on every side. */
export const inside = (rect: Rect): Rect => ({
  x: rect.x + 1,
  y: rect.y + 1,
  width: Math.max(0, rect.width - 2),
  height: Math.max(0, rect.height - 2),
});

/**
 * Shares `total` cells: a whole number is that many cells, `'2fr'` a weight of what is left. Fixed sizes are cut
 * from the end when there is too little room; the result always adds up to `total` when a weight is present.
 */
export function shares(total: number, sizes: readonly Size[]): number[] {
  const fixed = sizes.map((size) => (typeof size === 'number' ? Math.max(0, Math.floor(size)) : 0));
  const weights = sizes.map((size) => (typeof size === 'number' ? 0 : Number.parseFloat(size)));
  let room = total;
  const result = fixed.map((cells) => {
    const given = Math.min(cells, room);
    room -= given;
    return given;
  });
  let weight = weights.reduce((sum, each) => sum + each, 0);
  weights.forEach((each, i) => {
    if (each === 0) return;
    const given = Math.round((room * each) / weight);
    result[i] = given;
    room -= given;
    weight -= each;
  });
  return result;
}

export type Size = number | `${number}fr`;

/** Cuts a rectangle into rows, top to bottom. */
export function splitRows(rect: Rect, sizes: readonly Size[]): Rect[] {
  let y = rect.y;
  return shares(rect.height, sizes).map((height) => {
    const row = { x: rect.x, y, width: rect.width, height };
    y += height;
    return row;
  });
}

/** Cuts a rectangle into columns, left to right. */
export function splitColumns(rect: Rect, sizes: readonly Size[]): Rect[] {
  let x = rect.x;
  return shares(rect.width, sizes).map((width) => {
    const column = { x, y: rect.y, width, height: rect.height };
    x += width;
    return column;
  });
}
