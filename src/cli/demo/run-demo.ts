import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { errorLine } from '../../platform/errors.ts';
import { type WorkspacePaths, workspacePaths } from '../../platform/paths.ts';
import type { CommandContext } from '../context.ts';
import { cut } from '../output.ts';
import { demoSteps } from './steps.ts';
import { stopEverything } from './stop.ts';

export interface DemoStep {
  readonly name: string;
  /** What a person types for it. */
  readonly command: string;
  readonly ok: boolean;
  readonly detail: string;
  readonly seconds: number;
}

/**
 * Runs every step, each as the command a person would type, and checks what came out. Models are kept where the
 * person's own workspace has them; everything else goes, unless `keep`.
 */
export async function runDemo(context: CommandContext, keep: boolean): Promise<{ steps: DemoStep[]; home: string }> {
  const home = mkdtempSync(path.join(os.tmpdir(), 'ragtui-demo-'));
  const env = { ...context.env, RAGTUI_MODELS_CACHE: context.paths.models };
  const paths = workspacePaths(home, env);
  const steps: DemoStep[] = [];
  try {
    for (const step of demoSteps) {
      if (context.signal.aborted) break;
      context.out.note(`$ ragtui ${step.command}`);
      const started = performance.now();
      const outcome = await step.run({ paths, env, signal: context.signal }).catch((error: unknown) => ({
        ok: false,
        detail: errorLine(error),
        show: [],
      }));
      const seconds = (performance.now() - started) / 1000;
      for (const line of outcome.show) context.out.note(`  ${cut(line, 160)}`);
      steps.push({ name: step.name, command: step.command, ok: outcome.ok, detail: outcome.detail, seconds });
      if (!outcome.ok) break;
    }
  } finally {
    await leave(paths, keep);
  }
  context.signal.throwIfAborted();
  return { steps, home };
}

async function leave(paths: WorkspacePaths, keep: boolean): Promise<void> {
  await stopEverything(paths);
  if (!keep) rmSync(paths.home, { recursive: true, force: true });
}
