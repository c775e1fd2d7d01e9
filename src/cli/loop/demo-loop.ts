import { mkdtempSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { ensureWorkspace, workspacePaths } from '../../platform/paths.ts';
import type { CommandContext } from '../context.ts';
import { findLoopFiles } from './files.ts';
import { loopReport, loopTotal } from './report.ts';
import { beginLoop, runLoop } from './run-loop.ts';
import { loopSteps } from './steps.ts';
import { stopStep } from './stop-step.ts';
import { type LoopState, SIZES, type StepRecord } from './types.ts';

export interface LoopWish {
  readonly size: LoopState['size'];
  readonly data: string | undefined;
  readonly out: string | undefined;
  /** The workspace when one was named: a second call goes on where the first was ended. */
  readonly home: string | undefined;
}

export interface LoopResult {
  readonly ok: boolean;
  readonly seconds: number;
  readonly home: string;
  readonly file: string;
  readonly steps: readonly StepRecord[];
  readonly report: string;
}

/** What would be typed. Throws `not-found` when the data is not there. */
export function plannedSteps({ size, data }: LoopWish): { name: string; command: string }[] {
  findLoopFiles(data);
  return [...loopSteps, stopStep].map(({ name, command }) => ({ name, command: command(SIZES[size]) }));
}

/**
 * Runs the whole loop, or what is left of it, each step as the command a person would type, and writes the report.
 * Models and engines are kept where the person's own workspace has them. Errors: `not-found` (the data), `usage`.
 */
export async function demoLoop(context: CommandContext, wish: LoopWish): Promise<LoopResult> {
  const files = findLoopFiles(wish.data);
  const home = path.resolve(wish.home ?? mkdtempSync(path.join(os.tmpdir(), 'ragtui-loop-')));
  const env = {
    ...context.env,
    RAGTUI_MODELS_CACHE: context.paths.models,
    RAGTUI_ENGINES_CACHE: context.paths.engines,
  };
  const paths = workspacePaths(home, env);
  const { out, signal } = context;
  const begun = beginLoop(home, wish.size);
  ensureWorkspace(paths);
  const done = begun.steps.filter(({ ok }) => ok).length;
  out.note(`Workspace: ${home}${done > 0 ? `; ${done} steps are done already` : ''}`);
  out.note(
    `If this is ended before its time: ragtui --home ${home} demo --loop${wish.size === 'quick' ? ' --quick' : ''}`,
  );
  const world = { paths, env, signal, out, sizes: SIZES[wish.size], files };
  const state = await runLoop(world, loopSteps, stopStep, begun);
  const total = loopTotal(
    state,
    [...loopSteps, stopStep].map(({ name }) => name),
  );
  const report = loopReport(state, total, home);
  const file = path.resolve(wish.out ?? path.join(home, 'loop-report.md'));
  writeFileSync(file, report, { mode: 0o600 });
  signal.throwIfAborted();
  return { ok: total.ok, seconds: total.seconds, home, file, steps: state.steps, report };
}
