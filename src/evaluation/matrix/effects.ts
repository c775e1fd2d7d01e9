import type { Metric } from '../metrics/types.ts';
import { holm } from '../statistics/closed-forms.ts';
import { compare, type Difference, type PairedScores } from '../statistics/compare.ts';
import { type ColumnTable, countedScore, metricsOf, scoresOf } from '../table.ts';
import type { Evaluation } from '../types.ts';
import { type MatrixCell, type MatrixDesign, matrixOf } from './design.ts';

export type EffectKind = 'llm' | 'embedder' | 'context' | 'llm×embedder' | 'llm×context';

/** What one level does against the first one, averaged over all else; or how far that depends on another level. */
export interface MatrixEffect {
  readonly kind: EffectKind;
  readonly of: string;
  readonly against: string;
  /** Of an interaction: the level of the other factor with which the effect is compared, and the one without. */
  readonly second: { readonly of: string; readonly against: string } | null;
  readonly metrics: Readonly<Record<string, EffectResult>>;
}

export interface EffectResult extends Difference {
  /** Adjusted over the effects on this metric; the verdict rests on it. */
  readonly pHolm: number;
}

export interface MatrixReport extends MatrixDesign {
  readonly effects: readonly MatrixEffect[];
}

/** Of each column: how much it counts in an effect. */
type Weights = ReadonlyMap<string, number>;
type Wanted = Omit<MatrixEffect, 'metrics'> & { readonly weights: Weights };

/**
 * Main effects and interactions of a run whose columns are a crossing; null where they are none. An effect is a weighted
 * sum of an item's scores, so it is paired by item and clustered by context as every other difference: contexts count
 * alike, and within "retrieved" so do embedders. An interaction is a difference of differences. An interim run has no
 * verdict. Seeded. Pure.
 */
export function matrixReport(
  tables: readonly ColumnTable[],
  evaluation: Pick<Evaluation, 'columns' | 'metrics' | 'primary' | 'seed'>,
  interim = false,
): MatrixReport | null {
  const design = matrixOf(evaluation.columns);
  if (!design) return null;
  const metrics = metricsOf(evaluation);
  const found = effectsOf(design).map(({ weights, ...effect }) => ({
    effect,
    results: new Map(
      metrics
        .filter((metric) => metric.kind !== 'retrieval' || effect.kind === 'embedder')
        .flatMap((metric) => {
          const pairs = contrast(tables, weights, metric);
          if (!pairs) return [];
          const { direction } = metric;
          return [[metric.name, compare(pairs, { binary: false, direction, seed: evaluation.seed })] as const];
        }),
    ),
  }));
  const adjusted = new Map(
    metrics.map(({ name }) => [name, holm(found.flatMap(({ results }) => results.get(name)?.p ?? []))] as const),
  );
  const counted = new Map<string, number>();
  const holmOf = (name: string): number => {
    const at = counted.get(name) ?? 0;
    counted.set(name, at + 1);
    return adjusted.get(name)?.[at] ?? 1;
  };
  return {
    ...design,
    effects: found
      .map(({ effect, results }) => ({
        ...effect,
        metrics: Object.fromEntries(
          [...results].map(([name, result]) => [name, adjustedResult(result, holmOf(name), interim)] as const),
        ),
      }))
      .filter((effect) => Object.keys(effect.metrics).length > 0),
  };
}

const ALPHA = 0.05;

/** No effect was chosen before the run: one is sure only if it stays so among the others. */
const adjustedResult = (result: Difference, pHolm: number, interim: boolean): EffectResult => ({
  ...result,
  pHolm,
  verdict: pHolm < ALPHA && !interim ? result.verdict : 'cannot tell',
});

