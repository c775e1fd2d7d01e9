import { crc32, deflateSync } from 'node:zlib';
import { GLYPH_ADVANCE, strokesOf } from './glyphs.ts';
import type { Scene, Shape } from './scene.ts';

/** Pixels of the picture a unit of the scene. */
const SCALE = 2;
const CAPITAL_UNITS = 6;

/** A scene as PNG, drawn here: no font and no library of the machine is needed. Pure. */
export function pngOf(scene: Scene): Uint8Array {
  const canvas = new Canvas(scene.width * SCALE, scene.height * SCALE, colorOf(scene.background));
  for (const shape of scene.shapes) draw(canvas, shape);
  return encode(canvas);
}

type Color = readonly [number, number, number];
type Place = readonly [number, number];

/** `#rrggbb`. */
const colorOf = (hex: string): Color => {
  const value = Number.parseInt(hex.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
};

class Canvas {
  readonly width: number;
  readonly height: number;
  /** Red, green, blue of each pixel, row by row. */
  readonly pixels: Uint8Array;

  constructor(width: number, height: number, background: Color) {
    this.width = width;
    this.height = height;
    this.pixels = new Uint8Array(width * height * 3);
    for (let i = 0; i < this.pixels.length; i++) this.pixels[i] = background[i % 3] ?? 255;
  }

  /** A straight line with round ends; at its edge a pixel takes as much of the colour as the line covers. */
  segment([x1, y1]: Place, [x2, y2]: Place, width: number, color: Color): void {
    const reach = width / 2 + 1;
    const [dx, dy] = [x2 - x1, y2 - y1];
    const length = dx * dx + dy * dy;
    const [left, right] = [
      Math.max(0, Math.floor(Math.min(x1, x2) - reach)),
      Math.min(this.width - 1, Math.ceil(Math.max(x1, x2) + reach)),
    ];
    const [top, bottom] = [
      Math.max(0, Math.floor(Math.min(y1, y2) - reach)),
      Math.min(this.height - 1, Math.ceil(Math.max(y1, y2) + reach)),
    ];
    for (let y = top; y <= bottom; y++) {
      for (let x = left; x <= right; x++) {
        const share = length === 0 ? 0 : Math.max(0, Math.min(1, ((x - x1) * dx + (y - y1) * dy) / length));
        const distance = Math.hypot(x - x1 - share * dx, y - y1 - share * dy);
        this.#mix(x, y, color, Math.max(0, Math.min(1, width / 2 + 0.5 - distance)));
      }
    }
  }

  #mix(x: number, y: number, color: Color, cover: number): void {
    if (cover === 0) return;
    const at = (y * this.width + x) * 3;
    for (let i = 0; i < 3; i++) {
      const before = this.pixels[at + i] ?? 0;
      this.pixels[at + i] = Math.round(before + ((color[i] ?? 0) - before) * cover);
    }
  }
}

function draw(canvas: Canvas, shape: Shape): void {
  const color = colorOf(shape.color);
  const scaled = ([x, y]: Place): Place => [x * SCALE, y * SCALE];
  if (shape.kind === 'dot') {
    const at = scaled([shape.x, shape.y]);
    canvas.segment(at, at, 2 * shape.radius * SCALE, color);
  } else if (shape.kind === 'line') chain(canvas, shape.points.map(scaled), shape.width * SCALE, color);
  else {
    const unit = (shape.size / CAPITAL_UNITS) * SCALE;
    const characters = Array.from(shape.text);
    let x = shape.x * SCALE - (shape.align === 'right' ? characters.length * GLYPH_ADVANCE * unit : 0);
    for (const character of characters) {
      for (const { points } of strokesOf(character)) {
        const placed = points.map(([px, py]): Place => [x + px * unit, shape.y * SCALE + (py - CAPITAL_UNITS) * unit]);
        chain(canvas, placed, Math.max(1.2, unit * 0.8), color);
      }
      x += GLYPH_ADVANCE * unit;
    }
  }
}

function chain(canvas: Canvas, points: readonly Place[], width: number, color: Color): void {
  for (const [i, point] of points.entries()) {
    const next = points[i + 1] ?? (points.length === 1 ? point : undefined);
    if (next) canvas.segment(point, next, width, color);
  }
}

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
/** Eight bits a sample, red green blue, no interlace (PNG specification, IHDR). */
const EIGHT_BIT_RGB = [8, 2, 0, 0, 0];

function encode({ width, height, pixels }: Canvas): Uint8Array {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set(EIGHT_BIT_RGB, 8);
  const rows = Buffer.alloc(height * (width * 3 + 1));
  // Each row begins with its filter: 0, none.
  for (let y = 0; y < height; y++)
    rows.set(pixels.subarray(y * width * 3, (y + 1) * width * 3), y * (width * 3 + 1) + 1);
  return Buffer.concat([
    Buffer.from(SIGNATURE),
    part('IHDR', header),
    part('IDAT', deflateSync(rows)),
    part('IEND', Buffer.alloc(0)),
  ]);
}

function part(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const whole = Buffer.alloc(body.length + 8);
  whole.writeUInt32BE(data.length, 0);
  whole.set(body, 4);
  whole.writeUInt32BE(crc32(body), body.length + 4);
  return whole;
}
