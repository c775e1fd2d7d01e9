import type { RunReport } from './report.ts';
import { differenceCell, intervalCell } from './report-text.ts';

/** The primary metric on parts of the questions as a table: a part with too few of them says so. Pure. */
export function strataTable({ strata, columns, primary }: RunReport): { header: string[]; rows: string[][] } {
  const asked = columns.filter(({ baseline }) => !baseline).map(({ name }) => name);
  const others = asked.slice(1);
  return {
    header: ['part', 'items', ...asked, ...others.map((name) => `${name} − ${asked[0]}`)],
    rows: strata.map(({ partition, stratum, by, items, told, columns: found, differences }) => [
      `${partition}: ${stratum}${by === null ? '' : ` (${by})`}`,
      String(items),
      ...asked.map((name, at) => {
        const one = found[name];
        return one ? intervalCell(primary, one.mean, one) : told || at > 0 ? '–' : 'too few to tell';
      }),
      ...others.map((name) => (differences[name] ? differenceCell(primary, differences[name]) : '–')),
    ]),
  };
}

export const STRATA_ABOUT = 'Exploratory: of many parts some differ by chance, and no verdict rests on them.';
