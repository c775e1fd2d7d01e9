import { FIGURES_PAGES, isEvaluation } from '../../../stores/evaluation.ts';
import { isOver, type JobView } from '../../jobs/types.ts';
import type { Action } from '../../keys/types.ts';
import { noteText, t } from '../../ui/i18n/index.ts';
import type { NavigationTarget } from '../../ui/screen.ts';
import { calibrationText } from './calibration-lines.ts';
import { chooseJudge } from './form.ts';
import type { EvaluateModel } from './model.ts';

/** The list of the page that is shown. */
export function figuresTarget({ context, metrics, effects, strata, blame, versus }: EvaluateModel): NavigationTarget {
  switch (context.evaluation.getState().page) {
    case 'matrix':
      return effects;
    case 'strata':
      return strata;
    case 'blame':
      return blame;
    case 'versus':
      return versus;
    default:
      return metrics;
  }
}

const running = (model: EvaluateModel): true | string => {
  const job = model.shown();
  if (!job) return t('evaluate.why.none');
  return isOver(job.state) ? t('jobs.why.over') : true;
};

/** Keys of all panes that are about the figures of the run that is looked at. */
export const pageActions: readonly Action<EvaluateModel>[] = [
  {
    id: 'evaluate.page',
    title: 'Next page',
    help: 'Scores, then the verdict with its intervals drawn, effects of a matrix, parts of the questions, where answers went wrong.',
    keys: ['v'],
    rank: 4,
    command: 'ragtui eval show RUN',
    when: ({ context }) => (context.evaluation.getState().figures ? true : t('evaluate.why.noFigures')),
    run: ({ context }) => {
      const { page, setPage, setView, versus, figures } = context.evaluation.getState();
      const crossed = Boolean(figures?.report.matrix);
      const there = { versus: versus !== null, matrix: crossed };
      const pages = FIGURES_PAGES.filter((one) => (one === 'versus' || one === 'matrix' ? there[one] : true));
      const next = pages[(pages.indexOf(page) + 1) % pages.length] ?? 'scores';
      setView('figures');
      setPage(next);
      if (next === 'blame') void context.evaluationItems.getState().readBlame();
    },
  },
  {
    id: 'evaluate.versus',
    title: 'Against a run',
    help: 'Compares a column of this run with one of any run, on the questions that both have.',
    keys: ['d'],
    rank: 8,
    command: 'ragtui eval diff RUN/COLUMN RUN/COLUMN',
    when: ({ context }) => (context.evaluation.getState().figures ? true : t('evaluate.why.noFigures')),
    run: (model) => chooseVersus(model),
  },
  {
    id: 'evaluate.pause',
    title: 'Pause',
    help: 'Asks nothing new until the run goes on; what is being answered ends.',
    keys: ['p'],
    rank: 12,
    command: 'ragtui eval pause RUN',
    when: running,
    run: (model) => control(model, 'pause'),
  },
  {
    id: 'evaluate.goOn',
    title: 'Go on',
    help: 'Goes on with a run that was paused.',
    keys: ['P'],
    command: 'ragtui eval continue RUN',
    when: running,
    run: (model) => control(model, 'continue'),
  },
  {
    id: 'evaluate.retry',
    title: 'Retry failed',
    help: 'Asks again what failed: in the run itself, or in a new one when it is over.',
    keys: ['R'],
    command: 'ragtui eval retry RUN',
    when: (model) => (model.shown() ? true : t('evaluate.why.none')),
    run: (model) => control(model, 'retry'),
  },
  {
    id: 'evaluate.atOnce',
    title: 'At once',
    help: 'Changes how many questions are in work at once, while the run goes on.',
    keys: ['#'],
    command: 'ragtui eval concurrency RUN N',
    when: running,
    run: (model) => {
      const job = model.shown();
      if (!job) return;
      const { evaluation, ui } = model.context;
      ui.getState().prompt({
        title: t('evaluate.atOnce'),
        text: t('evaluate.atOnceText'),
        initial: 'auto',
        submit: async (text) => {
          const value = text.trim() === 'auto' ? 'auto' : Number(text);
          if (value !== 'auto' && !(Number.isInteger(value) && value >= 1 && value <= 128)) {
            ui.getState().toast(t('evaluate.atOnceText'), 'warn');
            return;
          }
          await evaluation.getState().control(job.spec.id, { op: 'concurrency', value });
        },
      });
    },
  },
];

async function control(model: EvaluateModel, op: 'pause' | 'continue' | 'retry'): Promise<void> {
  const job = model.shown();
  if (!job) return;
  await model.context.evaluation.getState().control(job.spec.id, { op });
  model.context.ui.getState().toast(t(`evaluate.did.${op}`), 'good');
}

