import type { JobContext } from '../../jobs/worker.ts';
import { RagtuiError } from '../../platform/errors.ts';
import { itemsOf } from '../blame/run.ts';
import { Crew } from '../crew.ts';
import type { EvaluationItem } from '../plan.ts';
import { readRun } from '../runs.ts';
import { columnsOf } from '../table.ts';
import type { ItemResult } from '../types.ts';
import { ItemJudge } from './judging.ts';
import { relatedWarnings } from './related.ts';

interface Piece {
  readonly item: EvaluationItem;
  readonly results: ReadonlyMap<string, ItemResult>;
}

/** The body of a `judge` job: judges what a run has answered, beside its items; no column is asked. */
export async function judgeRun(context: JobContext<'judge'>): Promise<void> {
  const { work, paths, report, signal } = context;
  const run = readRun(paths, work.run);
  const { folder } = run.view;
  const pieces = await piecesOf(context);
  if (pieces.length === 0) throw new RagtuiError('invalid', `${work.run} has no finished question to judge.`);
  let done = 0;
  const begun = performance.now();
  const progress = (phase: string) => {
    const seconds = (performance.now() - begun) / 1000;
    const rate = done > 0 && seconds > 0 ? done / seconds : null;
    const secondsLeft = rate ? (pieces.length - done) / rate : null;
    const details = {
      judgements: judge?.counts.done ?? 0,
      missing: judge?.counts.missing ?? 0,
      asked: judge?.client.asked ?? 0,
    };
    report.progress({ phase, done, total: pieces.length, unit: 'items', rate, secondsLeft, details });
  };
  let judge: ItemJudge | undefined;
  judge = await ItemJudge.start(paths, work.judge, {
    folder,
    dataset: run.evaluation.dataset,
    columns: run.evaluation.columns,
    digests: Object.fromEntries(Object.entries(run.capsule?.models ?? {}).map(([name, { digest }]) => [name, digest])),
    reuse: true,
    concurrency: work.concurrency,
    signal,
    onStatus: progress,
  });
  const { related } = judge.capsule;
  for (const { text } of relatedWarnings(work.judge.llm, related)) report.log('warn', text);
  const { lane } = judge.client;
  // Some more than the judge has places for: while one is written, the next stands in line.
  const items = () => (work.concurrency === 'auto' ? Math.ceil(1.25 * lane.places) : work.concurrency);
  const crew = new Crew(pieces, {
    places: items(),
    work: async ({ item, results }) => {
      if (signal.aborted) return;
      await judge?.item(item, results);
      done += 1;
      progress(done === pieces.length ? 'done' : 'judging');
      crew.places = items();
    },
  });
  const stop = () => crew.drop();
  signal.addEventListener('abort', stop, { once: true });
  try {
    await crew.all();
  } finally {
    signal.removeEventListener('abort', stop);
    await judge.close();
  }
}

/** The questions of a run in its order, with the last result of each column. */
async function piecesOf({ paths, work }: Pick<JobContext<'judge'>, 'paths' | 'work'>): Promise<Piece[]> {
  const run = readRun(paths, work.run);
  const items = await itemsOf(paths, run);
  const results = new Map<string, Map<string, ItemResult>>();
  for (const { name, baseline, items: rows } of columnsOf(run)) {
    if (baseline) continue;
    for (const result of rows.values()) {
      const own = results.get(result.item) ?? new Map<string, ItemResult>();
      own.set(name, result);
      results.set(result.item, own);
    }
  }
  const pieces = [...items.values()].flatMap((item): Piece[] => {
    const own = results.get(item.id);
    return own ? [{ item, results: own }] : [];
  });
  return pieces.slice(0, work.limit ?? pieces.length);
}
