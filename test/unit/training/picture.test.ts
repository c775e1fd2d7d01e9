import { crc32, inflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { emptyCurves } from '../../../src/training/curves.ts';
import { strokesOf } from '../../../src/training/picture/glyphs.ts';
import { pngOf } from '../../../src/training/picture/png.ts';
import { curvesScene, type Scene } from '../../../src/training/picture/scene.ts';
import { svgOf } from '../../../src/training/picture/svg.ts';

/** Reads a PNG as the specification says: size, and the colour of a pixel. */
function read(png: Uint8Array) {
  const bytes = Buffer.from(png);
  expect(bytes.subarray(1, 4).toString('latin1')).toBe('PNG');
  const parts = new Map<string, Buffer>();
  for (let at = 8; at < bytes.length; ) {
    const length = bytes.readUInt32BE(at);
    const body = bytes.subarray(at + 4, at + 8 + length);
    expect(bytes.readUInt32BE(at + 8 + length)).toBe(crc32(body));
    parts.set(body.subarray(0, 4).toString('latin1'), body.subarray(4));
    at += 12 + length;
  }
  expect([...parts.keys()]).toEqual(['IHDR', 'IDAT', 'IEND']);
  const header = parts.get('IHDR') ?? Buffer.alloc(13);
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)];
  const pixels = inflateSync(parts.get('IDAT') ?? Buffer.alloc(0));
  expect(pixels).toHaveLength(height * (width * 3 + 1));
  const pixel = (x: number, y: number) => [...pixels.subarray(y * (width * 3 + 1) + 1 + 3 * x).subarray(0, 3)];
  return { width, height, pixel };
}
const scene = (shapes: Scene['shapes']): Scene => ({ width: 20, height: 10, background: '#ffffff', shapes });

describe('a picture as PNG', () => {
  it('is a file that any reader reads, with the line where it belongs', () => {
    const { width, height, pixel } = read(
      pngOf(
        scene([
          {
            kind: 'line',
            points: [
              [2, 5],
              [18, 5],
            ],
            color: '#0072b2',
            width: 2,
          },
        ]),
      ),
    );
    // Twice as many pixels as units.
    expect([width, height]).toEqual([40, 20]);
    expect(pixel(20, 10)).toEqual([0x00, 0x72, 0xb2]);
    expect(pixel(20, 2)).toEqual([255, 255, 255]);
    expect(pixel(0, 10)).toEqual([255, 255, 255]);
  });

  it('has its letters without any font', () => {
    const { pixel } = read(
      pngOf(scene([{ kind: 'text', x: 2, y: 8, text: 'l', color: '#000000', size: 6, align: 'left' }])),
    );
    const dark = Array.from({ length: 40 }, (_, x) => pixel(x, 10)[0] ?? 255).filter((red) => red < 128);
    expect(dark.length).toBeGreaterThan(0);
  });

  it('draws every sign that names and numbers are made of', () => {
    const box = JSON.stringify(strokesOf('\u{1F375}'));
    const signs = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_+@/';
    expect(Array.from(signs).filter((sign) => JSON.stringify(strokesOf(sign)) === box)).toEqual([]);
    for (const sign of signs) {
      for (const { points } of strokesOf(sign)) {
        for (const [x, y] of points) expect(x >= 0 && x <= 4 && y >= 0 && y <= 8, sign).toBe(true);
      }
    }
  });
});

describe('a picture as SVG', () => {
  it('escapes its texts', () => {
    const svg = svgOf(scene([{ kind: 'text', x: 1, y: 5, text: '<b>&"', color: '#000000', size: 6, align: 'left' }]));
    expect(svg).toContain('&lt;b&gt;&amp;&quot;');
    expect(svg).not.toContain('<b>');
  });
});

describe('the scene of curves', () => {
  const curves = emptyCurves();
  curves.series.set(
    'loss',
    [1, 2, 3].map((step) => ({ step, value: 4 / step })),
  );
  curves.series.set('epoch', [{ step: 3, value: 1 }]);
  const texts = (runs: Parameters<typeof curvesScene>[0]) =>
    curvesScene(runs).shapes.flatMap((shape) => (shape.kind === 'text' ? shape.text : []));

  it('names trainings and metrics, and the ends of the axes', () => {
    expect(texts([{ name: 't1', curves }])).toEqual(['t1', 'loss', '4.000', '1.333', '1', 'step 3', '1.333']);
  });

  it('stays inside, also with a single value and with nothing', () => {
    const one = emptyCurves();
    one.series.set('loss', [{ step: 7, value: 2 }]);
    for (const run of [one, emptyCurves(), curves]) {
      const { width, height, shapes } = curvesScene([{ name: 'x', curves: run }]);
      const places = shapes.flatMap((shape) => (shape.kind === 'line' ? shape.points : [[shape.x, shape.y] as const]));
      for (const [x, y] of places) expect(x >= 0 && x <= width && y >= 0 && y <= height).toBe(true);
    }
  });
});
