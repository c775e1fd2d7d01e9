import { listDatasets } from '../datasets/store.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { findMetric } from './metrics/registry.ts';
import { differenceReport } from './report.ts';
import { listRuns, readRun } from './runs.ts';
import { columnsOf } from './table.ts';
import type { Evaluation } from './types.ts';

/** The smallest difference (a share) that a run of so many items finds with 80 % power, and how we know. */
export interface Detectable {
  readonly items: number;
  readonly difference: number;
  /** From a run of the same questions: its scatter at this many items; else the rule with this share of discordant pairs. */
  readonly from:
    | { readonly kind: 'run'; readonly run: string; readonly items: number }
    | { readonly kind: 'rule'; readonly discordant: number };
}

/** Share of items on which two columns differ that the rule assumes: between a base and its tune it was about that. */
export const USUAL_DISCORDANT = 0.14;
/** Standard errors that are found with 80 % power at 5 %. */
const REACH = 2.8;
/** So few pairs say little of the scatter. */
const FEWEST = 20;

/** 2.8·√(d/n): the smallest difference that n pairs find, of which the share d differs (by one point each). Pure. */
export const ruleOfThumb = (items: number, discordant = USUAL_DISCORDANT): number =>
  REACH * Math.sqrt(discordant / items);

/**
 * What a run could find, before it starts: from the newest run of this dataset that compared two columns by this metric,
 * scaled by √(its items / these items); else by the rule. Null when nobody can tell how many items it will have. Reads
 * one run: seconds for a large one.
 */
export function detectableBefore(paths: WorkspacePaths, evaluation: Evaluation): Detectable | null {
  const items = itemCount(paths, evaluation);
  if (items === null || items === 0) return null;
  for (const { view, evaluation: earlier } of listRuns(paths)) {
    if (earlier.dataset !== evaluation.dataset || earlier.columns.length < 2) continue;
    if (!earlier.metrics.includes(evaluation.primary)) continue;
    const [a, b] = columnsOf(readRun(paths, view.spec.id));
    if (!a || !b || b.baseline || a.items.size < FEWEST) continue;
    const wish = { metrics: [evaluation.primary], primary: evaluation.primary, seed: earlier.seed };
    const found = differenceReport(a, b, wish).metrics[evaluation.primary];
    if (!found || !(found.detectable > 0) || found.n < FEWEST) continue;
    return {
      items,
      difference: found.detectable * Math.sqrt(found.n / items),
      from: { kind: 'run', run: view.spec.id, items: found.n },
    };
  }
  // The rule counts pairs that differ by a whole point.
  if (!findMetric(evaluation.primary).binary) return null;
  return { items, difference: ruleOfThumb(items), from: { kind: 'rule', discordant: USUAL_DISCORDANT } };
}

function itemCount(paths: WorkspacePaths, { dataset, version, split, limit }: Evaluation): number | null {
  const manifest = listDatasets(paths).find((one) => one.name === dataset);
  if (!manifest || manifest.version !== version) return limit;
  const part = manifest.splits
    .flatMap(({ name, parts }) =>
      parts.map((one) => ({ name: `${name}/${one.name}`, short: one.name, rows: one.rows })),
    )
    .find(({ name, short }) => name === split || short === split);
  const rows = part?.rows ?? manifest.rows;
  return limit === null ? rows : Math.min(limit, rows);
}
