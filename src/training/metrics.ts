import type { JobReport } from '../jobs/worker.ts';
import { Pace } from './pace.ts';
import { GradNorms, parseLossLine } from './readers/loss-lines.ts';
import { parseTrainerLogLine } from './readers/trainer-log.ts';
import { FileTail } from './tail-file.ts';

export interface MetricSources {
  /** `trainer_log.jsonl`. */
  readonly rows: string;
  /** Bytes of it that an earlier session wrote. */
  readonly rowsFrom: number;
  /** The engine's stdout, when the gradient norm is only printed there. */
  readonly printed?: string;
  readonly printedFrom?: number;
}

/** Turns what an engine writes into metric and progress events of the job. */
export class MetricFeed {
  readonly #report: JobReport;
  readonly #pace = new Pace();
  readonly #norms = new GradNorms();
  readonly #tails: FileTail[];
  /** The last step seen, and how many there will be; 0 until the engine has said so. */
  last = { step: 0, totalSteps: 0 };

  constructor(report: JobReport, sources: MetricSources) {
    this.#report = report;
    this.#tails = [new FileTail(sources.rows, (line) => this.#row(line), sources.rowsFrom)];
    if (sources.printed !== undefined) {
      this.#tails.push(new FileTail(sources.printed, (line) => this.#printed(line), sources.printedFrom ?? 0));
    }
  }

  look(): void {
    for (const tail of this.#tails) tail.look();
  }

  #row(line: string): void {
    const row = parseTrainerLogLine(line);
    if (!row) return;
    for (const [name, value] of Object.entries(row.values)) this.#report.metric(name, row.step, value);
    if ('loss' in row.values) this.#norm(this.#norms.onStep(row.step));
    this.last = { step: row.step, totalSteps: row.totalSteps };
    const { rate, secondsLeft } = this.#pace.update(row.step, row.totalSteps, performance.now());
    const { loss, epoch } = row.values;
    this.#report.progress({
      phase: 'training',
      done: row.step,
      total: row.totalSteps,
      unit: 'steps',
      rate,
      secondsLeft,
      details: { ...(loss === undefined ? {} : { loss }), ...(epoch === undefined ? {} : { epoch }) },
    });
  }

  #printed(line: string): void {
    const numbers = parseLossLine(line);
    if (numbers) this.#norm(this.#norms.onPrinted(numbers));
  }

  #norm(pairs: readonly { step: number; value: number }[]): void {
    for (const { step, value } of pairs) this.#report.metric('grad_norm', step, value);
  }
}
