import { appendFileSync } from 'node:fs';
import type { JobReport } from '../jobs/worker.ts';
import { dropRowsAfter } from './earlier-rows.ts';
import { Pace } from './pace.ts';
import { GradNorms, parseLossLine } from './readers/loss-lines.ts';
import { parseTrainerLogLine } from './readers/trainer-log.ts';
import { FileTail } from './tail-file.ts';
import type { TrainingRow } from './types.ts';

export interface MetricSources {
  /** `trainer_log.jsonl`. */
  readonly rows: string;
  /** The step this session goes on from: rows up to it are an earlier session's, told again so that the curve is whole. */
  readonly resumedAt: number;
  /** The engine's stdout, when the gradient norm is only printed there, and where norms are kept for a later session. */
  readonly printed?: { readonly file: string; readonly from: number; readonly kept: string };
}

/** Turns what an engine writes into metric and progress events of the job. */
export class MetricFeed {
  readonly #report: JobReport;
  readonly #pace = new Pace();
  readonly #norms = new GradNorms();
  readonly #tails: FileTail[];
  readonly #resumedAt: number;
  readonly #keptNorms: string | undefined;
  /** The last step seen, and how many there will be; 0 until the engine has said so. */
  last = { step: 0, totalSteps: 0 };

  constructor(report: JobReport, sources: MetricSources) {
    this.#report = report;
    this.#resumedAt = sources.resumedAt;
    dropRowsAfter(sources.rows, sources.resumedAt);
    this.#tails = [new FileTail(sources.rows, (line) => this.#row(line))];
    if (sources.printed === undefined) return;
    const { file, from, kept } = sources.printed;
    this.#keptNorms = kept;
    dropRowsAfter(kept, sources.resumedAt);
    new FileTail(kept, (line) => this.#told(parseTrainerLogLine(line))).look();
    this.#tails.push(new FileTail(file, (line) => this.#printed(line), from));
  }

  look(): void {
    for (const tail of this.#tails) tail.look();
  }

  #row(line: string): void {
    const row = parseTrainerLogLine(line);
    if (!row) return;
    this.#told(row);
    if (row.step <= this.#resumedAt) return;
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

  #told(row: TrainingRow | undefined): void {
    for (const [name, value] of Object.entries(row?.values ?? {})) this.#report.metric(name, row?.step ?? 0, value);
  }

  #printed(line: string): void {
    const numbers = parseLossLine(line);
    if (numbers) this.#norm(this.#norms.onPrinted(numbers));
  }

  #norm(pairs: readonly { step: number; value: number }[]): void {
    for (const { step, value } of pairs) {
      this.#report.metric('grad_norm', step, value);
      const row = { current_steps: step, total_steps: this.last.totalSteps, grad_norm: value };
      if (this.#keptNorms) appendFileSync(this.#keptNorms, `${JSON.stringify(row)}\n`, { mode: 0o600 });
    }
  }
}
