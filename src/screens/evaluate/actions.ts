import { GENERAL } from '../../evaluation/general-names.ts';
import { FORMAT_NAMES } from '../../evaluation/reports/names.ts';
import { isOver, type JobView } from '../../jobs/types.ts';
import type { Action } from '../../keys/types.ts';
import { t } from '../../ui/i18n/index.ts';
import { askNote, askTags } from '../job-notes.ts';
import { canStart, fillForm, withoutReading } from './form.ts';
import { makeMatrix, matrixChoices, oracleColumns } from './form-matrix.ts';
import type { EvaluateModel } from './model.ts';

/** The run that keys are about: under the cursor in the list, else the one that is looked at. */
const current = ({ context, runs, shown }: EvaluateModel): JobView | undefined => {
  const focus = context.ui.getState().focus['evaluate'] ?? 'runs';
  return focus === 'runs' ? (runs.selected() ?? shown()) : shown();
};

export const evaluateActions: readonly Action<EvaluateModel>[] = [
  {
    id: 'evaluate.new',
    title: 'New',
    help: 'Fills in a new run: which questions, which columns, which metrics.',
    keys: ['n'],
    rank: 3,
    command: 'ragtui eval run --dataset NAME --column name=,llm=ID,context=gold',
    run: ({ context }) => {
      context.evaluation.getState().refresh();
      fillForm(context);
      context.evaluation.getState().setView('form');
      context.ui.getState().setFocus('form', 'evaluate');
    },
  },
  {
    id: 'evaluate.forgetting',
    title: 'Forgetting',
    help: 'A new run of general questions without passages: what a tune has forgotten against its base.',
    keys: ['l'],
    rank: 12,
    command: 'ragtui eval forgetting --column name=base,llm=ID --column name=tuned,llm=ID',
    run: async ({ context }) => {
      const { refresh, configure, setView, form } = context.evaluation.getState();
      refresh();
      setView('form');
      context.ui.getState().setFocus('form', 'evaluate');
      const columns = form.columns.map(withoutReading);
      const general = { dataset: GENERAL, split: 'all', limit: null, kb: null, schema: null, markers: null };
      await configure({ ...general, columns, metrics: null, primary: null });
    },
  },
  {
    id: 'evaluate.start',
    title: 'Start',
    help: 'Starts the run of the form as a job; every finished question is kept.',
    keys: ['s'],
    rank: 1,
    command: 'ragtui eval run --dataset NAME --column name=,llm=ID,context=gold',
    when: ({ context }) =>
      context.evaluation.getState().view === 'form' ? canStart(context) : t('evaluate.why.noForm'),
    run: async ({ context, runs }) => {
      const id = await context.evaluation.getState().start();
      runs.select(id);
      context.ui.getState().setFocus('figures', 'evaluate');
    },
  },
  {
    id: 'evaluate.stop',
    title: 'Stop',
    help: 'Ends the run; what is finished stays, and Resume asks only what is missing.',
    keys: ['x'],
    rank: 2,
    command: 'ragtui jobs stop ID',
    when: (model) => {
      const job = current(model);
      if (!job) return t('evaluate.why.none');
      return isOver(job.state) ? t('jobs.why.over') : true;
    },
    confirm: () => t('jobs.confirmStop.evaluate'),
    run: (model) => {
      const job = current(model);
      return job ? model.context.jobs.getState().stop(job.spec.id) : undefined;
    },
  },
  {
    id: 'evaluate.resume',
    title: 'Resume',
    help: 'Goes on with a run that ended early; what is finished is not asked again.',
    keys: ['r'],
    rank: 4,
    command: 'ragtui eval resume RUN',
    when: (model) => {
      const job = current(model);
      if (!job) return t('evaluate.why.none');
      if (!isOver(job.state)) return t('jobs.why.running');
      return job.state === 'succeeded' ? t('train.why.done') : true;
    },
    run: async (model) => {
      const job = current(model);
      if (!job) return;
      const id = await model.context.evaluation.getState().resume(job);
      model.runs.select(id);
    },
  },
  {
    id: 'evaluate.update',
    title: 'Update',
    help: 'Computes the figures of this run anew; while it goes on they are interim.',
    keys: ['u'],
    rank: 6,
    command: 'ragtui eval show RUN',
    when: ({ context }) => {
      const { shown, reading } = context.evaluation.getState();
      if (shown === null) return t('evaluate.why.none');
      return reading ? t('evaluate.why.reading') : true;
    },
    run: ({ context }) => context.evaluation.getState().recompute(),
  },
  {
    id: 'evaluate.export',
    title: 'Report',
    help: 'Writes the report of this run into the exports folder: to read, with charts, for a spreadsheet, for CI.',
    keys: ['e'],
    rank: 5,
    command: 'ragtui eval report RUN --format html',
    when: ({ context }) => (context.evaluation.getState().figures ? true : t('evaluate.why.noFigures')),
    run: ({ context }) =>
      context.ui.getState().choose({
        title: t('evaluate.exportAs'),
        choices: FORMAT_NAMES.map((id) => ({ id, title: id, note: t(`evaluate.format.${id}`) })),
        selected: 'md',
        pick: async (picked) => {
          const format = FORMAT_NAMES.find((name) => name === picked);
          if (!format) return;
          const file = await context.evaluation.getState().export(format);
          context.ui.getState().toast(t('evaluate.exported', { file }), 'good');
        },
      }),
  },
];

