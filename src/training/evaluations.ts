import type { JobReport } from '../jobs/worker.ts';
import { parseJson } from '../platform/json.ts';
import { PRIMARY } from './curves.ts';
import { parseTrainerLogLine } from './readers/trainer-log.ts';
import { FileTail } from './tail-file.ts';

const TOLD = ['eval_recall@1', 'eval_recall@5', 'eval_recall@10', PRIMARY, 'eval_ndcg@10', 'eval_loss'] as const;

/** The held-out numbers at one step; step 0 is the base. */
export interface Evaluation {
  readonly step: number;
  readonly values: Readonly<Record<string, number>>;
}

/** Follows the held-out evaluations in the rows of a training: says each in the log, and that one is going on. */
export class EvaluationFeed {
  readonly #report: JobReport;
  #resumedAt: number;
  readonly #tail: FileTail;
  readonly #found: Evaluation[] = [];

  /** Rows of steps before `resumedAt` are an earlier session's. */
  constructor(report: JobReport, rows: string, resumedAt: number) {
    this.#report = report;
    this.#resumedAt = resumedAt;
    this.#tail = new FileTail(rows, (line) => this.#row(line));
  }

  look(): void {
    this.#tail.look();
  }

  /** The rows begin anew, up to that step: those behind it are evaluated again. */
  again(step: number): void {
    this.#resumedAt = step;
    this.#found.length = 0;
    this.#tail.rewind();
  }

  /** In the order of their steps. */
  get all(): readonly Evaluation[] {
    return this.#found;
  }

  #row(line: string): void {
    const row = parseTrainerLogLine(line);
    const content = parseJson(line);
    if (!row || typeof content !== 'object' || content === null) return;
    const { step, totalSteps, values } = row;
    if ('phase' in content) {
      const details = { done: step, total: totalSteps, unit: 'steps', rate: null, secondsLeft: null };
      this.#report.progress({ phase: 'searching the held-out rows', ...details });
    }
    if (values[PRIMARY] === undefined) return;
    this.#found.push({ step, values });
    if (step < this.#resumedAt) return;
    const seconds = 'eval_runtime' in content ? ` (${Number(content.eval_runtime).toFixed(1)} s)` : '';
    this.#report.log('info', `Held-out rows at step ${step}${seconds}: ${numbersText(values)}`);
  }
}

/** `recall@1 0.500 · … · loss 1.234`: what was measured, of the usual numbers. */
export const numbersText = (values: Readonly<Record<string, number>>): string =>
  TOLD.flatMap((name) => {
    const value = values[name];
    return value === undefined ? [] : [`${name.slice('eval_'.length)} ${value.toFixed(3)}`];
  }).join(' · ');

/** The evaluation with the highest MRR@10, the earliest of equal ones; the base does not count. Undefined without one. */
export function bestOf(all: readonly Evaluation[]): Evaluation | undefined {
  const mrr = ({ values }: Evaluation): number => values[PRIMARY] ?? Number.NEGATIVE_INFINITY;
  return all
    .filter(({ step }) => step > 0)
    .reduce<Evaluation | undefined>(
      (best, one) => (best === undefined || mrr(one) > mrr(best) ? one : best),
      undefined,
    );
}
