import { errorCode, RagtuiError } from '../platform/errors.ts';
import type { ColumnResult, Comparison } from '../rag/compare.ts';
import { choiceText, scoreFacts } from '../rag/comparisons/facts.ts';
import type { ComparedColumn, ComparisonSummary, KeptComparison } from '../rag/comparisons/types.ts';
import type { Answer } from '../rag/types.ts';
import { pad } from '../ui/text.ts';
import { wrapRows } from '../ui/wrap.ts';

const GAP = ' │ ';
/** Narrower than this an answer beside another is no longer readable. */
const MIN_COLUMN = 36;

/** `columns[]` as scripts see it: the answer of `ask` with the column's name, state, scores and server. */
export function columnJson({ column, state, answer, partial, error, metrics = {}, server = {} }: ColumnResult) {
  const { name, ...settings } = column;
  const fault = error && { code: error.code, message: error.message, hint: error.hint };
  const about = { name, state, error: fault, column: settings, metrics, server };
  if (answer) return { ...about, ...answer };
  return { ...about, answer: partial, hits: [], usage: null, timing: null };
}

/** A comparison of the history with the same `columns[]` as a new one. */
export function keptJson({ columns, ...rest }: KeptComparison) {
  return {
    ...rest,
    columns: columns.map((column) => {
      const json = columnJson(resultOf(column));
      const { gathered } = column;
      return gathered ? { ...json, hits: gathered.hits, messages: gathered.messages } : json;
    }),
  };
}

function resultOf({ column, state, answer, partial, error, metrics, server }: ComparedColumn): ColumnResult {
  const fault = error && new RagtuiError(errorCode(error.code), error.message, error.hint);
  const facts = Object.fromEntries(Object.entries(server).map(([name, value]) => [name, String(value)]));
  return { column, state, answer, partial, error: fault, metrics, server: facts };
}

export const comparisonJson = ({ columns, ...rest }: Comparison) => ({ ...rest, columns: columns.map(columnJson) });

/** The columns beside each other where the terminal is wide enough, else one below the other. */
export function comparisonLines(comparison: Comparison, width: number): string[] {
  const { columns, order } = comparison;
  const each = Math.floor((width - GAP.length * (columns.length - 1)) / columns.length);
  const how = order.mode === 'together' ? 'all at once' : `one after another: ${order.sequence.join(', ')}`;
  if (each < MIN_COLUMN || columns.length < 2) {
    return [...columns.flatMap((column) => [...columnLines(column), '']), `Asked ${how}.`];
  }
  const blocks = columns.map((column) =>
    columnLines(column).flatMap((line) => (line === '' ? [''] : wrapRows(line, each))),
  );
  const height = Math.max(...blocks.map((block) => block.length));
  const rows = Array.from({ length: height }, (_, row) =>
    blocks
      .map((block) => pad(block[row] ?? '', each))
      .join(GAP)
      .trimEnd(),
  );
  return [...rows, '', `Asked ${how}.`];
}

/** A comparison of the history as it is printed. */
export function keptLines(kept: KeptComparison, width: number): string[] {
  const { id, at, question, kb, order, source, references, votes, state } = kept;
  const columns = kept.columns.map(resultOf);
  return [
    question,
    `Comparison ${id}, ${at}, ${kb}${source ? `, ${source}` : ''}${state === 'ended' ? '' : ` (${state})`}`,
    ...references.map((reference) => `Reference: ${reference}`),
    ...votes.map(({ choice, blind }) => `Preferred: ${choiceText(choice)}${blind ? ' (names hidden)' : ''}`),
    '',
    ...comparisonLines({ question, kb, order, columns }, width),
  ];
}

/** A row of `compare history`. */
export function summaryRow({ id, at, kb, state, columns, vote, question }: ComparisonSummary): string[] {
  const marked = columns.map((column) => (column.state === 'ok' ? column.name : `${column.name} (${column.state})`));
  return [
    String(id),
    at.slice(0, 16).replace('T', ' '),
    kb,
    `${marked.join(', ')}${state === 'ended' ? '' : ` [${state}]`}`,
    vote ? choiceText(vote) : '',
    question,
  ];
}

function columnLines(result: ColumnResult): string[] {
  const { column, state, answer, partial, error, metrics = {} } = result;
  const scores = scoreFacts({ metrics });
  const llm = column.llm === 'none' ? 'only retrieval' : column.llm;
  const text = answer?.answer ?? partial;
  return [
    `## ${column.name} (${llm})`,
    ...(text ? text.split('\n') : []),
    ...(state === 'ok' ? [] : [`[${state}${error ? `: ${error.message} ${error.hint}`.trimEnd() : ''}]`]),
    '',
    ...(answer ? [...foundLines(answer), metricsLine(answer)] : []),
    ...(scores.length > 0 ? [scores.map(([name, value]) => `${name} ${value}`).join(' · ')] : []),
  ];
}

const foundLines = ({ hits }: Answer): string[] =>
  hits.map((hit) => `${hit.rank}. ${hit.score.toFixed(4)} ${hit.scoreKind}  ${hit.document}`);

/** Times and counts on one line; what was not measured is left out. */
export function metricsLine({ timing, usage, hits }: Answer): string {
  return [
    ...(timing.firstTokenMs === null ? [] : [`first token ${timing.firstTokenMs.toFixed(0)} ms`]),
    ...(timing.tokensPerSecond === null ? [] : [`${timing.tokensPerSecond.toFixed(1)} tokens/s`]),
    ...(hits.length === 0 ? [] : [`retrieval ${(timing.embeddingMs + timing.retrievalMs).toFixed(1)} ms`]),
    ...(usage.promptTokens + usage.completionTokens === 0
      ? []
      : [`${usage.promptTokens} + ${usage.completionTokens} tokens`]),
  ].join(' · ');
}
