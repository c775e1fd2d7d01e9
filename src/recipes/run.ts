import { setTimeout as delay } from 'node:timers/promises';
import { programVersion } from '../datasets/program-version.ts';
import { readJob } from '../jobs/registry.ts';
import { isOver, type JobView, type JobWork } from '../jobs/types.ts';
import { crashPoint } from '../platform/crash-point.ts';
import { RagtuiError } from '../platform/errors.ts';
import { type ChildWish, childToEnd, secondsOfJobs } from './child.ts';
import { readRecipeControl } from './control.ts';
import type { RecipeJournal } from './journal.ts';
import { type PlannedStep, type RecipePlan, stepsBefore } from './plan.ts';
import { plannedServer, stepKey } from './preview.ts';
import { forgetResult, keepResult, lockStep, readResult, stepMark } from './results.ts';
import { ensureServed, stopServed } from './steps/deploy.ts';
import { type BoundStep, doerOf } from './steps/registry.ts';
import { type ChildOptions, madeNameOf, type Needs, type World } from './steps/types.ts';
import type { Made, StepResult } from './types.ts';

const PAUSE_LOOK_MS = 300;

export interface RecipeRunning {
  readonly world: World;
  readonly plan: RecipePlan;
  readonly journal: RecipeJournal;
  /** Folder of the recipe's job, where what a person wants of it lies. */
  readonly folder: string;
  /** Replaced in tests. */
  readonly doer?: (step: PlannedStep) => BoundStep | undefined;
  /** Replaced in tests. */
  readonly launch?: ChildWish['launch'];
  /** Replaced in tests. */
  readonly serve?: typeof ensureServed;
}

/** What each step that is done made, by its id. */
export type Results = ReadonlyMap<string, { readonly made: Made; readonly result: StepResult | null }>;

/**
 * Does the steps of a plan in their order: what is there is kept, what is not is made; a step that fails blocks those
 * that need it, the others go on. Servers run only while an evaluation needs them. Errors: `cancelled`, and the first
 * failure once nothing more can be done.
 */
export async function runPlan(running: RecipeRunning): Promise<Results> {
  return new PlanRun(running).run();
}

class PlanRun {
  readonly #results = new Map<string, { made: Made; result: StepResult | null }>();
  readonly #failed = new Map<string, unknown>();
  /** Keys of deployments, once known: by these their servers are found again. */
  readonly #servers = new Map<string, string>();
  readonly #doer: (step: PlannedStep) => BoundStep | undefined;

  constructor(private readonly running: RecipeRunning) {
    this.#doer = running.doer ?? doerOf;
  }

  async run(): Promise<Results> {
    const { plan, journal, world } = this.running;
    try {
      for (const step of plan.steps) {
        world.signal.throwIfAborted();
        await this.#whilePaused();
        await this.#step(step);
        await this.#releaseServers();
      }
      await this.#startKept();
    } catch (error) {
      // Nobody asks them any more, also when it was stopped in the middle.
      await this.#releaseServers(true);
      throw error;
    }
    journal.flush();
    const [first] = this.#failed.values();
    if (first !== undefined) throw first;
    return this.#results;
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
      if (step.spec.kind === 'deploy') await this.#planServer(step);
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

  #needsOf(step: PlannedStep): Needs {
    return Object.fromEntries(
      Object.entries(step.needs).flatMap(([slot, id]) => {
        const made = this.#results.get(id)?.made;
        return made ? [[slot, made]] : [];
      }),
    );
  }

  async #result(step: PlannedStep): Promise<void> {
    const { journal, world } = this.running;
    const { paths, signal } = world;
    const doer = this.#doer(step);
    if (!doer) throw new RagtuiError('internal', `Nobody does ${step.id}.`);
    journal.looking(step.id);
    const needs = this.#needsOf(step);
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
        for (const [, id] of servers) await this.#startServer(id);
      },
      mendable: () => servers.some(([, id]) => !this.#isServed(id)),
    };
  }

  async #planServer(step: PlannedStep): Promise<void> {
    const { spec } = step;
    if (spec.kind !== 'deploy') return;
    const { journal, world, plan } = this.running;
    const made = plannedServer(world, spec, this.#needsOf(step));
    this.#servers.set(step.id, made.digest);
    this.#results.set(step.id, { made, result: null });
    const isWanted = plan.steps.some(({ needs: others }) => Object.values(others).includes(step.id));
    if (spec.keep && !isWanted) await this.#startServer(step.id);
    else journal.planned(step.id, made.digest);
  }

  async #startServer(id: string): Promise<void> {
    const { journal, world, plan } = this.running;
    const { paths } = world;
    const step = plan.steps.find((one) => one.id === id);
    const key = this.#servers.get(id);
    if (step?.spec.kind !== 'deploy' || key === undefined) return;
    if (this.#isServed(id)) return;
    journal.begun(id, key, null);
    const { job, made } = await (this.running.serve ?? ensureServed)(world, {
      spec: step.spec,
      needs: this.#needsOf(step),
      mark: stepMark(paths, key),
      name: `${plan.name}: ${id}`,
      tell: (phase) => journal.progress(id, { phase, done: 0, total: 0, unit: '', rate: null, secondsLeft: null }),
    });
    this.#running.set(id, job.spec.id);
    this.#results.set(id, { made: { ...made, digest: key }, result: null });
    journal.served(id, job, made);
  }

  /** What is to go on runs at the end, also when nobody of this time has asked it. */
  async #startKept(): Promise<void> {
    const { plan, journal, world } = this.running;
    for (const { id, spec } of plan.steps) {
      if (spec.kind !== 'deploy' || !spec.keep) continue;
      try {
        await this.#startServer(id);
      } catch (error) {
        if (world.signal.aborted) throw error;
        this.#failed.set(id, error);
        journal.failed(id, error);
      }
    }
  }

  readonly #running = new Map<string, string>();

  #isServed(id: string): boolean {
    const job = this.#running.get(id);
    return job !== undefined && !isOver(readJob(this.running.world.paths, job).state);
  }

  /** Stops the servers that no step needs any more; `all`: whatever runs. Kept ones go on. */
  async #releaseServers(all = false): Promise<void> {
    const { journal, world, plan } = this.running;
    const open = plan.steps.filter(({ id }) => !this.#results.has(id) && !this.#failed.has(id));
    for (const [id, key] of this.#servers) {
      const isNeeded = open.some(({ needs }) => Object.values(needs).includes(id));
      const spec = plan.steps.find((one) => one.id === id)?.spec;
      if ((isNeeded && !all) || (spec?.kind === 'deploy' && spec.keep && !all)) continue;
      this.#servers.delete(id);
      await stopServed(world.paths, stepMark(world.paths, key));
      journal.released(id);
    }
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
