import type { JobReport } from '../../jobs/worker.ts';
import type { RagtuiError } from '../../platform/errors.ts';
import type { WorkspacePaths } from '../../platform/paths.ts';
import { STAGE_COUNT, VllmLog } from './log.ts';
import type { ServerExit } from './process.ts';
import { keepTimes, StageClock, usualTimes } from './stage-times.ts';

/** Where it is is told so often; each stage at once. */
const EVERY_SECONDS = 2;

/** Tells how a start goes, stage by stage, with the time each took the last time; keeps the times when it has come up. */
export class StartProgress {
  readonly #report: JobReport;
  readonly #paths: WorkspacePaths;
  readonly #what: string;
  readonly #log = new VllmLog();
  readonly #clock: StageClock;
  readonly #startedAt = performance.now();
  #isReady = false;
  #toldAt = Number.NEGATIVE_INFINITY;

  constructor(report: JobReport, paths: WorkspacePaths, what: string) {
    this.#report = report;
    this.#paths = paths;
    this.#what = what;
    this.#clock = new StageClock(usualTimes(paths, what));
    this.look();
  }

  /** A line of the server's log. */
  line(line: string): void {
    if (!this.#log.push(line) || this.#isReady) return;
    this.#clock.begin(this.#log.stage, this.#seconds);
    const usual = this.#clock.usual;
    const often = usual === undefined ? '' : `, usually ${Math.round(usual)} s`;
    this.#report.log('info', `${this.#log.stageName} (after ${Math.round(this.#seconds)} s${often})`);
    this.#toldAt = Number.NEGATIVE_INFINITY;
    this.look();
  }

  /** Tells where it is now. */
  look(): void {
    if (this.#isReady || this.#seconds - this.#toldAt < EVERY_SECONDS) return;
    this.#toldAt = this.#seconds;
    const usual = this.#clock.usual;
    this.#report.progress({
      phase: this.#log.stageName,
      done: this.#log.stage,
      total: STAGE_COUNT,
      unit: 'stages',
      rate: null,
      secondsLeft: this.#clock.secondsLeft(this.#seconds),
      details: { seconds: Math.round(this.#seconds), ...(usual === undefined ? {} : { usually: Math.round(usual) }) },
    });
  }

  /** It answers. */
  ready(text: string): void {
    this.#isReady = true;
    const seconds = this.#seconds;
    const durations = this.#clock.durations(seconds);
    keepTimes(this.#paths, this.#what, durations);
    const progress = { phase: 'serving', done: STAGE_COUNT, total: STAGE_COUNT, unit: 'stages' };
    this.#report.progress({ ...progress, rate: null, secondsLeft: null });
    this.#report.log('info', `${text} after ${Math.round(seconds)} s`);
    this.#report.artifact('stages', '', { seconds, stages: stageNames(durations) });
  }

  /** Why it ended. */
  fault(exit: ServerExit): RagtuiError {
    return this.#log.fault(exit);
  }

  get #seconds(): number {
    return (performance.now() - this.#startedAt) / 1000;
  }
}

const stageNames = (durations: readonly number[]): Record<string, number> =>
  Object.fromEntries(durations.map((seconds, stage) => [VllmLog.nameOf(stage), Math.round(seconds * 10) / 10]));