export const formActions: readonly Action<EvaluateModel>[] = [
  {
    id: 'evaluate.change',
    title: 'Change',
    help: 'Changes the value under the cursor.',
    keys: ['enter'],
    rank: 4,
    run: ({ fields }) => fields.selected()?.change(),
  },
  {
    id: 'evaluate.matrix',
    title: 'Matrix',
    help: 'LLMs × embedders × contexts: puts in the columns of all combinations, to see what each does on average.',
    keys: ['m'],
    rank: 5,
    command: 'ragtui eval matrix --dataset NAME --kb NAME --llm IDS --embedder IDS',
    when: ({ context }) => (matrixChoices(context).length > 0 ? true : t('evaluate.why.noPair')),
    run: ({ context }) => makeMatrix(context),
  },
  {
    id: 'evaluate.oracle',
    title: 'Oracle',
    help: 'Adds a column for each LLM that reads what was found: the same LLM with the gold passage, the ceiling of retrieval.',
    keys: ['O'],
    rank: 6,
    command: 'ragtui eval run --dataset NAME --column name=,llm=ID --with-oracle',
    when: ({ context }) => (oracleColumns(context) ? true : t('evaluate.why.noRetrieving')),
    run: async ({ context }) => {
      const columns = oracleColumns(context);
      if (columns) await context.evaluation.getState().configure({ columns });
    },
  },
];

export const runsActions: readonly Action<EvaluateModel>[] = [
  {
    id: 'evaluate.show',
    title: 'Figures',
    help: 'Shows the figures of this run.',
    keys: ['enter'],
    rank: 7,
    when: ({ runs }) => (runs.selected() ? true : t('evaluate.why.none')),
    run: ({ context, runs }) => {
      const job = runs.selected();
      if (!job) return;
      context.ui.getState().setFocus('figures', 'evaluate');
      void context.evaluation.getState().show(job.spec.id);
    },
  },
  {
    id: 'evaluate.tag',
    title: 'Tags',
    help: 'Sets the tags of this run, words with spaces between them; / finds runs by them.',
    keys: ['t'],
    rank: 9,
    command: 'ragtui jobs tag ID +TAG -TAG',
    when: ({ runs }) => (runs.selected() ? true : t('evaluate.why.none')),
    run: ({ context, runs }) => {
      const job = runs.selected();
      if (job) askTags(context, job);
    },
  },
  {
    id: 'evaluate.note',
    title: 'Note',
    help: 'Keeps a note on this run.',
    keys: ['m'],
    rank: 10,
    command: 'ragtui jobs note ID TEXT',
    when: ({ runs }) => (runs.selected() ? true : t('evaluate.why.none')),
    run: ({ context, runs }) => {
      const job = runs.selected();
      if (job) askNote(context, job);
    },
  },
];
