import { readJob } from '../jobs/registry.ts';
import { isOver } from '../jobs/types.ts';
import type { PlannedStep } from './plan.ts';
import { plannedServer } from './preview.ts';
import { stepMark } from './results.ts';
import { needsOf, type RecipeRunning, type Results } from './running.ts';
import { ensureServed, stopServed } from './steps/deploy.ts';

/** The servers of a recipe: each runs only while an evaluation needs it. */
export class Servers {
  /** Keys of deployments, once known: by these their servers are found again. */
  readonly #keys = new Map<string, string>();
  /** Their jobs. */
  readonly #running = new Map<string, string>();

  /** `results` and `failed`: of the steps, kept by whoever does them; what servers are is added. */
  constructor(
    private readonly running: RecipeRunning,
    private readonly results: Results,
    private readonly failed: Map<string, unknown>,
  ) {}

  /** A server is only foreseen, until an evaluation needs it or it is to be kept. */
  async plan(step: PlannedStep): Promise<void> {
    const { spec } = step;
    if (spec.kind !== 'deploy') return;
    const { journal, world, plan } = this.running;
    const made = plannedServer(world, spec, needsOf(this.results, step));
    this.#keys.set(step.id, made.digest);
    this.results.set(step.id, { made, result: null });
    const isWanted = plan.steps.some(({ needs: others }) => Object.values(others).includes(step.id));
    if (spec.keep && !isWanted) await this.start(step.id);
    else journal.planned(step.id, made.digest);
  }

  async start(id: string): Promise<void> {
    const { journal, world, plan } = this.running;
    const { paths } = world;
    const step = plan.steps.find((one) => one.id === id);
    const key = this.#keys.get(id);
    if (step?.spec.kind !== 'deploy' || key === undefined) return;
    if (this.isServed(id)) return;
    journal.begun(id, key, null);
    const { job, made } = await (this.running.serve ?? ensureServed)(world, {
      spec: step.spec,
      needs: needsOf(this.results, step),
      mark: stepMark(paths, key),
      name: `${plan.name}: ${id}`,
      tell: (phase) => journal.progress(id, { phase, done: 0, total: 0, unit: '', rate: null, secondsLeft: null }),
      note: (text) => journal.note(text),
    });
    this.#running.set(id, job.spec.id);
    this.results.set(id, { made: { ...made, digest: key }, result: null });
    journal.served(id, job, made);
  }

  /** What is to go on runs at the end, also when nobody of this time has asked it. */
  async startKept(): Promise<void> {
    const { plan, journal, world } = this.running;
    for (const { id, spec } of plan.steps) {
      if (spec.kind !== 'deploy' || !spec.keep) continue;
      try {
        await this.start(id);
      } catch (error) {
        if (world.signal.aborted) throw error;
        this.failed.set(id, error);
        journal.failed(id, error);
      }
    }
  }

  isServed(id: string): boolean {
    const job = this.#running.get(id);
    return job !== undefined && !isOver(readJob(this.running.world.paths, job).state);
  }

  /** Stops the servers that no step needs any more; `all`: whatever runs. Kept ones go on. */
  async release(all = false): Promise<void> {
    const { journal, world, plan } = this.running;
    const open = plan.steps.filter(({ id }) => !this.results.has(id) && !this.failed.has(id));
    for (const [id, key] of this.#keys) {
      const isNeeded = open.some(({ needs }) => Object.values(needs).includes(id));
      const spec = plan.steps.find((one) => one.id === id)?.spec;
      if ((isNeeded && !all) || (spec?.kind === 'deploy' && spec.keep && !all)) continue;
      this.#keys.delete(id);
      await stopServed(world.paths, stepMark(world.paths, key), (text) => journal.note(text));
      journal.released(id);
    }
  }
}
