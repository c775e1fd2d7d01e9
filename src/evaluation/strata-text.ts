import type { RunReport } from './report.ts';
import { differenceCell, intervalCell } from './report-text.ts';

/** The primary metric on parts of the questions as a table: a part with too few of them says so. Pure. */
export function strataTable({ strata, columns, primary }: RunReport): { header: string[]; rows: string[][] } {
  const asked = columns.filter(({ baseline }) => !baseline).map(({ name }) => name);
  const others = asked.slice(1);
  return {
    header: ['part', 'items', ...asked, ...others.map((name) => `${name} − ${asked[0]}`)],
    rows: strata.map(({ partition, stratum, by, items, told, columns: found, differences, selected }) => [
      `${partition}: ${stratum}${by === null ? '' : ` (${by})`}`,
      String(items),
      ...asked.map((name, at) => {
        const one = found[name];
        return one ? intervalCell(primary, one.mean, one) : told || at > 0 ? '–' : 'too few to tell';
      }),
      ...others.map((name) => {
        const one = differences[name];
        if (!one) return '–';
        return `${differenceCell(primary, one)}${selected.includes(name) ? ` ${SELECTED}` : ''}`;
      }),
    ]),
  };
}

/** Stands beside a difference on questions that one of its two columns chose. */
export const SELECTED = '†';
const ABOUT = 'Exploratory: of many parts some differ by chance, and no verdict rests on them.';
const ABOUT_SELECTED = `${SELECTED} One of the two compared columns chose these questions by what it found itself: where it missed, the other looks better by that choice alone, and worse where it found (regression to the mean). Neither is called better here.`;

/** What to know before a figure of a part is quoted. Pure. */
export const strataAbout = ({ strata }: Pick<RunReport, 'strata'>): string[] => [
  ABOUT,
  ...(strata.some(({ selected }) => selected.length > 0) ? [ABOUT_SELECTED] : []),
];