/** Judging a run that is over, and how well a judge agrees with oneself. */
export const judgeActions: readonly Action<EvaluateModel>[] = [
  {
    id: 'evaluate.judge',
    title: 'Judge',
    help: 'Lets an LLM judge the answers of this run: faithfulness, relevance, context recall, preference. No column is asked again.',
    keys: ['J'],
    rank: 11,
    command: 'ragtui eval judge RUN --judge LLM',
    when: (model) => {
      const job = model.shown();
      if (!job) return t('evaluate.why.none');
      if (!isOver(job.state)) return t('jobs.why.running');
      const llms = model.context.evaluation.getState().models.some(({ kind }) => kind === 'llm');
      return llms ? true : t('evaluate.why.noJudge');
    },
    run: ({ context }) =>
      chooseJudge(context, {
        title: t('evaluate.judgeWith'),
        first: [],
        selected: '',
        pick: async (llm) => {
          const warnings = await context.evaluation.getState().judge(llm);
          context.ui.getState().toast(t('evaluate.judging', { judge: llm }), 'good');
          for (const warning of warnings) context.ui.getState().toast(noteText(warning), 'warn');
        },
      }),
  },
  {
    id: 'evaluate.vote',
    title: 'Vote',
    help: 'Shows two answers to a question without their names, to vote on: then it is known how far a judge agrees with you.',
    keys: ['V'],
    command: 'ragtui eval vote RUN',
    when: (model) => {
      const job = model.shown();
      if (!job) return t('evaluate.why.none');
      return columnsIn(job).length > 1 ? true : t('evaluate.why.oneColumn');
    },
    run: async ({ context }) => {
      await context.evaluation.getState().vote(null);
      context.ui.getState().open({ kind: 'modal', id: 'evaluate.vote' });
    },
  },
  {
    id: 'evaluate.calibrate',
    title: 'Calibrate',
    help: 'Says how far each judge of this run agrees with your own blind votes: share, and kappa beyond chance.',
    keys: ['K'],
    command: 'ragtui eval calibrate RUN',
    when: (model) => (model.shown() ? true : t('evaluate.why.none')),
    run: async (model) => {
      model.calibration.set(calibrationText(await model.context.evaluation.getState().calibrate()));
      model.context.ui.getState().open({ kind: 'modal', id: 'evaluate.calibration' });
    },
  },
];

export const figuresActions: readonly Action<EvaluateModel>[] = [
  {
    id: 'evaluate.drill',
    title: 'Questions',
    help: 'Shows the questions behind this row: sorted by the difference in its metric, or those that went wrong there.',
    keys: ['enter'],
    rank: 7,
    command: 'ragtui eval items RUN --filter blame=LABEL',
    when: (model) => (wishOf(model) ? true : t('evaluate.why.noQuestion')),
    run: (model) => {
      const wish = wishOf(model);
      if (!wish) return;
      const { evaluationItems, ui } = model.context;
      if (wish.filter !== undefined) evaluationItems.getState().setFilter(wish.filter);
      if (wish.sort !== undefined) evaluationItems.getState().setSort(wish.sort);
      ui.getState().setFocus('questions', 'evaluate');
    },
  },
];

function wishOf(model: EvaluateModel): { filter?: string; sort?: string } | undefined {
  const { evaluation, evaluationItems } = model.context;
  const { page, figures } = evaluation.getState();
  if (!figures) return undefined;
  if (page === 'blame') {
    const row = model.blame.selected();
    return row && { filter: `${row.column}.blame=${row.label}` };
  }
  if (page === 'strata') {
    const stratum = model.strata.selected();
    return stratum && { filter: stratum.filter };
  }
  if (page !== 'scores' && page !== 'verdict') return undefined;
  const metric = model.metrics.selected();
  const scope = evaluationItems.getState().scope;
  if (!metric || !scope) return undefined;
  return { sort: scope.column === scope.base ? metric : `diff.${metric}` };
}

/** First the column of this run, then the one of any run it is put against. */
function chooseVersus(model: EvaluateModel): void {
  const { evaluation, jobs, ui } = model.context;
  const mine = model.shown();
  const columns = evaluation.getState().figures?.report.columns ?? [];
  if (!mine) return;
  const others = (jobs.getState().list ?? [])
    .filter(isEvaluation)
    .flatMap((job) => columnsIn(job).map((column) => ({ job, column })));
  const choose = (column: string): void =>
    ui.getState().choose({
      title: t('evaluate.versusBase', { column }),
      choices: others.map(({ job, column: other }) => ({
        id: `${job.spec.id}/${other}`,
        title: `${other} · ${job.spec.id}`,
        note: [dataOf(job), ...job.tags.map((tag) => `#${tag}`)].join(' '),
      })),
      pick: (base) => evaluation.getState().compareRuns(base, `${mine.spec.id}/${column}`),
    });
  ui.getState().choose({
    title: t('evaluate.versusColumn'),
    choices: columns.map(({ name }) => ({ id: name, title: name })),
    selected: columnsIn(mine).at(-1) ?? '',
    pick: choose,
  });
}

const columnsIn = ({ spec: { work } }: JobView): readonly string[] =>
  work.kind === 'evaluate' ? work.columns.map(({ name }) => name) : [];
const dataOf = ({ spec: { work } }: JobView): string =>
  work.kind === 'evaluate' ? `${work.dataset} ${work.split}` : '';
