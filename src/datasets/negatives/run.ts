import type { JobContext } from '../../jobs/worker.ts';
import { connectKb } from '../../kb/client.ts';
import { throwIfAborted } from '../../platform/files.ts';
import type { WorkspacePaths } from '../../platform/paths.ts';
import { chunksOf } from '../making/kb-chunks.ts';
import { PhaseProgress } from '../making/progress.ts';
import { RowsToPublish, type Step, sourceOf } from '../making/publish.ts';
import type { Made, MakingOf } from '../making/types.ts';
import { NO_USAGE } from '../making/usage.ts';
import { openDataset } from '../open.ts';
import { Difficulty } from './difficulty.ts';
import { makeFinders } from './finders.ts';
import { mineNegatives } from './mine.ts';
import { readRows } from './pool.ts';
import { MINING_FILE, type Mined, QUARANTINE_FILE, type Quarantined } from './types.ts';
import { startVotes } from './votes.ts';

type Work = MakingOf<'negatives'>;

/** The body of a `make-data` job that makes negatives. */
export async function makeNegatives(
  { paths, folder, report, signal }: Pick<JobContext, 'paths' | 'folder' | 'report' | 'signal'>,
  work: Work,
): Promise<Made> {
  const dataset = openDataset(paths, work.dataset, { version: work.version });
  const part = work.part === 'all' ? undefined : work.part;
  const progress = new PhaseProgress(report);
  progress.begin('reading', 0, 'rows');
  const kb = work.kb ? await connectKb(paths, { signal }) : null;
  const rowsOut = new RowsToPublish(paths, { as: work.as, kind: 'retrieval', ...lineageOf(paths, work), signal });
  const onNote = (text: string) => report.log('warn', text);
  const closers: (() => Promise<void> | void)[] = [() => kb?.close()];
  try {
    const passages = kb && work.kb ? await textsOf(chunksOf(kb, work.kb, { signal })) : undefined;
    const { rows, pool } = await readRows(dataset, part, passages);
    const finders = await makeFinders({ paths, work, rows, pool, kb, progress, signal, onNote });
    closers.push(finders.close);
    const votes = await startVotes({ paths, folder, work, signal, onNote });
    closers.push(votes.close);
    const tally = new Tally();
    progress.begin('mining', rows.length, 'rows');
    let done = 0;
    for await (const one of mineNegatives(rows, pool, {
      ...work,
      finders: finders.bySource,
      measure: finders.measure,
      measuredBy: finders.measuredBy,
      votes: votes.all,
    })) {
      if (one.row) rowsOut.add(one.row);
      tally.add(one.mined, one.quarantined, one.short, one.row === null);
      tally.difficulty.add(one.mined, one.random);
      progress.advance(++done, rows.length, { quarantined: tally.quarantine.length });
      throwIfAborted(signal);
    }
    const { manifest, added } = await rowsOut.publish(
      { [MINING_FILE]: tally.mined, [QUARANTINE_FILE]: tally.quarantine },
      'no question has a negative left.',
    );
    const { name, version, kind } = manifest;
    return {
      dataset: name,
      version,
      kind,
      rows: manifest.rows,
      added,
      counts: { ...tally.counts(), passages: pool.texts.length },
      notes: tally.notes(finders.measuredBy),
      usage: votes.usage?.() ?? NO_USAGE,
      cost: votes.cost?.() ?? null,
    };
  } finally {
    rowsOut.discard();
    for (const close of closers.reverse()) await close();
  }
}

async function textsOf(chunks: AsyncIterable<{ text: string }>): Promise<string[]> {
  const texts: string[] = [];
  for await (const { text } of chunks) texts.push(text);
  return texts;
}

function lineageOf(paths: WorkspacePaths, work: Work) {
  const { manifest } = openDataset(paths, work.dataset, { version: work.version });
  const { seed, part, instruction, sources, kb, margin, fill, audit } = work;
  const step: Step = {
    name: 'negatives',
    parameters: {
      part,
      instruction,
      sources: JSON.stringify(sources),
      ...(kb ? { kb: kb.name, group: kb.group ?? '' } : {}),
      ...(margin ? { margin: `${margin.kind} ${margin.value}` } : {}),
      fill,
      audit: JSON.stringify(audit),
    },
    seed,
  };
  return { ...sourceOf(manifest), step };
}

/** Counts what was made and what was set apart. */
class Tally {
  readonly mined: Mined[] = [];
  readonly quarantine: Quarantined[] = [];
  readonly difficulty = new Difficulty();
  private short = 0;
  private empty = 0;

  add(mined: Mined, quarantined: readonly Quarantined[], short: number, empty: boolean): void {
    // Rows without a negative are not in the dataset, and its rows are numbered anew.
    if (empty) this.empty += 1;
    else this.mined.push({ ...mined, row: this.mined.length });
    this.quarantine.push(...quarantined);
    if (short > 0) this.short += 1;
  }

  counts(): Record<string, number> {
    const bySource = new Map<string, number>();
    for (const { from } of this.mined.flatMap(({ negatives }) => negatives)) {
      bySource.set(from, (bySource.get(from) ?? 0) + 1);
    }
    const byRule = new Map<string, number>();
    for (const { reasons } of this.quarantine) {
      for (const { rule } of reasons) byRule.set(rule, (byRule.get(rule) ?? 0) + 1);
    }
    const named = (prefix: string, counts: Map<string, number>) =>
      Object.fromEntries([...counts].map(([key, count]) => [`${prefix}: ${key}`, count]));
    return { ...named('negatives', bySource), ...named('quarantined', byRule), ...this.difficulty.counts() };
  }

  notes(measuredBy: string | null): string[] {
    return [
      ...(this.short > 0 ? [`${this.short} questions got fewer negatives than asked for.`] : []),
      ...(this.empty > 0 ? [`${this.empty} questions have no negative left and were left out.`] : []),
      ...this.difficulty.notes(measuredBy),
    ];
  }
}
