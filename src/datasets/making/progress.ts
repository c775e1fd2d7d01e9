import type { JobReport } from '../../jobs/worker.ts';

/** Units between which the rate is smoothed: about the last half minute counts. */
const HALF_LIFE_MS = 15_000;

/** Tells how far a phase of a job is, with a smoothed rate and the time left. */
export class PhaseProgress {
  private phase = '';
  private unit = '';
  private rate: number | null = null;
  private lastDone = 0;
  private lastAt = 0;

  constructor(
    private readonly report: Pick<JobReport, 'progress'>,
    private readonly now: () => number = () => performance.now(),
  ) {}

  begin(phase: string, total: number, unit: string): void {
    this.phase = phase;
    this.unit = unit;
    this.rate = null;
    this.lastDone = 0;
    this.lastAt = this.now();
    this.tell(0, total, {});
  }

  advance(done: number, total: number, details: Readonly<Record<string, number>> = {}): void {
    const now = this.now();
    const elapsed = now - this.lastAt;
    if (done > this.lastDone && elapsed > 0) {
      const pace = (1000 * (done - this.lastDone)) / elapsed;
      const keep = 0.5 ** (elapsed / HALF_LIFE_MS);
      this.rate = this.rate === null ? pace : keep * this.rate + (1 - keep) * pace;
      this.lastDone = done;
      this.lastAt = now;
    }
    this.tell(done, total, details);
  }

  private tell(done: number, total: number, details: Readonly<Record<string, number>>): void {
    const { phase, unit, rate } = this;
    const secondsLeft = rate ? Math.max(0, total - done) / rate : null;
    this.report.progress({ phase, done, total, unit, rate, secondsLeft, details: { ...details } });
  }
}
