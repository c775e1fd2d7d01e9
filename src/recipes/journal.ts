import { isOver, type JobView } from '../jobs/types.ts';
import type { JobReport } from '../jobs/worker.ts';
import { errorLine } from '../platform/errors.ts';
import { writeRecipeStatus } from './control.ts';
import { doneText, serverText, stepTitle } from './describe.ts';
import { DETAIL, KEPT } from './details.ts';
import { type RecipePlan, stepsBefore } from './plan.ts';
import type { Measured } from './results.ts';
import { turnsOf } from './turns.ts';
import { isAchieved, type MadeOf, type RecipeStatus, type StepResult, type StepStatus } from './types.ts';

const TOLD_MS = 500;
type Told = NonNullable<StepStatus['progress']>;

/** Where everything of a recipe stands: `steps.json` in its folder, and the job's own progress. */
export class RecipeJournal {
  #status: RecipeStatus;
  readonly #began = new Map<string, number>();
  readonly #started = new Set<string>();
  #lastWrite = 0;
  #later: NodeJS.Timeout | undefined;

  constructor(
    plan: RecipePlan,
    private readonly folder: string,
    private readonly report: JobReport,
    measured: Measured,
    atOnce?: number,
  ) {
    const together = togetherOf(plan, atOnce);
    this.#status = {
      format: 1,
      recipe: plan.name,
      variants: plan.variants.map((one) => ({ ...one })),
      paused: false,
      gate: null,
      report: null,
      steps: plan.steps.map(({ id, name, spec, variants, ...rest }) => ({
        id,
        kind: spec.kind,
        name,
        title: stepTitle(spec, name),
        state: 'waiting',
        detail: '',
        key: null,
        job: null,
        seconds: null,
        expected: measured(spec.kind, name),
        progress: null,
        variants: [...variants],
        after: stepsBefore(rest),
        ...together.get(id),
      })),
    };
    this.#write(true);
  }

  get status(): RecipeStatus {
    return this.#status;
  }

  /** Whether it is there already is being found out. */
  looking(id: string): void {
    this.#began.set(id, performance.now());
    this.#set(id, { state: 'running', detail: DETAIL.looking });
  }

  kept(id: string, result: StepResult): void {
    this.#gate(result);
    const said = { state: 'kept', detail: `${KEPT}${doneText(result.made)}` } as const;
    this.#set(id, { ...said, key: result.key, job: result.job, seconds: result.seconds, progress: null });
    this.#say(id, said.detail);
  }

  begun(id: string, key: string, expected: number | null): void {
    this.#began.set(id, performance.now());
    this.#set(id, { state: 'running', detail: '', key, ...(expected === null ? {} : { expected }) });
    this.#say(id, 'begins');
  }

  progress(id: string, progress: Told): void {
    // Another phase may be the last word for long.
    const when = this.#step(id)?.detail === progress.phase ? 'soon' : 'now';
    this.#set(id, { progress, detail: progress.phase, seconds: this.#secondsOf(id) }, when);
  }

  /** What the job of a step says of itself. */
  child(id: string, { spec, state, reason, progress }: JobView): void {
    // A line that it waits in, a host that cannot be reached: that counts before what it did last.
    const waits = isOver(state) ? '' : reason;
    const phase = waits || progress?.phase || reason || state;
    const told = progress ?? { done: 0, total: 0, unit: '', rate: null, secondsLeft: null };
    const { done, total, unit, rate, secondsLeft } = told;
    if (this.#step(id)?.job !== spec.id) {
      this.#say(id, spec.id);
      this.#set(id, { job: spec.id });
    }
    this.progress(id, { phase, done, total, unit, rate, secondsLeft: waits ? null : secondsLeft });
  }

  done(id: string, result: StepResult): void {
    const { key, job, seconds, made } = result;
    const detail = doneText(made);
    this.#gate(result);
    this.#set(id, { state: 'done', detail, key, job, seconds, progress: null });
    this.#say(id, `done in ${Math.round(seconds)} s: ${detail}`);
  }

  /** A gate says the same when it was asked before: one "no" stops a pipeline, however often it is run. */
  #gate({ made }: StepResult): void {
    if (made.type !== 'gate' || (made.says === 'yes' && this.#status.gate !== null)) return;
    this.#status = { ...this.#status, gate: made.says };
  }

  failed(id: string, error: unknown): void {
    const detail = errorLine(error);
    this.#set(id, { state: 'failed', detail, progress: null, seconds: this.#secondsOf(id) });
    this.report.log('error', `${id}: ${detail}`);
  }

  blocked(id: string, by: string): void {
    this.#set(id, { state: 'blocked', detail: `${by} failed` });
  }

  stopped(id: string): void {
    this.#set(id, { state: 'stopped', detail: DETAIL.stopped, progress: null });
  }

  /** A server that is started once somebody needs it. */
  planned(id: string, key: string): void {
    this.#set(id, { state: 'waiting', detail: DETAIL.whenNeeded, key });
  }

  served(id: string, job: JobView, made: Omit<MadeOf<'server'>, 'digest'>): void {
    this.#started.add(id);
    const detail = serverText(made);
    this.#set(id, { state: 'running', detail, job: job.spec.id, seconds: made.readySeconds, progress: null });
    this.#say(id, detail);
  }

  released(id: string): void {
    const detail = this.#step(id)?.detail ?? '';
    if (this.#started.has(id)) this.#set(id, { state: 'done', detail: `${detail}; stopped again`, progress: null });
    else this.#set(id, { state: 'unneeded', detail: DETAIL.unneeded });
  }

  paused(paused: boolean): void {
    // Each step that is under way says so.
    if (paused === this.#status.paused) return;
    this.#status = { ...this.#status, paused };
    this.#write(true);
    this.report.log('info', paused ? 'Paused.' : 'Goes on.');
  }

  reported(report: NonNullable<RecipeStatus['report']>): void {
    this.#status = { ...this.#status, report };
    this.#write(true);
  }

  note(text: string): void {
    this.report.log('info', text);
  }

  flush(): void {
    this.#write(true);
  }

  /** Since it began this time; null: it did not. */
  #secondsOf(id: string): number | null {
    const began = this.#began.get(id);
    return began === undefined ? null : (performance.now() - began) / 1000;
  }

  #say(id: string, text: string): void {
    this.report.log('info', `${id}: ${text}`);
  }

  #step = (id: string): StepStatus | undefined => this.#status.steps.find((one) => one.id === id);

  /** `soon`: not more often than the file is worth; `durable`: it is on the disk when this returns. */
  #set(id: string, changes: Partial<StepStatus>, when: 'durable' | 'now' | 'soon' = 'durable'): void {
    const steps = this.#status.steps.map((one) => (one.id === id ? { ...one, ...changes } : one));
    this.#status = { ...this.#status, steps };
    if (when !== 'soon' || performance.now() - this.#lastWrite >= TOLD_MS) this.#write(when === 'durable');
    // What is told last stays: nothing may come after it for long.
    else this.#later ??= setTimeout(() => this.#write(false), TOLD_MS).unref();
    this.report.progress(overall(this.#status));
  }

  #write(durable: boolean): void {
    this.#lastWrite = performance.now();
    clearTimeout(this.#later);
    this.#later = undefined;
    try {
      writeRecipeStatus(this.folder, this.#status, durable);
    } catch {
      // A full disk ends the step that writes there, and says so.
    }
  }
}

const OPEN: readonly StepStatus['state'][] = ['waiting', 'running'];

/** The whole as one progress: steps that are done of all, and the time that is left where every step's is known. Pure. */
export function overall({ steps, paused }: Pick<RecipeStatus, 'steps' | 'paused'>): {
  phase: string;
  done: number;
  total: number;
  unit: string;
  rate: null;
  secondsLeft: number | null;
} {
  const counted = steps.filter(({ kind }) => kind !== 'deploy');
  const now = counted.find(({ state }) => state === 'running') ?? steps.find(({ state }) => state === 'running');
  const next = now ?? counted.find(({ state }) => state === 'waiting');
  const phase = next ? phaseOf(next) : 'done';
  const left = leftOf(counted);
  return {
    phase: paused ? 'paused' : phase,
    done: counted.filter(isAchieved).length,
    total: counted.length,
    unit: 'steps',
    rate: null,
    secondsLeft: paused ? null : left.unknown > 0 ? null : left.seconds,
  };
}

/** What a step does, and how far its own job is: the whole counts steps only, and one of them may take an hour. */
function phaseOf({ title, detail, progress }: StepStatus): string {
  const amount = progress && progress.total > 0 ? `, ${progress.done} of ${progress.total} ${progress.unit}` : '';
  return `${title}${detail ? `: ${detail}${amount}` : ''}`;
}

/** Seconds that are left of the steps that tell, and how many do not. Pure. */
export function leftOf(steps: readonly StepStatus[]): { seconds: number; unknown: number } {
  let [seconds, unknown] = [0, 0];
  const beside = new Map<number, { longest: number; sum: number; atOnce: number }>();
  for (const step of steps) {
    if (!OPEN.includes(step.state) || step.kind === 'deploy') continue;
    const left = secondsLeftOf(step);
    if (left === null) unknown++;
    else if (!step.together) seconds += left;
    else {
      const { turn, atOnce } = step.together;
      const { longest, sum } = beside.get(turn) ?? { longest: 0, sum: 0 };
      beside.set(turn, { longest: Math.max(longest, left), sum: sum + left, atOnce });
    }
  }
  for (const { longest, sum, atOnce } of beside.values()) seconds += Math.max(longest, sum / atOnce);
  return { seconds, unknown };
}

function secondsLeftOf({ state, progress, expected, seconds }: StepStatus): number | null {
  if (state !== 'running') return expected;
  return progress?.secondsLeft ?? (expected === null ? null : Math.max(0, expected - (seconds ?? 0)));
}

/** By the id of each step that is done beside others. Pure. */
function togetherOf({ steps }: RecipePlan, atOnce: number | undefined): Map<string, Pick<StepStatus, 'together'>> {
  const turns = turnsOf(steps).filter(({ length }) => length > 1);
  return new Map(
    turns.flatMap((turn, at) =>
      turn.map(({ id }) => [id, { together: { turn: at + 1, atOnce: Math.min(atOnce ?? turn.length, turn.length) } }]),
    ),
  );
}
