import { RagtuiError } from '../platform/errors.ts';
import type { RecipeRun } from '../recipes/control.ts';
import type { RecipeNeeds } from '../recipes/inspect.ts';
import type { RecipePlan } from '../recipes/plan.ts';
import { problemLine } from '../recipes/problem-line.ts';
import type { ReadRecipe } from '../recipes/read.ts';
import type { RecipeProblem } from '../recipes/source.ts';
import { isAchieved, type RecipeWork, type Scalar, type StepStatus } from '../recipes/types.ts';
import type { CommandContext } from './context.ts';
import { jobJson } from './job-text.ts';
import { clock, table } from './output.ts';

export interface OpenedRecipe {
  readonly work: RecipeWork;
  readonly problems: readonly RecipeProblem[];
  readonly plan: RecipePlan;
  readonly needs: RecipeNeeds;
  readonly vars: ReadRecipe['vars'];
}

/** Reads a recipe with its variables, and looks whether it fits this workspace. Errors: `not-found`, `usage`. */
export async function openRecipe(
  { paths }: CommandContext,
  wanted: string,
  vars: readonly string[],
): Promise<OpenedRecipe> {
  const { findRecipe, readText } = await import('../recipes/files.ts');
  const { inspectRecipe } = await import('../recipes/inspect.ts');
  const cwd = process.cwd();
  const file = findRecipe(paths, wanted, cwd);
  return inspectRecipe(paths, { file, cwd, text: readText(file), vars: await varsOf(vars) });
}

async function varsOf(texts: readonly string[]): Promise<Record<string, Scalar>> {
  const { parseValue } = await import('../recipes/variables.ts');
  return Object.fromEntries(
    texts.map((text) => {
      const at = text.indexOf('=');
      if (at < 1) throw new RagtuiError('usage', `"${text}" is no variable.`, 'Write --var NAME=VALUE.');
      return [text.slice(0, at).trim(), parseValue(text.slice(at + 1))];
    }),
  );
}

/** A line for each problem, with what to do below it. */
export const problemsText = (file: string, problems: readonly RecipeProblem[]): string[] =>
  problems.flatMap((problem) => [problemLine(file, problem), ...(problem.hint ? [`    ${problem.hint}`] : [])]);

/** `job`, `recipe`, `paused`, `gate`, and how many steps are done. */
export function recipeJson({ view, work, status }: RecipeRun) {
  const steps = status?.steps ?? [];
  const over = steps.filter(isAchieved).length;
  return {
    job: jobJson(view),
    recipe: work.name,
    vars: work.vars,
    paused: status?.paused ?? false,
    gate: status?.gate ?? null,
    variants: status?.variants ?? [],
    stepsDone: over,
    stepsTotal: steps.length,
  };
}

export const runLines = ({
  job,
  recipe,
  paused,
  gate,
  stepsDone,
  stepsTotal,
}: ReturnType<typeof recipeJson>): string[] => [
  job.id,
  paused ? 'paused' : job.state,
  recipe,
  `${stepsDone}/${stepsTotal}`,
  gate ?? '',
];

/** Every step on a line, the time that is left, where the report is. */
export function stepLines(run: RecipeRun): string[] {
  const { view, status, work } = run;
  const { progress } = view;
  const left = progress?.secondsLeft == null ? 'unknown' : clock(progress.secondsLeft);
  return [
    `${work.name}  (${view.spec.id})`,
    `state     ${status?.paused ? 'paused' : view.state}${view.reason ? `: ${view.reason}` : ''}`,
    ...(progress ? [`progress  ${progress.done} of ${progress.total} steps; time left: ${left}`] : []),
    ...(status?.gate ? [`gate      ${status.gate}`] : []),
    ...(status ? ['', ...table(['STEP', 'STATE', 'TOOK', 'JOB', 'WHAT'], status.steps.map(stepRow))] : []),
    ...(status?.report ? ['', `report    ${status.report.md}`, `          ${status.report.html}`] : []),
    ...(view.error ? [`error     ${view.error.message} ${view.error.hint}`] : []),
  ];
}

function stepRow({ title, state, seconds, job, detail, progress, variants }: StepStatus): string[] {
  const amount = progress && progress.total > 0 ? ` ${progress.done}/${progress.total} ${progress.unit}` : '';
  const left = progress?.secondsLeft == null ? '' : `, ${clock(progress.secondsLeft)} left`;
  return [
    `${title}${variants.length > 0 ? ` [${variants.join(',')}]` : ''}`,
    state,
    seconds === null ? '' : clock(seconds),
    job ?? '',
    `${detail}${state === 'running' ? `${amount}${left}` : ''}`,
  ];
}
