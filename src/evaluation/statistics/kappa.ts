import { type Interval, wilson } from './closed-forms.ts';
import { normalQuantile } from './normal.ts';

/** How far two raters of the same things agree. */
export interface Agreement {
  readonly n: number;
  /** Share of things both call the same, with its 95 % Wilson interval; null without things. */
  readonly share: (Interval & { readonly mean: number }) | null;
  /**
   * Cohen's κ: agreement beyond what the raters' habits alone would bring; null where those alone bring it all. Its 95 %
   * interval is the asymptotic one of Fleiss, Cohen and Everitt (1969), cut to [−1, 1].
   */
  readonly kappa: (Interval & { readonly value: number }) | null;
}

/** Agreement of pairs of labels (one rater's, the other's), each thing once. Pure. */
export function agreementOf(pairs: readonly (readonly [string, string])[]): Agreement {
  const n = pairs.length;
  if (n === 0) return { n, share: null, kappa: null };
  const labels = [...new Set(pairs.flat())];
  const part = (test: (pair: readonly [string, string]) => boolean): number => pairs.filter(test).length / n;
  const rows = new Map(labels.map((label) => [label, part(([a]) => a === label)]));
  const columns = new Map(labels.map((label) => [label, part(([, b]) => b === label)]));
  const mean = part(([a, b]) => a === b);
  const share = { mean, ...wilson(mean, n) };
  const chance = labels.reduce((sum, label) => sum + (rows.get(label) ?? 0) * (columns.get(label) ?? 0), 0);
  if (1 - chance < 1e-12) return { n, share, kappa: null };
  const value = (mean - chance) / (1 - chance);
  let onDiagonal = 0;
  let offDiagonal = 0;
  for (const a of labels) {
    for (const b of labels) {
      const both = part((pair) => pair[0] === a && pair[1] === b);
      if (a === b) onDiagonal += both * (1 - ((rows.get(a) ?? 0) + (columns.get(a) ?? 0)) * (1 - value)) ** 2;
      else offDiagonal += both * ((columns.get(a) ?? 0) + (rows.get(b) ?? 0)) ** 2;
    }
  }
  const rest = (value - chance * (1 - value)) ** 2;
  const variance = (onDiagonal + (1 - value) ** 2 * offDiagonal - rest) / (1 - chance) ** 2 / n;
  const half = normalQuantile(0.975) * Math.sqrt(Math.max(0, variance));
  return { n, share, kappa: { value, low: Math.max(-1, value - half), high: Math.min(1, value + half) } };
}
