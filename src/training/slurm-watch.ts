import { setTimeout as delay } from 'node:timers/promises';
import { runStatus } from '../hosts/run.ts';
import { isEnded, type SlurmStanding, sentence } from '../hosts/slurm/standing.ts';
import type { KnownHost, RunStatus } from '../hosts/types.ts';
import type { JobReport } from '../jobs/worker.ts';
import { RagtuiError, toRagtuiError } from '../platform/errors.ts';
import { phase } from './phase.ts';

/** How long Slurm is asked why an engine died, and how often. */
const VERDICT_MS = 15_000;
const ASK_MS = 1000;

const isStanding = (status: RunStatus): status is SlurmStanding => 'ended' in status;

/** Tells what Slurm says while a run waits and goes on: place and start, its node, that it was begun again, that it is deaf. */
export class SlurmWatch {
  readonly #report: JobReport;
  readonly #host: string;
  #waits = '';
  /** Of its rows when it began to wait; undefined: those that were here come again. */
  #rows: number | undefined;
  #where = '';
  #number = '';
  #deafSince: Date | undefined;

  constructor(report: JobReport, host: string) {
    this.#report = report;
    this.#host = host;
  }

  /** `rows`: bytes of its rows that are here. */
  look(status: RunStatus, rows: number): void {
    if (!isStanding(status)) return;
    const { job, unreached, slurm } = status;
    this.#reach(unreached);
    if (this.#number !== '' && slurm.job !== this.#number) this.#report.log('info', `Slurm job ${slurm.job} goes on`);
    this.#number = slurm.job;
    if (!job) return;
    const where = job.state === 'RUNNING' ? job.nodes : '';
    if (where !== '' && where !== this.#where) this.#report.log('info', `Slurm job ${job.job} runs on ${where}`);
    this.#where = where;
    // Slurm is asked every few seconds: its first step may be here before we hear that it waits no more.
    const begins = status.waits === '' && this.#waits !== '' && (this.#rows === undefined || rows === this.#rows);
    if (begins) this.#report.progress(phase(`starting on ${where || this.#host}`));
    if (status.waits !== '' && this.#waits === '') this.#rows = rows;
    // The reason alone is for the log; place and start change all the time.
    const reason = status.waits.split(',')[0] ?? '';
    if (status.waits !== '' && reason !== this.#waits.split(',')[0])
      this.#report.log('info', `${this.#host} ${reason}`);
    this.#waits = status.waits;
  }

  again(step: number): void {
    this.#rows = undefined;
    const from = step > 0 ? `from checkpoint-${step}` : 'from the beginning: no checkpoint was whole';
    this.#report.log('warn', `Slurm began it again, ${from}`);
  }

  #reach(why: string): void {
    if (why !== '' && !this.#deafSince) {
      this.#deafSince = new Date();
      this.#report.reach?.({ host: `Slurm on ${this.#host}`, since: this.#deafSince });
      this.#report.log(
        'warn',
        `Slurm on ${this.#host} cannot be asked (${why}). What runs there goes on; it is tried again`,
      );
    } else if (why === '' && this.#deafSince) {
      this.#deafSince = undefined;
      this.#report.reach?.(null);
      this.#report.log('info', `Slurm on ${this.#host} answers again`);
    }
  }
}

/**
 * How a run ended, with Slurm's own verdict where its engine did not end well: it knows of a memory limit, say. A run that
 * was over when it was looked at first says nothing of Slurm yet; `session` tells that it is one of its.
 */
export async function slurmEnd(host: KnownHost, run: string, end: RunStatus): Promise<RunStatus> {
  if (end.session === undefined || isStanding(end) || !end.result || end.result.code === 0 || end.result.stopped)
    return end;
  const until = performance.now() + VERDICT_MS;
  for (let last = end; ; ) {
    try {
      last = await runStatus(host, run);
    } catch (error) {
      if (toRagtuiError(error).code !== 'network') throw error;
    }
    if ((isStanding(last) && last.job && isEnded(last.job)) || performance.now() > until) return last;
    await delay(ASK_MS);
  }
}

/** Throws why Slurm, and not the engine, ended a run. */
export function throwIfSlurmEnded(host: string, job: string, end: RunStatus): void {
  const resume = `ragtui jobs resume ${job}`;
  const { result } = end;
  if (result?.why === 'limit') {
    throw new RagtuiError(
      'unavailable',
      `Slurm on ${host}: ${result.error}.`,
      `Ask for more time (ragtui hosts add ${host} --time …) or save more often (save_steps), then: ${resume}`,
    );
  }
  if (result?.why === 'memory')
    throw outOfMemory(`The run under Slurm on ${host} is over: ${result.error}.`, host, resume);
  if (!isStanding(end)) return;
  const number = end.slurm.job;
  if (end.ended !== '') {
    throw new RagtuiError(
      'unavailable',
      `Slurm job ${number} on ${host} is over: ${end.ended}.`,
      `Go on from its last checkpoint: ${resume}`,
    );
  }
  if (end.job?.state === 'OUT_OF_MEMORY') {
    throw outOfMemory(`Slurm job ${number} on ${host} is over: ${sentence(end.job, end.slurm.log)}.`, host, resume);
  }
}

const outOfMemory = (message: string, host: string, resume: string): RagtuiError =>
  new RagtuiError('unavailable', message, `Ask for more (ragtui hosts add ${host} --memory 32G), then: ${resume}`);
