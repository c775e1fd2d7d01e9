import type { Command } from 'commander';
import { z } from 'zod';
import { hostOf } from '../../hosts/types.ts';
import type { JobView } from '../../jobs/types.ts';
import { RagtuiError } from '../../platform/errors.ts';
import type { CommandContext } from '../context.ts';
import { collect, handle, type Invocation } from '../define.ts';
import { EXIT } from '../exit-codes.ts';
import { jobJson } from '../job-text.ts';
import { cut, table } from '../output.ts';
import { openRecipe, problemsText, recipeJson, runLines } from '../recipe-text.ts';
import { recipeToEnd } from '../recipe-to-end.ts';

const none = z.tuple([]);
const one = z.tuple([z.string().min(1)]);
const noOptions = z.object({});
const varOption = { var: z.array(z.string()).default([]) };
const runOptions = z.object({
  ...varOption,
  name: z.string().min(1).optional(),
  dryRun: z.boolean().default(false),
  wait: z.boolean().default(false),
});
const waitOptions = z.object({ wait: z.boolean().default(false) });
const ABOUT_CELLS = 100;
const VAR_HELP = 'a variable of the recipe: NAME=VALUE; repeatable';

/** `ragtui recipe run|check|list|show|pause|continue|resume|stop`. */
export function addRecipe(program: Command, invocation: Invocation): void {
  const recipe = program.command('recipe').description('from data to a verdict in one go, declared in a YAML file');
  handle(
    recipe
      .command('run')
      .description('do what a recipe declares, as a job; what is done already and has not changed is kept')
      .argument('<file>', 'a YAML file, or the name of a recipe that is shipped or lies in the workspace')
      .option('--var <name=value>', VAR_HELP, collect)
      .option('--name <name>', 'what the job is called (default: the name in the recipe)')
      .option('--dry-run', 'show what would run and what is kept, start nothing')
      .option('--wait', 'stay until it ends; exit code 3 when a gate says no'),
    invocation,
    { args: one, options: runOptions },
    run,
  );
  handle(
    recipe
      .command('check')
      .description('say what is wrong with a recipe, by line; start nothing')
      .argument('<file>')
      .option('--var <name=value>', VAR_HELP, collect),
    invocation,
    { args: one, options: z.object(varOption) },
    check,
  );
  handle(
    recipe.command('list').description('recipes there are, and those that were run'),
    invocation,
    { args: none, options: noOptions },
    list,
  );
  const RUN = 'the id of its job, or latest';
  handle(
    recipe.command('show').description('how far a recipe is, step by step').argument('<run>', RUN),
    invocation,
    { args: one, options: noOptions },
    show,
  );
  handle(
    recipe
      .command('pause')
      .description('begin nothing new until continue; the step that runs ends first')
      .argument('<run>', RUN)
      .option('--now', 'stop its job where it can be gone on with'),
    invocation,
    { args: one, options: z.object({ now: z.boolean().default(false) }) },
    pause,
  );
  handle(
    recipe.command('continue').description('go on with a recipe that was paused').argument('<run>', RUN),
    invocation,
    { args: one, options: noOptions },
    continueRun,
  );
  handle(
    recipe
      .command('resume')
      .description('go on with a recipe that ended early (as a new job); what is done is not done twice')
      .argument('<run>', RUN)
      .option('--wait', 'stay until it ends'),
    invocation,
    { args: one, options: waitOptions },
    resume,
  );
  handle(
    recipe.command('stop').description('stop a recipe with the job of its step').argument('<run>', RUN),
    invocation,
    { args: one, options: noOptions },
    stop,
  );
}

async function run(context: CommandContext, [file]: [string], options: z.output<typeof runOptions>): Promise<number> {
  const { out, paths } = context;
  const opened = await openRecipe(context, file, options.var);
  const [problem] = opened.problems;
  if (problem) {
    const { problemLine } = await import('../../recipes/problem-line.ts');
    const more = opened.problems.length - 1;
    const rest = more > 0 ? `${more} more: ragtui recipe check ${file}` : '';
    throw new RagtuiError('invalid', problemLine(opened.work.file, problem), `${problem.hint} ${rest}`.trim());
  }
  if (options.dryRun) return preview(context, opened);
  const { launchJob } = await import('../../jobs/launcher.ts');
  const { ensureWorkspace } = await import('../../platform/paths.ts');
  ensureWorkspace(paths);
  const { name = `recipe ${opened.work.name}` } = options;
  const job = await launchJob(paths, { kind: 'recipe', ...opened.work }, { name });
  if (options.wait) return recipeToEnd(context, job.spec.id);
  out.result(
    { job: jobJson(job) },
    () =>
      `Started ${job.spec.id} (${opened.plan.steps.length} steps). How far it is: ragtui recipe show ${job.spec.id}`,
  );
  return EXIT.done;
}

