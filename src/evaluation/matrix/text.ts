import type { ColumnReport, RunReport } from '../report.ts';
import { differenceCell, formatP } from '../report-text.ts';
import { scoreText } from '../score-text.ts';
import type { MatrixEffect, MatrixReport } from './effects.ts';

/** What an effect is of, in English. */
export function effectTitle({ kind, of, against, second }: Omit<MatrixEffect, 'metrics'>): string {
  switch (kind) {
    case 'llm':
      return `LLM: ${of} instead of ${against}`;
    case 'embedder':
      return `embedder: ${of} instead of ${against}`;
    case 'context':
      return `context: ${of} instead of ${against}`;
    case 'llm×embedder':
      return `LLM × embedder: what ${of} gains more with ${second?.of ?? ''} than with ${second?.against ?? ''}`;
    case 'llm×context':
      return `LLM × context: what ${of} gains more with ${second?.of ?? ''} than with ${second?.against ?? ''}`;
  }
}

/** The same in few characters, for a chart. */
export const effectLabel = ({ kind, of, second }: Omit<MatrixEffect, 'metrics'>): string =>
  second ? `${kind}: ${of} × ${second.of}` : `${kind}: ${of}`;

/** One row an LLM, one column a way to come by a context: the means of a metric. */
export function matrixGrid(
  { llms, embedders, contexts, cells }: MatrixReport,
  columns: readonly ColumnReport[],
  metric: string,
): { readonly header: string[]; readonly rows: string[][] } {
  const ways = contexts.flatMap((context) =>
    (context === 'retrieved' ? embedders : [null]).map((embedder) => ({ context, embedder })),
  );
  return {
    header: ['', ...ways.map(({ context, embedder }) => (embedder ? `${context}, ${embedder}` : context))],
    rows: llms.map((llm) => [
      llm,
      ...ways.map((way) => {
        const cell = cells.find(
          (one) => one.llm === llm && one.context === way.context && one.embedder === way.embedder,
        );
        const mean = columns.find(({ name }) => name === cell?.column)?.metrics[metric]?.mean;
        return mean === undefined ? '–' : scoreText(metric, mean);
      }),
    ]),
  };
}

/** The effects on a metric, a row each: title, difference, p, p by Holm, verdict. */
export function effectRows({ effects }: MatrixReport, metric: string): string[][] {
  return effects.flatMap((effect) => {
    const found = effect.metrics[metric];
    return found
      ? [[effectTitle(effect), differenceCell(metric, found), formatP(found.p), formatP(found.pHolm), found.verdict]]
      : [];
  });
}

export const EFFECT_HEADER: readonly string[] = ['effect', 'difference', 'p', 'p (Holm)', 'verdict'];

/** How effects are to be read. */
export const EFFECTS_ABOUT =
  'Averages over all else: contexts count alike, embedders where something is retrieved. An interaction is a difference of differences. Intervals and p as for every other difference; Holm is over the effects on one metric.';

/** Metrics that any effect has, the primary one first. */
export const matrixMetrics = ({ matrix, primary, run }: RunReport): string[] =>
  [primary, ...run.evaluation.metrics.filter((name) => name !== primary)].filter((name) =>
    matrix?.effects.some(({ metrics }) => metrics[name]),
  );
