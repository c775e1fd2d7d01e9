import { type RunNote, runNote } from '../notes.ts';
import type { Calibration } from './calibrate.ts';

/** How notes and the words of the table are said, and how wide a text is drawn. */
export interface CalibrationWords {
  readonly say: (notes: readonly RunNote[]) => string;
  readonly corner: string;
  readonly tie: string;
  readonly width: (text: string) => number;
}

const ENGLISH: CalibrationWords = {
  say: (notes) => notes.map(({ text }) => text).join(' '),
  corner: 'judge \\ you',
  tie: 'tie',
  width: (text) => text.length,
};

/** Each judge against one's votes: what both said, in counts, then in words. Pure. */
export function calibrationLines(
  calibrations: readonly Calibration[],
  { say, corner, tie, width }: CalibrationWords = ENGLISH,
): string[] {
  const labels = ['base', 'other', 'tie'] as const;
  return calibrations.flatMap(({ judge, column, base, table, votes: { run, compare }, notes }, at) => {
    const names = { base, other: column, tie };
    const rows = [
      [corner, ...labels.map((label) => names[label])],
      ...labels.map((label) => [names[label], ...labels.map((mine) => String(table[label][mine]))]),
    ];
    const widths = [0, 1, 2, 3].map((place) => Math.max(...rows.map((row) => width(row[place] ?? ''))));
    const cell = (text: string, place: number): string => {
      const space = ' '.repeat(Math.max(0, (widths[place] ?? 0) - width(text)));
      return place === 0 ? `${text}${space}` : `${space}${text}`;
    };
    return [
      ...(at === 0 ? [] : ['']),
      say([runNote('votes-of', { judge, column, base, votes: run + compare, run, compare }, null)]),
      ...rows.map((row) => row.map(cell).join('  ')),
      say(notes),
    ];
  });
}
