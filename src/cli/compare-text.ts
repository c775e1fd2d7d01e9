import type { ColumnResult, Comparison } from '../rag/compare.ts';
import type { Answer } from '../rag/types.ts';
import { pad } from '../ui/text.ts';
import { wrapRows } from '../ui/wrap.ts';

const GAP = ' │ ';
/** Narrower than this an answer beside another is no longer readable. */
const MIN_COLUMN = 36;

/** `columns[]` as scripts see it: the answer of `ask` with the column's name and state. */
export function columnJson({ column, state, answer, partial, error }: ColumnResult) {
  const { name, ...settings } = column;
  const fault = error && { code: error.code, message: error.message, hint: error.hint };
  if (answer) return { name, state, error: fault, column: settings, ...answer };
  return { name, state, error: fault, column: settings, answer: partial, hits: [], usage: null, timing: null };
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

function columnLines(result: ColumnResult): string[] {
  const { column, state, answer, partial, error } = result;
  const llm = column.llm === 'none' ? 'only retrieval' : column.llm;
  const text = answer?.answer ?? partial;
  return [
    `## ${column.name} (${llm})`,
    ...(text ? text.split('\n') : []),
    ...(state === 'ok' ? [] : [`[${state}${error ? `: ${error.message} ${error.hint}`.trimEnd() : ''}]`]),
    '',
    ...(answer ? [...foundLines(answer), metricsLine(answer)] : []),
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
