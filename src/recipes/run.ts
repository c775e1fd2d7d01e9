import { setTimeout as delay } from 'node:timers/promises';
import { programVersion } from '../datasets/program-version.ts';
import type { JobView, JobWork } from '../jobs/types.ts';
import { crashPoint } from '../platform/crash-point.ts';
import { RagtuiError } from '../platform/errors.ts';
import { Arrays } from './arrays.ts';
import { type ChildWish, childToEnd, secondsOfJobs } from './child.ts';
import { readRecipeControl } from './control.ts';
import { type PlannedStep, stepsBefore } from './plan.ts';
import { stepKey } from './preview.ts';
import { forgetResult, keepResult, lockStep, readResult, stepMark } from './results.ts';
import { needsOf, type RecipeRunning, type Results } from './running.ts';
import { Servers } from './servers.ts';
import { type BoundStep, doerOf } from './steps/registry.ts';
import { type ChildOptions, madeNameOf, type Needs, type World } from './steps/types.ts';
import { MOST_TOGETHER, turnsOf } from './turns.ts';
import type { StepResult } from './types.ts';

const PAUSE_LOOK_MS = 300;

/**
 * Does the steps of a plan in their turns: what is there is kept, what is not is made; a step that fails blocks those
 * that need it, the others go on. Servers run only while an evaluation needs them. Errors: `cancelled`, and the first
 * failure once nothing more can be done.
 */
export async function runPlan(running: RecipeRunning): Promise<Results> {
  return new PlanRun(running).run();
}

class PlanRun {
  readonly #results: Results = new Map();
  readonly #failed = new Map<string, unknown>();
  readonly #servers: Servers;
  readonly #doer: (step: PlannedStep) => BoundStep | undefined;
  /** Trainings that go on elsewhere, by the id of their step. */
  readonly #beside = new Map<string, Promise<void>>();
  readonly #arrays: Arrays;

  constructor(private readonly running: RecipeRunning) {
    this.#doer = running.doer ?? doerOf;
    this.#arrays = new Arrays(running.folder, running.atOnce);
    this.#servers = new Servers(running, this.#results, this.#failed);
  }

