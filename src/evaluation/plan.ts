import { createHash } from 'node:crypto';
import { isComplete, type QaRow } from '../datasets/types.ts';
import type { Column } from '../rag/types.ts';
import { Random } from './statistics/random.ts';

/** One question of a run. */
export interface EvaluationItem {
  /** The row's id; made unique where a dataset repeats one. */
  readonly id: string;
  readonly contextId: string;
  readonly context: string;
  readonly question: string;
  readonly answers: readonly string[];
  /** Hash of question, context and answers. */
  readonly content: string;
}

export interface PlanOptions {
  readonly limit: number | null;
  readonly seed: number;
  /** Absent: they read passages. */
  readonly columns?: readonly Pick<Column, 'context'>[];
}

/** 32 hex characters of the sha256 of a JSON value. */
export function hashOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 32);
}

/**
 * The items of a run in their order: rows are drawn by the seed (so a smaller limit is a part of a larger one), and those
 * that share a context then stand together, for servers that keep the prefix. Incomplete rows are left out. Pure.
 */
export function planItems(rows: readonly QaRow[], options: PlanOptions): EvaluationItem[] {
  const reads = options.columns?.some(({ context }) => context !== 'none') ?? true;
  // Where no column reads anything, a row needs no passage.
  const usable = withUniqueIds(rows).filter((row) => isComplete(reads ? row : { ...row, context: row.context || '–' }));
  const drawn = new Random(options.seed).shuffled(usable).slice(0, options.limit ?? usable.length);
  const byContext = new Map<string, EvaluationItem[]>();
  for (const { id, contextId, context, question, answers } of drawn) {
    const item = { id, contextId, context, question, answers, content: hashOf([question, context, answers]) };
    byContext.set(contextId, [...(byContext.get(contextId) ?? []), item]);
  }
  return [...byContext.values()].flat();
}

function withUniqueIds(rows: readonly QaRow[]): QaRow[] {
  const seen = new Map<string, number>();
  return rows.map((row) => {
    const count = (seen.get(row.id) ?? 0) + 1;
    seen.set(row.id, count);
    return count === 1 ? row : { ...row, id: `${row.id}~${count}` };
  });
}
