import type { Answer, Column } from '../types.ts';
import type { Board } from './board.ts';
import type { Scores } from './score.ts';
import type { Choice, ComparedColumn, KeptComparison } from './types.ts';

/** A label and its value, for documents and lists. */
export type Fact = readonly [label: string, value: string];

/** What a column was set to, in one line. Pure. */
export function settingsLine(column: Column): string {
  const { llm, context, mode, topK, embedder, group, reranker, instruction, prompt, sampling } = column;
  const answers =
    llm === 'none'
      ? ['no LLM']
      : [
          `LLM ${llm}`,
          `prompt ${prompt}`,
          `temperature ${sampling.temperature}`,
          `seed ${sampling.seed}`,
          `at most ${sampling.maxTokens} tokens`,
        ];
  const reads = {
    gold: ['reads the gold passage'],
    none: ['reads nothing'],
    retrieved: [
      `${mode} top ${topK}`,
      ...(mode === 'bm25' ? [] : [embedder ?? 'active embedder', `instruction ${instruction ? 'on' : 'off'}`]),
      ...(group === undefined ? [] : [`group ${group}`]),
      ...(reranker === undefined ? [] : [`reranker ${reranker}`]),
    ],
  }[context];
  return [...answers, ...reads].join(', ');
}

/** How an answer came: what was not measured is left out. Pure. */
export function answerFacts({ timing, usage, cost, retries, hits, finish, notSent = [], cut }: Answer): Fact[] {
  const ms = (value: number): string => `${value < 10 ? value.toFixed(1) : value.toFixed(0)} ms`;
  return [
    ...(timing.firstTokenMs === null ? [] : [['first token', ms(timing.firstTokenMs)] as const]),
    ...(timing.tokensPerSecond === null ? [] : [['tokens/s', timing.tokensPerSecond.toFixed(1)] as const]),
    ...(timing.gapP50Ms === null ? [] : [['gap p50', ms(timing.gapP50Ms)] as const]),
    ...(timing.gapP95Ms === null ? [] : [['gap p95', ms(timing.gapP95Ms)] as const]),
    ...(hits.length === 0
      ? []
      : [['embedding', ms(timing.embeddingMs)] as const, ['retrieval', ms(timing.retrievalMs)] as const]),
    ['total', ms(timing.totalMs)],
    ...(usage.promptTokens + usage.completionTokens === 0
      ? []
      : [
          [
            'tokens',
            `${usage.promptTokens} + ${usage.completionTokens}${usage.estimated ? ' (estimated)' : ''}`,
          ] as const,
        ]),
    ...(cost === null ? [] : [['cost', `${cost.amount.toPrecision(3)} ${cost.currency}`] as const]),
    ...(retries === 0 ? [] : [['retries', String(retries)] as const]),
    ...(finish === 'stop' ? [] : [['ended by', finish] as const]),
    ...(notSent.length === 0 ? [] : [['not sent', notSent.join(', ')] as const]),
    ...(cut === '' ? [] : [['context', cut] as const]),
  ];
}

/** Scores, in the order they were made in; "–" where a metric does not apply. Pure. */
export const scoreFacts = ({ metrics }: { readonly metrics: Scores }): Fact[] =>
  Object.entries(metrics).map(([name, value]) => [name, value === null ? '–' : value.toFixed(3)]);

/** `2. tuned`, `a tie`, `none is any good`. Pure. */
export function choiceText(choice: Choice): string {
  if (choice.kind === 'column') return choice.column;
  return choice.kind === 'tie' ? 'a tie' : 'none is any good';
}

/** `one after another: a, b` or `all at once`. Pure. */
export const orderText = ({ order }: Pick<KeptComparison, 'order'>): string =>
  order.mode === 'together' ? 'all at once' : `one after another: ${order.sequence.join(', ')}`;

/** What is shown where an answer would stand. Pure. */
export function saidBy({ answer, partial }: ComparedColumn): string {
  return answer?.answer ?? partial;
}

/** A board as a table of text: header and rows. Pure. */
export function boardTable({ rows }: Board): { readonly header: readonly string[]; readonly rows: string[][] } {
  return {
    header: ['', 'column', 'rating', '95 %', 'preferred', 'votes', 'won', 'lost', 'tied', 'ahead of next', 'settings'],
    rows: rows.map((row) => [
      String(row.place),
      row.name,
      row.rating.toFixed(0),
      `${row.low.toFixed(0)}–${row.high.toFixed(0)}`,
      `${(100 * row.share).toFixed(0)} %`,
      String(row.votes),
      String(row.wins),
      String(row.losses),
      String(row.ties),
      row.ahead === null ? '' : `${(100 * row.ahead).toFixed(0)} %`,
      settingsLine(row.column),
    ]),
  };
}
