import { mkdirSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { readJsonFile, writeJsonFile } from '../../jobs/folder.ts';
import { errorLine, RagtuiError } from '../../platform/errors.ts';
import { clock } from '../output.ts';
import { type LoopState, type LoopStep, type LoopWorld, loopStateSchema, type StepRecord } from './types.ts';

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
  let state = begun;
  const keep = (next: LoopState) => {
    state = next;
    writeJsonFile(stateFile(world.paths.home), state, { durable: true });
  };
  const isDone = (name: string) => state.steps.some((step) => step.name === name && step.ok);
  const all = [...steps, last];
  const one = async (step: LoopStep): Promise<boolean> => {
    const attempts = (state.attempts[step.name] ?? 0) + 1;
    keep({ ...state, attempts: { ...state.attempts, [step.name]: attempts } });
    const record = await runStep(world, step, attempts, `${all.indexOf(step) + 1}/${all.length}`);
    keep({ ...state, steps: [...state.steps.filter(({ name }) => name !== step.name), record] });
    return record.ok;
  };
  keep(state);
  try {
    for (const step of steps) {
      if (world.signal.aborted) break;
      if (isDone(step.name) && (step.until === undefined || isDone(step.until))) continue;
      if (!(await one(step))) break;
    }
  } finally {
    await one(last);
  }
  return state;
}

async function runStep(world: LoopWorld, step: LoopStep, attempts: number, place: string): Promise<StepRecord> {
  const { out, sizes, signal } = world;
  const command = step.command(sizes);
  out.note(`[${place}] ${step.name}: ragtui ${command}`);
  const startedAt = performance.now();
  const outcome = await step.run(world).catch((error: unknown) => ({
    ok: false,
    detail: signal.aborted ? 'interrupted' : errorLine(error),
  }));
  const seconds = (performance.now() - startedAt) / 1000;
  out.clearProgress();
  out.note(`  ${outcome.ok ? 'ok' : 'FAILED'} in ${clock(seconds)}: ${outcome.detail}`);
  const { ok, detail, markdown = [], notCounted = 0 } = { markdown: undefined, notCounted: undefined, ...outcome };
  return {
    ...{ name: step.name, command, ok, detail, markdown: [...(markdown ?? [])], seconds, notCounted: notCounted ?? 0 },
    ...{ attempts, endedAt: new Date().toISOString() },
  };
}
