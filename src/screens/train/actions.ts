import { isTraining } from '../../../stores/training.ts';
import { isOver, type JobView } from '../../jobs/types.ts';
import type { Action } from '../../keys/types.ts';
import { toRagtuiError } from '../../platform/errors.ts';
import type { NearestFit } from '../../training/forecast/types.ts';
import { formatBytes } from '../../ui/format.ts';
import { t } from '../../ui/i18n/index.ts';
import { deployAndCompare } from '../deploy/compare.ts';
import { canResume, canStop, confirmStop, stopJob } from '../job-actions.ts';
import { askBeside } from './beside.ts';
import { metricsOf } from './chart-data.ts';
import { canStart, fillForm, fillLike } from './form.ts';
import { addSetting } from './form-settings.ts';
import type { TrainModel } from './model.ts';

/** The training that keys are about: under the cursor in the list, else the one that is looked at. */
const current = ({ context, runs, watched }: TrainModel): JobView | undefined => {
  const focus = context.ui.getState().focus['train'] ?? 'runs';
  return focus === 'runs' ? (runs.selected() ?? watched()) : (watched() ?? runs.selected());
};

const runningInstall = ({ context, engines }: TrainModel): boolean =>
  (context.jobs.getState().list ?? []).some(
    ({ spec, state }) =>
      spec.work.kind === 'engine-install' && spec.work.engine === engines.selected()?.definition.name && !isOver(state),
  );

export const trainActions: readonly Action<TrainModel>[] = [
  {
    id: 'train.new',
    title: 'New',
    help: 'Fills in a new training: what is tuned, on which data, with which settings.',
    keys: ['n'],
    rank: 3,
    command: 'ragtui train llm --dataset NAME --base ID --name NAME --dry-run',
    run: async ({ context }) => {
      const { training, datasets, models, ui } = context;
      training.getState().setView('form');
      ui.getState().setFocus('form', 'train');
      // Who is quicker than the lists gets the form filled in all the same.
      if (datasets.getState().list === null) await datasets.getState().refresh();
      if (models.getState().list === null) await models.getState().refresh();
      fillForm(context);
    },
  },
  {
    id: 'train.start',
    title: 'Start',
    help: 'Starts the training of the form as a job; it goes on when ragtui is closed.',
    keys: ['s'],
    rank: 1,
    command: 'ragtui train llm --dataset NAME --base ID --name NAME',
    when: ({ context }) => {
      const { view } = context.training.getState();
      return view === 'form' ? canStart(context) : t('train.why.noForm');
    },
    run: async ({ context, runs }) => {
      const id = await context.training.getState().start();
      runs.select(id);
      context.ui.getState().setFocus('live', 'train');
    },
  },
  {
    id: 'train.stop',
    title: 'Stop',
    help: 'Asks the training to save where it is and end; each step is shown. Resume goes on from there.',
    keys: ['x'],
    rank: 2,
    command: 'ragtui jobs stop ID',
    when: (model) => canStop(current(model), t('train.why.none')),
    confirm: (model) => confirmStop(current(model)),
    run: (model) => stopJob(model.context, current(model)),
  },
  {
    id: 'train.resume',
    title: 'Resume',
    help: 'Goes on with a training that was stopped or failed, from its last checkpoint.',
    keys: ['r'],
    rank: 4,
    command: 'ragtui jobs resume ID',
    when: (model) => canResume(current(model), t('train.why.none')),
    run: async (model) => {
      const job = current(model);
      if (!job) return;
      const id = await model.context.training.getState().resume(job);
      model.runs.select(id);
    },
  },
  {
    id: 'train.clone',
    title: 'Clone',
    help: 'Fills the form with all that this training was told, under the next free name: change what you like, then start it.',
    keys: ['C'],
    rank: 6,
    command: 'ragtui jobs clone ID --set key=value',
    when: (model) => (current(model) ? true : t('train.why.none')),
    run: (model) => {
      const work = current(model)?.spec.work;
      if (!work) return;
      fillLike(model.context, work);
      model.context.training.getState().setView('form');
      model.context.ui.getState().setFocus('form', 'train');
    },
  },
  {
    id: 'train.rung',
    title: 'Try smaller',
    help: 'After an out-of-memory: a new training with the next change that needs less, as far as it goes with the same batch.',
    keys: ['t'],
    rank: 4,
    command: 'ragtui jobs retry ID --next-rung',
    when: (model) => {
      const job = current(model);
      if (!job) return t('train.why.none');
      return model.context.training.getState().failure(job)?.rung ? true : t('train.why.noRung');
    },
    run: async (model) => {
      const job = current(model);
      if (!job) return;
      const id = await model.context.training.getState().nextRung(job);
      model.runs.select(id);
      model.context.ui.getState().setFocus('live', 'train');
    },
  },
  {
    id: 'train.beside',
    title: 'Ask beside base',
    help: 'Asks the tuned model and its base the same question, side by side.',
    keys: ['a'],
    rank: 5,
    command: 'ragtui compare "question" --column name=base,llm=ID --column name=tuned,llm=NAME',
    when: (model) => {
      const job = current(model);
      if (!job) return t('train.why.none');
      return job.state === 'succeeded' ? true : t('train.why.notDone');
    },
    run: (model) => {
      const job = current(model);
      if (job) askBeside(model.context, job);
    },
  },
  {
    id: 'train.deploy',
    title: 'Deploy and compare',
    help: 'Serves the tune beside its base on one engine, then opens both with the questions that its training did not see.',
    keys: ['D'],
    rank: 5,
    command: 'ragtui deploy compare NAME',
    when: (model) => {
      const job = current(model);
      if (!job) return t('train.why.none');
      if (job.spec.work.kind !== 'train-llm') return t('train.why.noAdapter');
      return job.state === 'succeeded' ? true : t('train.why.notDone');
    },
    run: (model) => {
      const work = current(model)?.spec.work;
      return work?.kind === 'train-llm' ? deployAndCompare(model.context, work.name, work) : undefined;
    },
  },
  {
    id: 'train.install',
    title: 'Install',
    help: 'Downloads the engine under the cursor into an environment of its own, as a job.',
    keys: ['i'],
    rank: 6,
    command: 'ragtui engines install NAME',
    when: (model) => {
      const engine = model.engines.selected();
      if (!engine) return t('train.why.noEngineHere');
      if (runningInstall(model)) return t('train.why.installing');
      return engine.state === 'present' ? t('train.why.installed') : true;
    },
    confirm: ({ context, engines }) => {
      const engine = engines.selected();
      if (!engine) return undefined;
      const { title, diskBytes, licence } = engine.definition;
      const free = context.workspace.getState().disk?.free;
      return t('train.confirmInstall', {
        title,
        licence,
        need: formatBytes(diskBytes),
        free: free === undefined ? '?' : formatBytes(free),
        folder: engine.folder,
        device: context.training.getState().device,
      });
    },
    run: async ({ context, engines }) => {
      const engine = engines.selected();
      if (!engine) return;
      await context.training.getState().install(engine.definition.name);
      context.ui.getState().toast(t('train.installing', { title: engine.definition.title }));
    },
  },
];

