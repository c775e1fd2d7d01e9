import { escapeMarkup } from '../../platform/markup.ts';
import type { Scene, Shape } from './scene.ts';

/** Height of capitals as a share of a font's size. */
const CAPITALS = 0.72;

/** A scene as SVG; texts in whatever sans-serif the reader has. Pure. */
export function svgOf({ width, height, background, shapes }: Scene): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">`,
    `<rect width="${width}" height="${height}" fill="${background}"/>`,
    ...shapes.map(element),
    '</svg>\n',
  ].join('\n');
}

function element(shape: Shape): string {
  switch (shape.kind) {
    case 'line': {
      const points = shape.points.map(([x, y]) => `${digits(x)},${digits(y)}`).join(' ');
      return `<polyline points="${points}" fill="none" stroke="${shape.color}" stroke-width="${shape.width}"/>`;
    }
    case 'dot':
      return `<circle cx="${digits(shape.x)}" cy="${digits(shape.y)}" r="${shape.radius}" fill="${shape.color}"/>`;
    case 'text': {
      const anchor = shape.align === 'right' ? 'end' : 'start';
      const size = digits(shape.size / CAPITALS);
      return `<text x="${digits(shape.x)}" y="${digits(shape.y)}" font-family="sans-serif" font-size="${size}" text-anchor="${anchor}" fill="${shape.color}">${escapeMarkup(shape.text)}</text>`;
    }
  }
}

const digits = (value: number): string => String(Math.round(value * 100) / 100);
