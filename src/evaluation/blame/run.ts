import { openQaDataset } from '../../datasets/open.ts';
import { connectKb } from '../../kb/client.ts';
import type { KbClient } from '../../kb/protocol.ts';
import { RagtuiError } from '../../platform/errors.ts';
import type { WorkspacePaths } from '../../platform/paths.ts';
import { isFailure } from '../item-state.ts';
import { findMetric } from '../metrics/registry.ts';
import { isTaken } from '../metrics/types.ts';
import { type EvaluationItem, planItems } from '../plan.ts';
import { type EvaluationRun, readRun } from '../runs.ts';
import { columnsOf } from '../table.ts';
import type { ItemResult } from '../types.ts';
import { kbFacts } from './kb-facts.ts';
import { BLAME_LABELS, type BlamedItem, type BlameLabel, blameLabel, evidenceRank } from './label.ts';

export interface BlameCount {
  readonly label: BlameLabel;
  readonly count: number;
  /** Points of the primary metric (a share) that the column would gain were each of them right: an upper bound. */
  readonly gain: number;
}

export interface ColumnBlame {
  readonly column: string;
  readonly items: number;
  readonly wrong: number;
  readonly labels: readonly BlameCount[];
  /** Label of each wrong item, by its id. */
  readonly byItem: Readonly<Record<string, BlameLabel>>;
}

export interface BlameReport {
  readonly run: string;
  readonly metric: string;
  /** An item is wrong below this score. */
  readonly below: number;
  readonly columns: readonly ColumnBlame[];
}

export interface BlameOptions {
  /** Absent: the run's primary metric. */
  readonly metric?: string;
  /** A share; absent: 1 for a 0/1 metric, else 0.5. */
  readonly below?: number;
  readonly signal: AbortSignal;
}

/**
 * Says of every wrong item of every column where it went wrong, and what mending each kind would gain at most.
 * Errors: `not-found`, `invalid` when the dataset of the run is gone or the run lacks the metric.
 */
export async function blameRun(paths: WorkspacePaths, id: string, options: BlameOptions): Promise<BlameReport> {
  const run = readRun(paths, id);
  const { evaluation } = run;
  const metric = findMetric(options.metric ?? evaluation.primary);
  if (metric.direction === 'lower' || isTaken(metric)) {
    throw new RagtuiError('usage', `${metric.name} says nothing about right and wrong.`, 'Name another --metric.');
  }
  const below = options.below ?? (metric.binary ? 1 : 0.5);
  const items = await itemsOf(paths, run);
  const needsKb = evaluation.columns.some(({ context }) => context === 'retrieved') && evaluation.kb !== null;
  const kb = needsKb ? await connectKb(paths, { signal: options.signal }) : null;
  try {
    const columns: ColumnBlame[] = [];
    for (const table of columnsOf(run).filter(({ baseline }) => !baseline)) {
      const results = [...table.items.values()];
      columns.push(
        await blameColumn({ run, kb, items, metric: metric.name, below, signal: options.signal }, table.name, results),
      );
    }
    return { run: run.view.spec.id, metric: metric.name, below, columns };
  } finally {
    await kb?.close();
  }
}

/** What was asked, by id, with the gold passages. Errors: `not-found`, `invalid` when the dataset is gone. */
export async function itemsOf(
  paths: WorkspacePaths,
  { evaluation }: Pick<EvaluationRun, 'evaluation'>,
): Promise<Map<string, EvaluationItem>> {
  const dataset = openQaDataset(paths, evaluation.dataset, { version: evaluation.version });
  const rows = [];
  for await (const row of dataset.rows(evaluation.split)) rows.push(row);
  return new Map(planItems(rows, evaluation).map((item) => [item.id, item]));
}

interface Blaming {
  readonly run: EvaluationRun;
  readonly kb: KbClient | null;
  readonly items: ReadonlyMap<string, EvaluationItem>;
  readonly metric: string;
  readonly below: number;
  readonly signal: AbortSignal;
}

async function blameColumn(blaming: Blaming, name: string, results: readonly ItemResult[]): Promise<ColumnBlame> {
  const byItem: Record<string, BlameLabel> = {};
  const gains = new Map<BlameLabel, number>();
  let judged = 0;
  for (const result of results) {
    const score = isFailure(result) ? 0 : result.scores[blaming.metric];
    if (score === null || score === undefined) continue;
    judged += 1;
    if (score >= blaming.below) continue;
    const label = await labelOf(blaming, name, result);
    byItem[result.item] = label;
    gains.set(label, (gains.get(label) ?? 0) + 1 - score);
  }
  const counts = Object.values(byItem);
  return {
    column: name,
    items: judged,
    wrong: counts.length,
    byItem,
    labels: BLAME_LABELS.flatMap((label) => {
      const count = counts.filter((one) => one === label).length;
      return count === 0 ? [] : [{ label, count, gain: (gains.get(label) ?? 0) / judged }];
    }),
  };
}

async function labelOf({ run, kb, items, signal }: Blaming, name: string, result: ItemResult): Promise<BlameLabel> {
  const { evaluation } = run;
  const column = evaluation.columns.find((one) => one.name === name);
  const item = items.get(result.item);
  if (!column || !item) return 'other';
  const blamed: BlamedItem = {
    goldContext: item.context,
    contextId: item.contextId,
    answers: item.answers,
    output: result.output,
    retrieved: result.retrieved,
    topK: column.topK,
    failed: isFailure(result),
    context: column.context,
    hasLlm: column.llm !== 'none',
  };
  const lost = column.context === 'retrieved' && !blamed.failed && evidenceRank(blamed) === undefined;
  const facts =
    lost && kb && evaluation.kb !== null
      ? await kbFacts(kb, evaluation.kb, blamed, { group: column.group, signal })
      : { inKb: null, whole: null };
  return blameLabel(blamed, facts);
}
