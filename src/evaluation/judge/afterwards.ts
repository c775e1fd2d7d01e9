import { openQaDataset } from '../../datasets/open.ts';
import { launchJob } from '../../jobs/launcher.ts';
import { listJobs } from '../../jobs/registry.ts';
import { isOver, type JobView } from '../../jobs/types.ts';
import { RagtuiError } from '../../platform/errors.ts';
import type { WorkspacePaths } from '../../platform/paths.ts';
import { isServed } from '../../serving/resolve.ts';
import { parseLlm } from '../../serving/servers.ts';
import type { RunNote } from '../notes.ts';
import { readRun, workOf } from '../runs.ts';
import { embedderFor } from '../sample-language.ts';
import type { Evaluation, Judging } from '../types.ts';
import { relatedColumns, relatedWarnings } from './related.ts';
import { judgeSettings, metricWish } from './wish.ts';

export interface JudgingWish {
  readonly judge: string;
  /** Null: all that apply. */
  readonly metrics: readonly string[] | null;
  /** Null: the run's own, else by the language of the dataset. */
  readonly metricEmbedder: string | null;
  readonly limit: number | null;
  readonly concurrency: Evaluation['concurrency'];
}

/**
 * What judging a run would be, the models that it needs, and what to mind. Errors: `not-found`, `busy` while the run goes
 * on or somebody judges it with this judge, `usage` for metrics of no judge, those of the dataset.
 */
export async function prepareJudging(
  paths: WorkspacePaths,
  id: string,
  wish: JudgingWish,
): Promise<{ judging: Judging; models: string[]; warnings: RunNote[] }> {
  const { view } = readRun(paths, id);
  const run = view.spec.id;
  const evaluation = workOf(view);
  if (!isOver(view.state)) {
    throw new RagtuiError('busy', `${run} is ${view.state}.`, 'Judge it when it is over, or stop it.');
  }
  const other = listJobs(paths).find(
    ({ spec: { work }, state }) =>
      work.kind === 'judge' && work.run === run && work.judge.llm === wish.judge && !isOver(state),
  );
  if (other) throw new RagtuiError('busy', `${wish.judge} judges ${run} already: ${other.spec.id}.`);
  const { judged, named, added } = metricWish(wish.metrics, wish.judge);
  const [foreign] = [...(wish.metrics === null ? [] : (named ?? [])), ...added];
  if (foreign !== undefined) {
    throw new RagtuiError(
      'usage',
      `${foreign} needs no judge.`,
      'It is measured by the run itself: ragtui eval run --metrics',
    );
  }
  const dataset = openQaDataset(paths, evaluation.dataset, { version: evaluation.version });
  const embedder =
    wish.metricEmbedder ?? ownEmbedder(evaluation) ?? (await embedderFor(dataset.rows(evaluation.split)));
  const judge = judgeSettings(wish.judge, { judged, columns: evaluation.columns, embedder });
  const { limit, concurrency } = wish;
  return {
    judging: { run, judge, limit, concurrency },
    models: judgeModels(paths, judge),
    warnings: relatedWarnings(wish.judge, relatedColumns(paths, wish.judge, evaluation.columns)),
  };
}

/** Judges a run that is over, as a job. Errors: those of `launchJob`. */
export const startJudging = (paths: WorkspacePaths, judging: Judging): Promise<JobView> =>
  launchJob(paths, { kind: 'judge', ...judging });

/** What a judge needs on this disk. */
export function judgeModels(
  paths: WorkspacePaths,
  { llm, embedder, metrics }: Pick<Judging['judge'], 'llm' | 'embedder' | 'metrics'>,
): string[] {
  return [
    ...(isServed(paths, llm) ? [] : [parseLlm(llm).name]),
    ...(metrics.includes('answer-relevance') ? [embedder] : []),
  ];
}

const COSINE = 'cosine@';
const ownEmbedder = ({ metrics, judge }: Evaluation): string | undefined =>
  judge?.embedder ?? metrics.find((name) => name.startsWith(COSINE))?.slice(COSINE.length);
