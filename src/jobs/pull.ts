import { pullModel } from '../models/pull.ts';
import { findModel } from '../models/store.ts';
import type { PullProgress } from '../models/types.ts';
import type { Progress } from './types.ts';
import type { JobContext } from './worker.ts';

/** The body of a `pull` job: downloads its models one after the other. */
export async function pullForJob({ work, paths, report, signal }: JobContext<'pull'>): Promise<void> {
  const total = work.models.flatMap((id) => findModel(paths, id).files).reduce((sum, { bytes }) => sum + bytes, 0);
  const tally = new PullTally(total, performance.now());
  for (const id of work.models) {
    const onProgress = (progress: PullProgress) => report.progress(tally.update(progress, performance.now()));
    const { folder } = await pullModel(paths, id, { signal, onProgress });
    report.artifact(id, folder);
  }
}

/** Progress over all files of all models. Pure but for what it remembers; times in milliseconds. */
export class PullTally {
  readonly #total: number;
  readonly #startedAt: number;
  readonly #bytes = new Map<string, number>();
  #fresh = 0;

  constructor(total: number, startedAt: number) {
    this.#total = total;
    this.#startedAt = startedAt;
  }

  update({ model, file, source, phase, bytes }: PullProgress, now: number): Progress {
    const key = `${model}/${file}`;
    const before = this.#bytes.get(key);
    // What was there already (a resumed file) says nothing about the speed.
    if (phase === 'downloading' && before !== undefined) this.#fresh += Math.max(0, bytes - before);
    if (file) this.#bytes.set(key, Math.max(bytes, before ?? 0));
    const done = Math.min(
      this.#total,
      [...this.#bytes.values()].reduce((sum, one) => sum + one, 0),
    );
    const seconds = (now - this.#startedAt) / 1000;
    const rate = this.#fresh > 0 && seconds > 0 ? this.#fresh / seconds : null;
    return {
      phase: `${phase} ${model}${source ? ` from ${source}` : ''}`,
      done,
      total: this.#total,
      unit: 'bytes',
      rate,
      secondsLeft: rate ? (this.#total - done) / rate : null,
      details: {},
    };
  }
}
