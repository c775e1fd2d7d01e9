import { appendFileSync, readFileSync } from 'node:fs';
import type { JobReport } from '../jobs/worker.ts';
import { RESUMED } from './curves.ts';
import { dropRowsAfter } from './earlier-rows.ts';
import { Pace, RateWindow } from './pace.ts';
import { GradNorms, isBegunAgain, parseLossLine } from './readers/loss-lines.ts';
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
  /** Where the steps are kept from which sessions went on. */
  readonly sessions?: string;
}

/** Turns what an engine writes into metric and progress events of the job. */
export class MetricFeed {
  readonly #report: JobReport;
  readonly #pace = new Pace();
  readonly #tokens = new RateWindow();
  readonly #norms = new GradNorms();
  readonly #tails: FileTail[];
  readonly #rows: FileTail;
  readonly #sources: MetricSources;
  /** What was told last at each step, by metric and step: what is the same again is not told twice. */
  readonly #toldAt = new Map<string, number>();
  #resumedAt: number;
  readonly #keptNorms: string | undefined;
  /** The last step seen, and how many there will be; 0 until the engine has said so. */
  last = { step: 0, totalSteps: 0 };

  constructor(report: JobReport, sources: MetricSources) {
    this.#report = report;
    this.#sources = sources;
    this.#resumedAt = sources.resumedAt;
    dropRowsAfter(sources.rows, sources.resumedAt);
    if (sources.sessions !== undefined) this.#tellSessions(sources.sessions);
    this.#rows = new FileTail(sources.rows, (line) => this.#row(line));
    this.#tails = [this.#rows];
    if (sources.printed === undefined) return;
    const { file, from, kept } = sources.printed;
    this.#keptNorms = kept;
    dropRowsAfter(kept, sources.resumedAt);
    new FileTail(kept, (line) => this.#told(parseTrainerLogLine(line))).look();
    // First: a mark in it says which lines are of an earlier session.
    this.#tails.unshift(new FileTail(file, (line) => this.#printed(line), from));
  }

  /** Marks where this session and those before it went on; a training that begins anew forgets them. */
  #tellSessions(file: string): void {
    dropRowsAfter(file, this.#resumedAt - 1);
    if (this.#resumedAt > 0) keepRow(file, { current_steps: this.#resumedAt, total_steps: 0 });
    new FileTail(file, (line) => {
      const step = parseTrainerLogLine(line)?.step;
      if (step !== undefined) this.#tell(RESUMED, step, 1);
    }).look();
  }

  /** The engine was begun again from the checkpoint of that step while we looked: its rows begin anew, without later ones. */
  again(step: number): void {
    this.#resumedAt = step;
    this.#norms.forgetSteps();
    this.#rows.rewind();
    if (this.#keptNorms !== undefined) dropRowsAfter(this.#keptNorms, step);
    if (this.#sources.sessions !== undefined) this.#tellSessions(this.#sources.sessions);
  }

  look(): void {
    for (const tail of this.#tails) tail.look();
  }

  #row(line: string): void {
    const row = parseTrainerLogLine(line);
    if (!row) return;
    this.#told(row);
    if (row.step <= this.#resumedAt) return;
    this.last = { step: row.step, totalSteps: row.totalSteps };
    if ('loss' in row.values) this.#norm(this.#norms.onStep(row.step));
    const now = performance.now();
    const { rate, secondsLeft } = this.#pace.update(row.step, row.totalSteps, now);
    const { loss, epoch, total_tokens: tokens } = row.values;
    const tokenRate = tokens === undefined ? null : this.#tokens.update(tokens, now);
    if (tokenRate !== null && loss !== undefined) this.#keep('tokens_per_second', row.step, tokenRate);
    this.#report.progress({
      phase: 'training',
      done: row.step,
      total: row.totalSteps,
      unit: 'steps',
      rate,
      secondsLeft,
      details: {
        ...(loss === undefined ? {} : { loss }),
        ...(epoch === undefined ? {} : { epoch }),
        ...(tokenRate === null ? {} : { 'tokens/s': tokenRate }),
      },
    });
  }

  #told(row: TrainingRow | undefined): void {
    for (const [name, value] of Object.entries(row?.values ?? {})) this.#tell(name, row?.step ?? 0, value);
  }

  #tell(name: string, step: number, value: number): void {
    const key = `${name}@${step}`;
    if (this.#toldAt.get(key) === value) return;
    this.#toldAt.set(key, value);
    this.#report.metric(name, step, value);
  }

  #printed(line: string): void {
    if (isBegunAgain(line)) this.#norms.forgetPrinted();
    const numbers = parseLossLine(line);
    if (numbers) this.#norm(this.#norms.onPrinted(numbers));
  }

  #norm(pairs: readonly { step: number; value: number }[]): void {
    for (const { step, value } of pairs) this.#keep('grad_norm', step, value);
  }

  /** Tells a number that the engine's own rows lack, and keeps it for a later session. */
  #keep(name: 'grad_norm' | 'tokens_per_second', step: number, value: number): void {
    this.#tell(name, step, value);
    const row = { current_steps: step, total_steps: this.last.totalSteps, [name]: value };
    if (this.#keptNorms) keepRow(this.#keptNorms, row);
  }
}

/** Files of a tune in which its numbers are kept; those that are missing told nothing. */
export interface KeptNumbers {
  readonly rows: string;
  readonly kept: string;
  readonly sessions: string;
}

/** Tells the numbers of earlier sessions, for a job that finds the training done: its curve is whole all the same. */
export function tellEarlier(report: JobReport, { rows, kept, sessions }: KeptNumbers): void {
  for (const file of [rows, kept]) {
    new FileTail(file, (line) => {
      const row = parseTrainerLogLine(line);
      for (const [name, value] of Object.entries(row?.values ?? {})) report.metric(name, row?.step ?? 0, value);
    }).look();
  }
  new FileTail(sessions, (line) => {
    const step = parseTrainerLogLine(line)?.step;
    if (step !== undefined) report.metric(RESUMED, step, 1);
  }).look();
}

const keepRow = (file: string, row: object): void => appendFileSync(file, `${JSON.stringify(row)}\n`, { mode: 0o600 });

/** The losses in a file of training rows, by step. */
export function lossOf(file: string): { step: number; value: number }[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((line) => {
      const row = parseTrainerLogLine(line);
      const value = row?.values['loss'];
      return row && value !== undefined ? [{ step: row.step, value }] : [];
    });
}