/** Every level against the first, then what depends on what. */
function effectsOf({ llms, embedders, contexts, cells }: MatrixDesign): Wanted[] {
  const [llm = '', ...otherLlms] = llms;
  const [embedder = '', ...otherEmbedders] = embedders;
  const [context, ...otherContexts] = contexts;
  const mean = (test: (cell: MatrixCell) => boolean) => meanOf(cells.filter(test));
  const one = (kind: EffectKind, of: string, against: string, weights: Weights): Wanted => {
    return { kind, of, against, second: null, weights };
  };
  // Where context is "retrieved" only: elsewhere the embedder has no part.
  const withEmbedder = (name: string, of?: string) =>
    mean((cell) => cell.embedder === name && (of === undefined || cell.llm === of));
  const inContext = (name: string, of?: string) =>
    mean((cell) => cell.context === name && (of === undefined || cell.llm === of));
  const overContexts = (of: string) => sum(contexts.map((name) => scaled(inContext(name, of), 1 / contexts.length)));
  return [
    ...otherLlms.map((of) => one('llm', of, llm, minus(overContexts(of), overContexts(llm)))),
    ...otherEmbedders.map((of) => one('embedder', of, embedder, minus(withEmbedder(of), withEmbedder(embedder)))),
    ...(context === undefined
      ? []
      : otherContexts.map((of) => one('context', of, context, minus(inContext(of), inContext(context))))),
    ...otherLlms.flatMap((of) =>
      otherEmbedders.map(
        (name): Wanted => ({
          kind: 'llm×embedder',
          of,
          against: llm,
          second: { of: name, against: embedder },
          weights: minus(
            minus(withEmbedder(name, of), withEmbedder(name, llm)),
            minus(withEmbedder(embedder, of), withEmbedder(embedder, llm)),
          ),
        }),
      ),
    ),
    ...otherLlms.flatMap((of) =>
      otherContexts.flatMap((name): Wanted[] =>
        context === undefined
          ? []
          : [
              {
                kind: 'llm×context',
                of,
                against: llm,
                second: { of: name, against: context },
                weights: minus(
                  minus(inContext(name, of), inContext(name, llm)),
                  minus(inContext(context, of), inContext(context, llm)),
                ),
              },
            ],
      ),
    ),
  ];
}

const meanOf = (cells: readonly MatrixCell[]): Weights =>
  new Map(cells.map(({ column }) => [column, 1 / cells.length]));
const scaled = (weights: Weights, by: number): Weights =>
  new Map([...weights].map(([column, weight]) => [column, weight * by]));
const minus = (a: Weights, b: Weights): Weights => sum([a, scaled(b, -1)]);

function sum(all: readonly Weights[]): Weights {
  const total = new Map<string, number>();
  for (const weights of all) {
    for (const [column, weight] of weights) total.set(column, (total.get(column) ?? 0) + weight);
  }
  return total;
}

/** What counts against and for, of each question that all columns with a weight have a score for; undefined: none. */
function contrast(tables: readonly ColumnTable[], weights: Weights, metric: Metric): PairedScores | undefined {
  const weighed = [...weights].flatMap(([name, weight]) => {
    const table = tables.find((one) => one.name === name);
    return weight === 0 ? [] : [{ table, weight }];
  });
  const pairs = { a: [] as number[], b: [] as number[], clusters: [] as string[] };
  const [first] = weighed;
  if (!first?.table || !weighed.every(({ table }) => table && scoresOf(table, metric))) return undefined;
  for (const [question, { contextId }] of first.table.items) {
    const terms = weighed.map(({ table, weight }) => {
      const item = table?.items.get(question);
      const score = item && countedScore(item, metric);
      return score === undefined ? Number.NaN : weight * score;
    });
    if (terms.some(Number.isNaN)) continue;
    const total = (sign: 1 | -1): number =>
      terms.reduce((all, term, at) => (Math.sign(weighed[at]?.weight ?? 0) === sign ? all + sign * term : all), 0);
    pairs.a.push(total(-1));
    pairs.b.push(total(1));
    pairs.clusters.push(contextId);
  }
  return pairs.a.length === 0 ? undefined : pairs;
}
