import { join, rootOf } from '../doctor/near-contexts.ts';
import { NumpyRng } from '../numpy-rng.ts';
import type { SplitFile } from '../types.ts';
import type { SplitRow } from './rows.ts';

/** How many rows the small parts shall have; the rest is `train`. */
export interface Sizes {
  readonly test: number;
  readonly dev: number;
}

const SMALL = ['test', 'dev'] as const;
type Part = (typeof SMALL)[number] | 'train';

/**
 * Units in shuffled order go to test, then to dev, as long as they fit whole; what is left is train. The parts keep
 * that order, so that the first rows of a part are a sample of it. Incomplete rows are in no part.
 */
export function assignUnits(rows: readonly SplitRow[], seed: number, sizes: Sizes): SplitFile {
  const filled = { test: 0, dev: 0 };
  const units = shuffled(unitsOf(rows), seed);
  return partsOf(
    units,
    units.map((unit) => {
      const part = SMALL.find((name) => filled[name] + unit.length <= sizes[name]);
      if (part) filled[part] += unit.length;
      return part ?? 'train';
    }),
    sizes,
  );
}

/** The same within each stratum, by its share of all rows; what whole units leave open is filled from any. */
export function assignStratified(rows: readonly SplitRow[], seed: number, sizes: Sizes): SplitFile {
  const units = shuffled(unitsOf(rows), seed);
  const strata = units.map((unit) => commonest(unit.map((at) => rows[at]?.stratum ?? '')));
  const counts = countRows(units, strata);
  const quotas = { test: quotasOf(counts, sizes.test), dev: quotasOf(counts, sizes.dev) };
  const filled = { test: 0, dev: 0 };
  const fits = (part: (typeof SMALL)[number], unit: readonly number[]) => filled[part] + unit.length <= sizes[part];
  const chosen: Part[] = units.map((unit, at) => {
    const stratum = strata[at] ?? '';
    const part = SMALL.find((name) => (quotas[name].get(stratum) ?? 0) >= unit.length && fits(name, unit));
    if (!part) return 'train';
    quotas[part].set(stratum, (quotas[part].get(stratum) ?? 0) - unit.length);
    filled[part] += unit.length;
    return part;
  });
  for (const [at, unit] of units.entries()) {
    const part = chosen[at] === 'train' ? SMALL.find((name) => fits(name, unit)) : undefined;
    if (!part) continue;
    chosen[at] = part;
    filled[part] += unit.length;
  }
  return partsOf(units, chosen, sizes);
}

function partsOf(units: readonly (readonly number[])[], chosen: readonly Part[], sizes: Sizes): SplitFile {
  const parts: { test: number[]; dev: number[]; train: number[] } = { test: [], dev: [], train: [] };
  for (const [at, unit] of units.entries()) parts[chosen[at] ?? 'train'].push(...unit);
  const { test, dev, train } = parts;
  return sizes.dev > 0 ? { test, dev, train } : { test, train };
}

/** Complete rows that belong together, by the first row of each. */
function unitsOf(rows: readonly SplitRow[]): number[][] {
  const parent = Int32Array.from(rows, (_, at) => at);
  const firstWith = new Map<string, number>();
  for (const [at, row] of rows.entries()) {
    if (!row.complete) continue;
    for (const key of row.keys) {
      const first = firstWith.get(key);
      if (first === undefined) firstWith.set(key, at);
      else join(parent, at, first);
    }
  }
  const units = new Map<number, number[]>();
  for (const [at, row] of rows.entries()) {
    if (!row.complete) continue;
    const top = rootOf(parent, at);
    const unit = units.get(top);
    if (unit) unit.push(at);
    else units.set(top, [at]);
  }
  return [...units.values()];
}

const shuffled = (units: readonly number[][], seed: number): number[][] =>
  new NumpyRng(seed).permutation(units.length).map((at) => units[at] ?? []);

function commonest(values: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  const [[top] = ['']] = [...counts].sort(([a, x], [b, y]) => y - x || a.localeCompare(b));
  return top;
}

function countRows(units: readonly (readonly number[])[], strata: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const [at, unit] of units.entries()) {
    const stratum = strata[at] ?? '';
    counts.set(stratum, (counts.get(stratum) ?? 0) + unit.length);
  }
  return counts;
}

/** A number of rows shared out by the sizes of the strata: whole parts first, then the largest remainders. */
function quotasOf(counts: ReadonlyMap<string, number>, wanted: number): Map<string, number> {
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const exact = [...counts].map(([stratum, count]) => ({ stratum, share: (count * wanted) / Math.max(1, total) }));
  const quotas = new Map(exact.map(({ stratum, share }) => [stratum, Math.floor(share)]));
  const open = wanted - [...quotas.values()].reduce((sum, count) => sum + count, 0);
  const byRemainder = [...exact].sort((a, b) => (b.share % 1) - (a.share % 1) || a.stratum.localeCompare(b.stratum));
  for (const { stratum } of byRemainder.slice(0, Math.max(0, open)))
    quotas.set(stratum, (quotas.get(stratum) ?? 0) + 1);
  return quotas;
}
