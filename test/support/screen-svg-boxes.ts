// Characters that fill their cell, as shapes: fonts leave gaps between them.

interface Size {
  readonly width: number;
  readonly height: number;
}

/** Which arms leave the middle of the cell: up, right, down, left. */
const ARMS: Readonly<Record<string, string>> = {
  ...{ '─': 'rl', '│': 'ud', '┌': 'rd', '┐': 'dl', '└': 'ur', '┘': 'ul', '├': 'urd', '┤': 'udl' },
  ...{ '┬': 'rdl', '┴': 'url', '┼': 'urdl', '╴': 'l', '╵': 'u', '╶': 'r', '╷': 'd' },
};
const ROUND: Readonly<Record<string, string>> = { '╭': 'rd', '╮': 'dl', '╰': 'ur', '╯': 'ul' };
/** Eighths from below, and from the left. */
const LOWER = '▁▂▃▄▅▆▇█';
const LEFT = '▏▎▍▌▋▊▉';
const HALF = 0.5;

/** The outline of a frame, block or braille character, as the data of an SVG path; undefined for all others. */
export function boxGlyph(character: string, size: Size, x = 0, y = 0): string | undefined {
  const { width, height } = size;
  const arms = ARMS[character];
  if (arms !== undefined) return [...arms].map((arm) => armPath(arm, size, x, y)).join('');
  const corner = ROUND[character];
  if (corner !== undefined) return cornerPath(corner, size, x, y);
  const lower = LOWER.indexOf(character);
  if (lower >= 0) return box(x, y + (height * (7 - lower)) / 8, width, (height * (lower + 1)) / 8);
  const left = LEFT.indexOf(character);
  if (left >= 0) return box(x, y, (width * (left + 1)) / 8, height);
  const code = character.codePointAt(0) ?? 0;
  return code > 0x2800 && code <= 0x28ff ? braille(code - 0x2800, size, x, y) : undefined;
}

function box(x: number, y: number, width: number, height: number): string {
  return `M${round(x)} ${round(y)}h${round(width)}v${round(height)}h${round(-width)}z`;
}

/** A line one unit wide from the middle to the edge. */
function armPath(arm: string, { width, height }: Size, x: number, y: number): string {
  const middle = { x: x + width / 2, y: y + height / 2 };
  if (arm === 'u') return box(middle.x - HALF, y, 1, height / 2 + HALF);
  if (arm === 'd') return box(middle.x - HALF, middle.y - HALF, 1, height / 2 + HALF);
  if (arm === 'l') return box(x, middle.y - HALF, width / 2 + HALF, 1);
  return box(middle.x - HALF, middle.y - HALF, width / 2 + HALF, 1);
}

/** Two arms with a quarter of a ring between them. */
function cornerPath(arms: string, { width, height }: Size, x: number, y: number): string {
  const middle = { x: x + width / 2, y: y + height / 2 };
  const radius = width / 2;
  const across = arms.includes('r') ? 1 : -1;
  const along = arms.includes('d') ? 1 : -1;
  const straight =
    along > 0
      ? box(middle.x - HALF, middle.y + radius, 1, height / 2 - radius)
      : box(middle.x - HALF, y, 1, height / 2 - radius);
  const outer = radius + HALF;
  const inner = radius - HALF;
  const edge = middle.x + across * radius;
  const turn = across * along > 0 ? 1 : 0;
  const ring =
    `M${round(middle.x - across * HALF)} ${round(middle.y + along * radius)}` +
    `A${outer} ${outer} 0 0 ${turn} ${round(edge)} ${round(middle.y - along * HALF)}` +
    `V${round(middle.y + along * HALF)}` +
    `A${inner} ${inner} 0 0 ${1 - turn} ${round(middle.x + across * HALF)} ${round(middle.y + along * radius)}z`;
  return straight + ring;
}

/** Dots 1 2 3 7 down the left column, 4 5 6 8 down the right one. */
function braille(bits: number, { width, height }: Size, x: number, y: number): string {
  const dots = [0x01, 0x02, 0x04, 0x40, 0x08, 0x10, 0x20, 0x80];
  const side = width / 4;
  return dots
    .flatMap((bit, at) => {
      if ((bits & bit) === 0) return [];
      const column = at < 4 ? 0 : 1;
      const row = at % 4;
      return [
        box(x + (width * (2 * column + 1)) / 4 - side / 2, y + (height * (2 * row + 1)) / 8 - side / 2, side, side),
      ];
    })
    .join('');
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
