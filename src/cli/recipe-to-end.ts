import { RagtuiError } from '../platform/errors.ts';
import type { RecipeStatus, StepStatus } from '../recipes/types.ts';
import type { CommandContext } from './context.ts';
import { EXIT } from './exit-codes.ts';
import { progressLine } from './job-to-end.ts';
import { recipeJson, stepLines } from './recipe-text.ts';
import { stopOnInterrupt } from './stop-on-interrupt.ts';

/**
 * Stays with a recipe until it ends, a line for each step that ends (with --json a JSON line); the first Ctrl+C stops
 * it. Exit code 3 when a gate said no. Throws what made it fail.
 */
export async function recipeToEnd(context: CommandContext, id: string): Promise<number> {
  const { out, paths } = context;
  const { waitForJob } = await import('../jobs/control.ts');
  const { readRecipeRun, readRecipeStatus } = await import('../recipes/control.ts');
  const over = await stopOnInterrupt(context, id);
  const told = new Map<string, StepStatus['state']>();
  const tell = (status: RecipeStatus | undefined) => {
    for (const step of status?.steps ?? []) {
      if (told.get(step.id) === step.state || step.state === 'waiting') continue;
      told.set(step.id, step.state);
      if (out.json) out.jsonLine({ step });
      else if (step.state !== 'running')
        out.note(`${step.title}: ${step.state}${step.detail ? `: ${step.detail}` : ''}`);
    }
  };
  const end = await waitForJob(paths, id, {
    onView: (view) => {
      tell(readRecipeStatus(view.folder));
      if (view.progress) out.progress(progressLine(view.progress));
    },
  });
  await over();
  out.clearProgress();
  const run = readRecipeRun(paths, id);
  tell(run.status);
  if (end.state === 'failed' || end.state === 'lost') {
    const { error, reason } = end;
    const goOn = `What is done is kept. Go on: ragtui recipe resume ${id}`;
    throw new RagtuiError(
      'unavailable',
      error?.message ?? `${id} is ${end.state}: ${reason}.`,
      `${error?.hint ?? ''} ${goOn}`.trim(),
    );
  }
  const json = { ...recipeJson(run), report: run.status?.report ?? null };
  if (out.json) out.jsonLine(json);
  else out.result(json, () => stepLines(run));
  if (end.state === 'stopped') return EXIT.interrupted;
  return run.status?.gate === 'no' ? EXIT.gateSaysNo : EXIT.done;
}