export const formActions: readonly Action<TrainModel>[] = [
  {
    id: 'train.change',
    title: 'Change',
    help: 'Changes the value under the cursor.',
    keys: ['enter'],
    rank: 4,
    run: ({ fields }) => fields.selected()?.change(),
  },
  {
    id: 'train.drop',
    title: 'As preset',
    help: 'Gives the setting under the cursor the value of the preset again.',
    keys: ['d', 'backspace'],
    when: ({ fields }) => (fields.selected()?.reset ? true : t('train.why.notSet')),
    run: ({ fields }) => fields.selected()?.reset?.(),
  },
  {
    id: 'train.add',
    title: 'Add setting',
    help: 'Adds any other key of the engine, by its own name.',
    keys: ['+'],
    command: 'ragtui train llm --dataset NAME --base ID --name NAME --set key=value',
    run: ({ context }) => {
      addSetting(context, context.training.getState().preset());
    },
  },
];

const showsForm = ({ context }: TrainModel): true | string =>
  context.training.getState().view === 'form' ? true : t('train.why.noForm');

/** Of the form and what stands beside it. */
export const besideFormActions: readonly Action<TrainModel>[] = [
  {
    id: 'train.undo',
    title: 'Undo',
    help: 'Takes the last change of the form back.',
    keys: ['u'],
    rank: 5,
    when: (model) => {
      if (showsForm(model) !== true) return showsForm(model);
      return model.context.training.getState().past.length > 0 ? true : t('train.why.nothingUndone');
    },
    run: ({ context }) => void context.training.getState().undo(),
  },
  {
    id: 'train.fit',
    title: 'Take what fits',
    help: 'Takes the nearest settings whose memory suffices.',
    keys: ['f'],
    rank: 2,
    command: 'ragtui train llm --dataset NAME --base ID --name NAME --set key=value',
    when: (model) => {
      if (showsForm(model) !== true) return showsForm(model);
      return nearestFit(model) ? true : t('train.why.nothingFits');
    },
    run: (model) => {
      const nearest = nearestFit(model);
      if (!nearest) return;
      const { form, configure } = model.context.training.getState();
      configure({ settings: { ...form.settings, ...nearest.settings } });
    },
  },
  {
    id: 'train.count',
    title: 'Count tokens',
    help: "Counts the tokens by the base's own tokenizer instead of estimating them.",
    keys: ['m'],
    command: 'ragtui train llm --dataset NAME --base ID --name NAME --dry-run',
    when: (model) => {
      if (showsForm(model) !== true) return showsForm(model);
      const { plan, counting } = model.context.training.getState();
      if (!plan || counting) return t('train.why.incomplete');
      return plan.forecast.tokens?.source === 'counted' ? t('train.why.counted') : true;
    },
    run: ({ context }) => context.training.getState().count(),
  },
  {
    id: 'train.measure',
    title: 'Measure',
    help: 'Runs a few steps of it, in a folder of their own, for the time it will take; once more: ends that.',
    keys: ['M'],
    rank: 7,
    command: 'ragtui train llm --dataset NAME --base ID --name NAME --measure --dry-run',
    when: (model) => {
      if (showsForm(model) !== true) return showsForm(model);
      const { measuring } = model.context.training.getState();
      if (measuring) return true;
      if (model.context.training.getState().form.launcher !== null) return t('train.why.measuresHere');
      if ((model.context.jobs.getState().list ?? []).some((job) => isTraining(job) && !isOver(job.state)))
        return t('train.why.busy');
      return canStart(model.context);
    },
    // Not awaited: it takes minutes, and the same key ends it.
    run: ({ context: { training, ui } }) => {
      training
        .getState()
        .measure()
        .catch((error: unknown) => {
          const { message, hint } = toRagtuiError(error);
          ui.getState().toast(`${message} ${hint}`.trim(), 'bad');
        });
    },
  },
  {
    id: 'train.plan',
    title: 'Plan/forecast',
    help: 'Turns between what would run and what it will need.',
    keys: ['p'],
    rank: 6,
    when: showsForm,
    run: ({ context }) => context.training.getState().turnBeside(),
  },
];

