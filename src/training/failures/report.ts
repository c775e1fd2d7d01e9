import { jobFiles } from '../../jobs/folder.ts';
import type { JobContext } from '../../jobs/worker.ts';
import type { RagtuiError } from '../../platform/errors.ts';
import { endOfFile } from '../../platform/file-end.ts';
import { nextRungOf } from '../forecast/next-rung.ts';
import { rungText } from '../forecast/rung-text.ts';
import type { Rung } from '../forecast/types.ts';
import { readDivergence } from './divergence.ts';
import { type End, readEarlyEnd } from './early-end.ts';
import { faultOf, keepFailure } from './file.ts';
import { oomKills } from './oom-kills.ts';
import { type EngineEnd, readFailure } from './read.ts';
import type { Failure } from './types.ts';

type Context = JobContext<'train-llm'> | JobContext<'train-embedder'>;

/** Several processes tell their tracebacks at once, and the first one's stands on top. */
const READ_BYTES = 512 * 1024;

/** Watches one run of an engine for what makes it fail. */
export class FailureWatch {
  readonly #context: Context;
  readonly #engine: string;
  readonly #oomBefore = oomKills();

  constructor(context: Context, engine: string) {
    this.#context = context;
    this.#engine = engine;
  }

  /**
   * Throws when the run failed, with the cause, its lines in the job's log and in `failure.json`, and after an
   * out-of-memory what to change next. Also for a run that ended well but trained nothing but NaN, or not to its end.
   */
  async throwIfFailed(exit: EngineEnd, end: End): Promise<void> {
    const { folder, spec } = this.#context;
    const files = jobFiles(folder);
    const failure =
      exit.code === 0
        ? (readDivergence(this.#engine, endOfFile(files.stdout)) ?? readEarlyEnd(this.#engine, spec.id, end))
        : readFailure(
            this.#engine,
            { ...exit, oomKilled: exit.oomKilled ?? oomKills() > this.#oomBefore },
            endOfFile(files.stderr, READ_BYTES),
          );
    if (failure) throw await this.#tell(failure);
  }

  async #tell(found: Failure): Promise<RagtuiError> {
    const { spec, folder, report } = this.#context;
    const rung = found.kind === 'memory' || found.kind === 'killed' ? await this.#rung() : undefined;
    const failure: Failure = rung
      ? {
          ...found,
          hint: `${found.hint} Next: ragtui jobs retry ${spec.id} --next-rung (${rungText(rung)}).`,
          rung: { id: rung.id, changes: { ...rung.changes }, keepsBatch: rung.keepsBatch },
        }
      : found;
    for (const line of failure.lines) report.log('error', line);
    keepFailure(folder, failure);
    return faultOf(failure);
  }

  /** Whatever keeps us from knowing it must not hide why the training failed. */
  async #rung(): Promise<Rung | undefined> {
    const { paths, work, signal } = this.#context;
    try {
      return await nextRungOf(paths, work, signal);
    } catch {
      return undefined;
    }
  }
}
