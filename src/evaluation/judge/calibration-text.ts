import type { Calibration } from './calibrate.ts';

/** Each judge against one's votes: what both said, in counts, then in words. */
export function calibrationLines(calibrations: readonly Calibration[]): string[] {
  return calibrations.flatMap(({ judge, column, base, table, votes, sentence }, at) => {
    const rows = [
      ['judge \\ you', base, column, 'tie'],
      ...(['base', 'other', 'tie'] as const).map((label) => [
        label === 'base' ? base : label === 'other' ? column : 'tie',
        ...(['base', 'other', 'tie'] as const).map((mine) => String(table[label][mine])),
      ]),
    ];
    const widths = [0, 1, 2, 3].map((place) => Math.max(...rows.map((row) => (row[place] ?? '').length)));
    return [
      ...(at === 0 ? [] : ['']),
      `${judge}: ${column} against ${base}, ${votes.run + votes.compare} votes (${votes.run} on this run, ${votes.compare} of Compare)`,
      ...rows.map((row) =>
        row
          .map((cell, place) => (place === 0 ? cell.padEnd(widths[place] ?? 0) : cell.padStart(widths[place] ?? 0)))
          .join('  '),
      ),
      sentence,
    ];
  });
}