const nearestFit = ({ context }: TrainModel): NearestFit | null =>
  context.training.getState().plan?.forecast.verdict.nearest ?? null;

export const runsActions: readonly Action<TrainModel>[] = [
  {
    id: 'train.watch',
    title: 'Watch',
    help: 'Shows this training: its loss, its steps, its log.',
    keys: ['enter'],
    when: ({ runs }) => (runs.selected() ? true : t('train.why.none')),
    run: ({ context, runs }) => {
      const job = runs.selected();
      if (!job) return;
      context.training.getState().watch(job.spec.id);
      context.ui.getState().setFocus('live', 'train');
    },
  },
];

const hasCurves = ({ chartRuns }: TrainModel): true | string =>
  metricsOf(chartRuns()).length > 0 ? true : t('train.noLoss');

export const liveActions: readonly Action<TrainModel>[] = [
  {
    id: 'train.chart',
    title: 'Chart',
    help: 'Shows one curve alone, then the next: loss, held-out numbers, learning rate, gradient; then all again.',
    keys: ['c'],
    rank: 7,
    when: hasCurves,
    run: ({ charts }) => charts.cycle(),
  },
  {
    id: 'train.axis',
    title: 'Epochs',
    help: 'Tells the curves by epoch instead of by step, and back: trainings with other batches stand beside each other.',
    keys: ['e'],
    when: ({ chartRuns }) =>
      (chartRuns()[0]?.curves.series.get('epoch')?.length ?? 0) > 0 ? true : t('train.why.noEpoch'),
    run: ({ charts }) => charts.turnAxis(),
  },
  {
    id: 'train.export',
    title: 'Export',
    help: 'Writes the curves, and those laid over them, as CSV and as pictures (SVG and PNG).',
    keys: ['w'],
    rank: 8,
    command: 'ragtui jobs metrics ID --csv FILE --png FILE',
    when: hasCurves,
    run: async ({ context }) => {
      const files = await context.training.getState().exportCurves();
      context.ui.getState().toast(t('train.exported', { files: files.join(', ') }));
    },
  },
  {
    id: 'train.pointLeft',
    title: 'Point left',
    help: 'Points at the step before: the charts tell what they stood at there. Esc lets go.',
    keys: ['left'],
    when: hasCurves,
    run: ({ charts }) => charts.move(-1),
  },
  {
    id: 'train.pointRight',
    title: 'Point right',
    help: 'Points at the next step.',
    keys: ['right'],
    when: hasCurves,
    run: ({ charts }) => charts.move(1),
  },
];
