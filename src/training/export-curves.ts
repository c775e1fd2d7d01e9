import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { curvesCsv } from './curves.ts';
import { pngOf } from './picture/png.ts';
import { curvesScene, type PictureRun } from './picture/scene.ts';
import { svgOf } from './picture/svg.ts';

export const CURVE_FORMATS = ['csv', 'svg', 'png'] as const;
export type CurveFormat = (typeof CURVE_FORMATS)[number];

/** The curves of trainings in a file's words or bytes. */
export function curvesFile(format: CurveFormat, runs: readonly PictureRun[]): string | Uint8Array {
  if (format === 'csv') return curvesCsv(runs);
  const scene = curvesScene(runs);
  return format === 'svg' ? svgOf(scene) : pngOf(scene);
}

/** Writes the curves in all formats beside each other, named for the first training; returns the files. */
export function exportCurves(folder: string, runs: readonly PictureRun[]): string[] {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return CURVE_FORMATS.map((format) => {
    const file = path.join(folder, `${runs[0]?.name ?? 'training'}-curves.${format}`);
    writeFileSync(file, curvesFile(format, runs), { mode: 0o600 });
    return file;
  });
}