async function preview(context: CommandContext, opened: Awaited<ReturnType<typeof openRecipe>>): Promise<number> {
  const { previewPlan } = await import('../../recipes/preview.ts');
  const { foldersOf } = await import('../../recipes/folders.ts');
  const { planVariantText } = await import('../../recipes/report/variants.ts');
  const { withKb } = await import('../kb-client.ts');
  const { paths, signal, out } = context;
  const world = {
    paths,
    signal,
    folders: foldersOf(opened.work),
    withKb: <T>(use: Parameters<typeof withKb<T>>[1]) => withKb(context, use),
  };
  const steps = await previewPlan(world, opened.plan);
  const words = { kept: 'unchanged, kept', run: 'runs', follows: 'runs', server: 'while it is needed' };
  out.result({ recipe: opened.work.name, variants: opened.plan.variants, steps, needs: opened.needs }, () => [
    ...table(
      ['STEP', 'NOW', 'TAKES', 'FOR'],
      steps.map(({ title, state, expected, variants }) => [
        title,
        words[state],
        state === 'kept' || state === 'server'
          ? ''
          : expected === null
            ? 'not measured yet'
            : `about ${Math.round(expected)} s`,
        variants.length > 0 ? `variants ${variants.join(', ')}` : '',
      ]),
    ),
    ...opened.plan.variants.map((values, at) => `variant ${at + 1}: ${planVariantText(values)}`),
    ...needLines(opened.needs),
  ]);
  return EXIT.done;
}

function needLines({ engines, models }: Awaited<ReturnType<typeof openRecipe>>['needs']): string[] {
  const size = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`;
  return [
    ...engines
      .filter(({ state }) => state === 'absent' || state === 'partial')
      .map(
        ({ name, launcher, bytes }) =>
          `The engine ${name} is not ${launcher === undefined ? 'here' : `known to be on ${hostOf(launcher)}`}: it is installed first (up to ${size(bytes)}).`,
      ),
    ...models.map(({ id, bytes }) => `The model ${id} is not here: it is pulled first (${size(bytes)}).`),
  ];
}

async function check(context: CommandContext, [file]: [string], options: { var: string[] }): Promise<number> {
  const opened = await openRecipe(context, file, options.var);
  const { work, problems, plan, needs, vars } = opened;
  const ok = problems.length === 0;
  context.out.result(
    {
      ok,
      recipe: work.name,
      file: work.file,
      problems,
      vars,
      variants: plan.variants,
      steps: plan.steps.length,
      needs,
    },
    () =>
      ok
        ? [
            `${work.name}: nothing wrong. ${plan.steps.length} steps${plan.variants.length > 0 ? `, ${plan.variants.length} variants` : ''}.`,
            ...needLines(needs),
          ]
        : problemsText(work.file, problems),
  );
  return ok ? EXIT.done : EXIT.failed;
}

async function list({ out, paths }: CommandContext): Promise<undefined> {
  const { listRecipes } = await import('../../recipes/files.ts');
  const { listRecipeRuns } = await import('../../recipes/control.ts');
  const recipes = listRecipes(paths);
  const runs = listRecipeRuns(paths).map(recipeJson);
  out.result({ recipes, runs }, () => [
    ...table(
      ['RECIPE', 'FROM', 'ABOUT'],
      recipes.map(({ name, from, about, problem }) => [name, from, cut(problem ?? about, ABOUT_CELLS)]),
    ),
    ...(runs.length === 0
      ? ['', 'None was run yet. Run one: ragtui recipe run NAME --wait']
      : ['', ...table(['RUN', 'STATE', 'RECIPE', 'STEPS', 'GATE'], runs.map(runLines))]),
  ]);
}

async function show({ out, paths }: CommandContext, [id]: [string]): Promise<undefined> {
  const { readRecipeRun } = await import('../../recipes/control.ts');
  const { stepLines } = await import('../recipe-text.ts');
  const found = readRecipeRun(paths, id);
  out.result({ ...recipeJson(found), steps: found.status?.steps ?? [], report: found.status?.report ?? null }, () =>
    stepLines(found),
  );
}

const told = ({ out }: CommandContext, job: JobView, line: string): undefined => {
  out.result({ job: jobJson(job) }, () => line);
  return undefined;
};

async function pause(context: CommandContext, [id]: [string], { now }: { now: boolean }): Promise<undefined> {
  const { pauseRecipe } = await import('../../recipes/control.ts');
  const job = pauseRecipe(context.paths, id, now ? 'now' : 'after');
  return told(context, job, `${job.spec.id} pauses. Go on: ragtui recipe continue ${job.spec.id}`);
}

async function continueRun(context: CommandContext, [id]: [string]): Promise<undefined> {
  const { continueRecipe } = await import('../../recipes/control.ts');
  const job = continueRecipe(context.paths, id);
  return told(context, job, `${job.spec.id} goes on.`);
}

async function resume(context: CommandContext, [id]: [string], { wait }: { wait: boolean }): Promise<number> {
  const { resumeRecipe } = await import('../../recipes/control.ts');
  const job = await resumeRecipe(context.paths, id);
  if (wait) return recipeToEnd(context, job.spec.id);
  told(context, job, `Started ${job.spec.id}. How far it is: ragtui recipe show ${job.spec.id}`);
  return EXIT.done;
}

async function stop(context: CommandContext, [id]: [string]): Promise<undefined> {
  const { readRecipeRun } = await import('../../recipes/control.ts');
  const { stopJob } = await import('../../jobs/control.ts');
  const { view } = readRecipeRun(context.paths, id);
  const job = await stopJob(context.paths, view.spec.id, {
    onStep: ({ step, graceSeconds }) => context.out.note(`${step}: waiting up to ${graceSeconds} s`),
  });
  return told(context, job, `${job.spec.id} is ${job.state}. Go on later: ragtui recipe resume ${job.spec.id}`);
}
