import { isRunning, type RecipeRow } from '../../../stores/recipes.ts';
import { isOver } from '../../jobs/types.ts';
import type { Action } from '../../keys/types.ts';
import type { Scalar } from '../../recipes/types.ts';
import { parseValue } from '../../recipes/variables.ts';
import { t } from '../../ui/i18n/index.ts';
import type { RecipesModel } from './screen.tsx';

type Vars = Readonly<Record<string, Scalar>>;

const withRow =
  (condition: (row: RecipeRow) => true | string) =>
  ({ list }: RecipesModel): true | string => {
    const row = list.selected();
    return row ? condition(row) : t('recipes.why.none');
  };
const withFile = (condition: (row: RecipeRow) => true | string) =>
  withRow((row) => (row.file ? condition(row) : t('recipes.why.elsewhere')));
const running = withRow((row) => (isRunning(row) ? true : t('recipes.why.notRunning')));

/** The values of its last run: what was right once is offered again. */
const lastVars = ({ run }: RecipeRow): Vars => run?.work.vars ?? {};

export const recipesActions: readonly Action<RecipesModel>[] = [
  {
    id: 'recipes.run',
    title: 'Run',
    help: 'Does what the recipe declares, as a job: asks for variables without a value first; what is done and unchanged is kept.',
    keys: ['n'],
    rank: 1,
    command: 'ragtui recipe run FILE --var NAME=VALUE',
    when: withFile((row) => (isRunning(row) ? t('recipes.why.running') : true)),
    run: ({ context, list }) => {
      const row = list.selected();
      return row?.file ? begin(context, row, row.file.file, lastVars(row)) : undefined;
    },
  },
  {
    id: 'recipes.check',
    title: 'Check',
    help: 'Says what is wrong with the recipe, by line and column; starts nothing.',
    keys: ['c'],
    rank: 2,
    command: 'ragtui recipe check FILE',
    when: withFile(() => true),
    run: async ({ context, list }) => {
      const row = list.selected();
      if (!row?.file) return;
      const { problems, steps } = await context.recipes.getState().check(row.file.file, lastVars(row));
      if (problems.length === 0) context.ui.getState().toast(t('recipes.sound', { steps }), 'good');
    },
  },
  {
    id: 'recipes.pause',
    title: 'Pause',
    help: 'Begins nothing new until it is pressed again; the step that runs ends first.',
    keys: ['p'],
    rank: 3,
    command: 'ragtui recipe pause RUN · ragtui recipe continue RUN',
    when: running,
    run: async ({ context, list }) => {
      const run = list.selected()?.run;
      if (!run) return;
      const { pause, continue: goOn } = context.recipes.getState();
      if (run.status?.paused) await goOn(run.view.spec.id);
      else {
        await pause(run.view.spec.id);
        context.ui.getState().toast(t('recipes.pausing'));
      }
    },
  },
  {
    id: 'recipes.resume',
    title: 'Resume',
    help: 'Goes on with a run that ended early, as a new job; what is done is not done twice.',
    keys: ['r'],
    rank: 4,
    command: 'ragtui recipe resume RUN',
    when: withRow(({ run }) =>
      run === null ? t('recipes.why.noRun') : isOver(run.view.state) ? true : t('recipes.why.running'),
    ),
    run: async ({ context, list }) => {
      const run = list.selected()?.run;
      if (run) await context.recipes.getState().resume(run.view.spec.id);
    },
  },
  {
    id: 'recipes.stop',
    title: 'Stop',
    help: 'Stops the run with the job of its step; a resume goes on from there.',
    keys: ['x'],
    rank: 5,
    command: 'ragtui recipe stop RUN',
    when: running,
    confirm: () => t('jobs.confirmStop.recipe'),
    run: ({ context, list }) => {
      const run = list.selected()?.run;
      return run ? context.jobs.getState().stop(run.view.spec.id) : undefined;
    },
  },
  {
    id: 'recipes.report',
    title: 'Report',
    help: 'Reads the report of the newest run; then o opens it in the pager and Y copies it.',
    keys: ['v'],
    rank: 6,
    command: 'ragtui recipe show RUN',
    when: withRow(({ run }) => (run?.status?.report ? true : t('recipes.why.noReport'))),
    run: async ({ context, list }) => {
      const report = list.selected()?.run?.status?.report;
      if (!report) return;
      await context.recipes.getState().readReport(report.md);
      context.ui.getState().toast(t('recipes.reportRead', { file: report.md }), 'good');
    },
  },
];

/** Asks for what has no value, one after the other; then says what would be done, and does it. */
async function begin(context: RecipesModel['context'], row: RecipeRow, file: string, vars: Vars): Promise<void> {
  const { recipes, ui } = context;
  const { check, run } = recipes.getState();
  const found = await check(file, vars);
  const [missing] = found.missing;
  if (missing) {
    ui.getState().prompt({
      title: t('recipes.variable', { name: missing.name }),
      text: missing.about || row.name,
      initial: '',
      submit: (text) =>
        text.trim() === ''
          ? undefined
          : begin(context, row, file, { ...vars, [missing.name]: parseValue(text.trim()) }),
    });
    return;
  }
  if (found.problems.length > 0) {
    ui.getState().toast(t('recipes.wrong', { count: found.problems.length }), 'bad');
    return;
  }
  const { steps, fetches } = found;
  recipes.getState().forget(file);
  ui.getState().confirm({
    title: t('recipes.runTitle', { name: row.name }),
    text: [
      t('recipes.runText', { steps }),
      ...(found.variants > 0 ? [t('recipes.runVariants', { variants: found.variants })] : []),
      ...(fetches.length > 0 ? [t('recipes.runFetches', { what: fetches.join(', ') })] : []),
    ].join(' '),
    run: () => run(file, vars),
  });
}

export const stepActions: readonly Action<RecipesModel>[] = [
  {
    id: 'recipes.job',
    title: 'Job',
    help: 'Opens the job that did the step, or does it, with its log.',
    keys: ['enter'],
    rank: 1,
    command: 'ragtui jobs logs ID',
    when: ({ steps }) => (steps.selected()?.job ? true : t('recipes.why.noJob')),
    run: ({ context, steps }) => {
      const id = steps.selected()?.job;
      const job = context.jobs.getState().list?.find(({ spec }) => spec.id === id);
      if (!job) {
        context.ui.getState().toast(t('recipes.jobGone'), 'warn');
        return;
      }
      context.jobs.getState().select(job.spec.id);
      context.ui.getState().showScreen('jobs');
    },
  },
];
