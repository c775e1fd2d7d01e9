import { RagtuiError } from '../../platform/errors.ts';
import type { Column } from '../../rag/types.ts';
import { judgeable } from './judge.ts';
import { JUDGE_METRICS, type JudgeMetric, type JudgeSettings } from './types.ts';

/** Room for a judge that thinks before it replies. */
const MAX_TOKENS = 1024;

/** Metrics as they were asked for: `exact,+faithfulness`. */
export interface MetricWish {
  /** Those that need no judge; null: all that apply. */
  readonly named: readonly string[] | null;
  /** Those of them that come in addition to all that apply (`+exact`). */
  readonly added: readonly string[];
  /** Null: all that apply. */
  readonly judged: readonly JudgeMetric[] | null;
}

/**
 * Parts names as `--metrics` takes them; a name with a plus is in addition to all that apply, and one such name makes all of
 * them so. Errors: `usage` for a judge's metric without a judge. Pure.
 */
export function metricWish(names: readonly string[] | null, judge: string | null): MetricWish {
  if (names === null) return { named: null, added: [], judged: null };
  const plus = names.some((name) => name.startsWith('+'));
  const plain: string[] = [];
  const judged: JudgeMetric[] = [];
  for (const name of names.map((one) => one.replace(/^\+/, ''))) {
    const metric = JUDGE_METRICS.find((one) => name === one || name.startsWith(`${one}@`));
    if (metric === undefined) plain.push(name);
    else if (judge !== null && (name === metric || name === `${metric}@${judge}`)) judged.push(metric);
    else
      throw new RagtuiError('usage', `${name} needs a judge.`, `Add --judge ENDPOINT|MODEL, and --metrics +${metric}.`);
  }
  return {
    named: plus ? null : plain,
    added: plus ? plain : [],
    judged: judged.length > 0 ? [...new Set(judged)] : null,
  };
}

/** Errors: `usage` when nothing was named but what a judge is for: the verdict is about a metric that needs none. Pure. */
export function assertOwnMetric({ named, judged }: MetricWish): void {
  if (named === null || named.length > 0 || judged === null) return;
  throw new RagtuiError(
    'usage',
    'A run needs a metric that needs no judge: its verdict is about that one.',
    `In addition to all that apply: --metrics ${judged.map((one) => `+${one}`).join(',')}`,
  );
}

/** What a judge is asked for; null: nothing about these columns. Errors: `usage` for what was named and does not apply. */
export function judgeSettings(
  llm: string,
  {
    judged,
    columns,
    embedder,
  }: { judged: readonly JudgeMetric[] | null; columns: readonly Column[]; embedder: string },
): JudgeSettings {
  const applies = (metric: JudgeMetric): boolean => {
    const about = columns.filter((column) => judgeable(metric, column));
    return metric === 'preference' ? about.length > 1 && about[0] === columns[0] : about.length > 0;
  };
  const [wrong] = (judged ?? []).filter((metric) => !applies(metric));
  if (wrong !== undefined) {
    throw new RagtuiError(
      'usage',
      wrong === 'preference'
        ? 'preference needs two columns that answer, the first of them to compare with.'
        : `${wrong} says nothing about these columns: ${NEEDS[wrong]}`,
    );
  }
  const metrics = JUDGE_METRICS.filter((metric) => judged?.includes(metric) ?? applies(metric));
  if (metrics.length === 0)
    throw new RagtuiError('usage', 'There is nothing to judge: no column answers or retrieves.');
  return { llm, metrics, embedder, maxTokens: MAX_TOKENS };
}

const NEEDS: Readonly<Record<Exclude<JudgeMetric, 'preference'>, string>> = {
  faithfulness: 'one must answer from a passage.',
  'answer-relevance': 'one must answer.',
  'judge-context-recall': 'one must read or retrieve passages.',
};