  async run(): Promise<Results> {
    const { plan, journal } = this.running;
    try {
      await this.#turns(turnsOf(plan.steps));
      await this.#servers.startKept();
    } catch (error) {
      await Promise.allSettled(this.#beside.values());
      // Nobody asks them any more, also when it was stopped in the middle.
      await this.#servers.release(true);
      throw error;
    }
    journal.flush();
    const [first] = this.#failed.values();
    if (first !== undefined) throw first;
    return this.#results;
  }

  /** Always the first turn that needs nothing of what is still open; what trains elsewhere goes on beside those after it. */
  async #turns(turns: readonly PlannedStep[][]): Promise<void> {
    const waiting = [...turns];
    while (waiting.length > 0) {
      this.running.world.signal.throwIfAborted();
      await this.#whilePaused();
      const open = new Set([...waiting.flat().map(({ id }) => id), ...this.#beside.keys()]);
      const room = MOST_TOGETHER - this.#beside.size;
      const at = waiting.findIndex(
        (turn) => (turn.length === 1 || turn.length <= room) && !turn.flatMap(stepsBefore).some((id) => open.has(id)),
      );
      const [first, ...others] = at < 0 ? [] : (waiting.splice(at, 1)[0] ?? []);
      if (!first) await Promise.race(this.#beside.values());
      else if (others.length === 0) await this.#step(first);
      else this.#together([first, ...others]);
      await this.#servers.release();
    }
    await Promise.all(this.#beside.values());
  }

  /** Begins trainings that are handed to Slurm as one. */
  #together(turn: readonly PlannedStep[]): void {
    this.#arrays.open(turn);
    for (const step of turn) {
      const done = this.#step(step).finally(() => {
        this.#arrays.leave(step.id);
        this.#beside.delete(step.id);
      });
      // Whoever waits for it hears of it.
      done.catch(() => {});
      this.#beside.set(step.id, done);
    }
  }

  async #step(step: PlannedStep): Promise<void> {
    const { journal, world } = this.running;
    const blocked = stepsBefore(step).find((id) => this.#failed.has(id));
    if (blocked !== undefined) {
      this.#failed.set(step.id, this.#failed.get(blocked));
      journal.blocked(step.id, blocked);
      return;
    }
    try {
      if (step.spec.kind === 'deploy') await this.#servers.plan(step);
      else await this.#result(step);
    } catch (error) {
      if (world.signal.aborted) {
        journal.stopped(step.id);
        throw error;
      }
      this.#failed.set(step.id, error);
      journal.failed(step.id, error);
    }
  }

  async #result(step: PlannedStep): Promise<void> {
    const { journal, world } = this.running;
    const { paths, signal } = world;
    const doer = this.#doer(step);
    if (!doer) throw new RagtuiError('internal', `Nobody does ${step.id}.`);
    journal.looking(step.id);
    const needs = needsOf(this.#results, step);
    const key = stepKey(step, doer.version, needs, await doer.facts(world, needs));
    const unlock = await lockStep(paths, key, signal);
    try {
      const before = readResult(paths, key);
      if (before && (await doer.there(world, before.made)) === before.made.digest) {
        this.#results.set(step.id, { made: before.made, result: before });
        journal.kept(step.id, before);
        return;
      }
      if (before) {
        journal.note(`${step.id}: what it made is gone, was changed or has errors, so it is made again.`);
        forgetResult(paths, key);
      }
      const result = await this.#make(step, doer, key, needs);
      crashPoint('recipe_made');
      keepResult(paths, result);
      crashPoint('recipe_kept');
      this.#results.set(step.id, { made: result.made, result });
      journal.done(step.id, result);
    } finally {
      unlock();
    }
  }

  async #make(step: PlannedStep, doer: BoundStep, key: string, needs: Needs): Promise<StepResult> {
    const { journal, world } = this.running;
    const { paths } = world;
    journal.begun(step.id, key, expected(doer, world, needs));
    crashPoint('recipe_begun');
    const startedAt = performance.now();
    let job: string | null = null;
    const child = async (work: JobWork, { part = '', again }: ChildOptions = {}): Promise<JobView> => {
      const view = await childToEnd({
        ...this.#childWish(step, stepMark(paths, key, part)),
        ...(part === '' ? this.#seat(step.id) : {}),
        work,
        ...(again === undefined ? {} : { again }),
      });
      if (part === '') job = view.spec.id;
      return view;
    };
    const made = await doer.make({
      world,
      needs,
      madeName: madeNameOf(step.name, key),
      tell: (progress) => journal.progress(step.id, { ...progress, rate: null, secondsLeft: null }),
      note: (text) => journal.note(text),
      child,
    });
    const alone = (performance.now() - startedAt) / 1000;
    const seconds = Math.max(alone, secondsOfJobs(paths, stepMark(paths, key)));
    return {
      format: 1,
      key,
      kind: step.spec.kind,
      name: step.name,
      made,
      job,
      seconds,
      doneAt: new Date().toISOString(),
      programVersion: programVersion(),
    };
  }

  /** What its job is told of the array that it is of. */
  #seat(id: string): Pick<ChildWish, 'array' | 'onView'> {
    return {
      array: this.#arrays.seatOf(id),
      onView: (view) => {
        this.#arrays.seen(id, view);
        this.running.journal.child(id, view);
      },
    };
  }

  #childWish(step: PlannedStep, mark: string): Omit<ChildWish, 'work' | 'again'> {
    const { journal, world, plan } = this.running;
    const { paths, signal } = world;
    const servers = Object.entries(step.needs).filter(([slot]) => slot.startsWith('server:'));
    return {
      paths,
      mark,
      name: `${plan.name}: ${step.id}`,
      signal,
      ...(this.running.launch ? { launch: this.running.launch } : {}),
      onView: (view) => journal.child(step.id, view),
      isPaused: () => readRecipeControl(this.running.folder).pause === 'now',
      whilePaused: () => this.#whilePaused('now'),
      ready: async () => {
        for (const [, id] of servers) await this.#servers.start(id);
      },
      mendable: () => servers.some(([, id]) => !this.#servers.isServed(id)),
    };
  }

  /** Waits while a person wants it to; nothing new begins. */
  async #whilePaused(only?: 'now'): Promise<void> {
    const { journal, folder, world } = this.running;
    let told = false;
    const isWanted = () => {
      const { pause } = readRecipeControl(folder);
      return only === undefined ? pause !== null : pause === only;
    };
    while (isWanted()) {
      if (!told) journal.paused(true);
      told = true;
      await delay(PAUSE_LOOK_MS, undefined, { signal: world.signal }).catch(() => {});
      world.signal.throwIfAborted();
    }
    if (told) journal.paused(false);
  }
}

/** What cannot be foreseen (a plan that does not hold is refused a moment later) is not known. */
function expected(doer: BoundStep, world: World, needs: Needs): number | null {
  try {
    return doer.expect(world, needs);
  } catch {
    return null;
  }
}
