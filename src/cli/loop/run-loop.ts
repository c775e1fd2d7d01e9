import { mkdirSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { readJsonFile, writeJsonFile } from '../../jobs/folder.ts';
import { errorLine, RagtuiError } from '../../platform/errors.ts';
import { clock } from '../output.ts';
import {
  type LoopOutcome,
  type LoopState,
  type LoopStep,
  type LoopWorld,
  loopStateSchema,
  type StepRecord,
} from './types.ts';

/** How often the time of a step is kept. */
const NOTE_MS = 5000;

export const stateFile = (home: string): string => path.join(home, 'loop.json');

/** How far the loop of a workspace is. Throws `usage` when it was begun in the other size. */
export function beginLoop(home: string, size: LoopState['size']): LoopState {
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const before = readJsonFile(stateFile(home), loopStateSchema);
  if (before && before.size !== size) {
    throw new RagtuiError(
      'usage',
      `The loop in ${home} was begun ${before.size === 'quick' ? 'with' : 'without'} --quick.`,
      'Go on in the same way, or name another --home.',
    );
  }
  return before
    ? { ...before, sessions: before.sessions + 1 }
    : {
        version: 1,
        size,
        startedAt: new Date().toISOString(),
        load: os.loadavg()[0] ?? 0,
        sessions: 1,
        attempts: {},
        steps: [],
      };
}

/**
 * Runs the steps that are not done, in their order, and keeps each one's record at once, so that a second call goes on
 * where the first was ended. A step that fails ends it; `last` is run in any case.
 */
export async function runLoop(
  world: LoopWorld,
  steps: readonly LoopStep[],
  last: LoopStep,
  begun: LoopState,
): Promise<LoopState> {
  const keeper = new StateKeeper(world.paths.home, begun);
  const all = [...steps, last];
  const one = (step: LoopStep) => runStep(world, step, keeper, `${all.indexOf(step) + 1}/${all.length}`);
  try {
    for (const step of steps) {
      if (world.signal.aborted) break;
      if (keeper.isDone(step.name) && (step.until === undefined || keeper.isDone(step.until))) continue;
      if (!(await one(step))) break;
    }
  } finally {
    await one(last);
  }
  return keeper.state;
}

async function runStep(world: LoopWorld, step: LoopStep, keeper: StateKeeper, place: string): Promise<boolean> {
  const { out, sizes, signal } = world;
  const command = step.command(sizes);
  out.note(`[${place}] ${step.name}: ragtui ${command}`);
  const time = keeper.begin(step.name);
  const failed = (error: unknown): LoopOutcome => ({
    ok: false,
    detail: signal.aborted ? 'interrupted' : errorLine(error),
  });
  const { ok, detail, markdown, verdicts, notCounted } = await step.run(world).catch(failed);
  const { count, seconds } = time.end();
  out.clearProgress();
  out.note(`  ${ok ? 'ok' : 'FAILED'} in ${clock(seconds)}: ${detail}`);
  keeper.record({
    ...{ name: step.name, command, ok, detail, seconds, attempts: count },
    ...{ markdown: [...(markdown ?? [])], verdicts: [...(verdicts ?? [])], notCounted: notCounted ?? 0 },
    endedAt: new Date().toISOString(),
  });
  return ok;
}

/** The state in memory and on disk. */
class StateKeeper {
  readonly #file: string;
  state: LoopState;

  constructor(home: string, begun: LoopState) {
    this.#file = stateFile(home);
    this.state = begun;
    this.#keep({}, true);
  }

  isDone(name: string): boolean {
    return this.state.steps.some((step) => step.name === name && step.ok);
  }

  /** Counts the time of a step, kept every few seconds: an attempt that is killed has taken its time too. */
  begin(name: string): { end(): { count: number; seconds: number } } {
    const before = this.isDone(name) ? undefined : this.state.attempts[name];
    const count = (this.state.attempts[name]?.count ?? 0) + 1;
    const startedAt = performance.now();
    const note = (durable: boolean) => {
      const seconds = (before?.seconds ?? 0) + (performance.now() - startedAt) / 1000;
      this.#keep({ attempts: { ...this.state.attempts, [name]: { count, seconds } } }, durable);
      return { count, seconds };
    };
    note(true);
    const timer = setInterval(() => note(false), NOTE_MS);
    const end = () => {
      clearInterval(timer);
      return note(false);
    };
    return { end };
  }

  record(step: StepRecord): void {
    this.#keep({ steps: [...this.state.steps.filter(({ name }) => name !== step.name), step] }, true);
  }

  #keep(change: Partial<LoopState>, durable: boolean): void {
    this.state = { ...this.state, ...change };
    writeJsonFile(this.#file, this.state, { durable });
  }
}
