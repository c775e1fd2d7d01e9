import { isTraining, trainingToWatch } from '../../../stores/training.ts';
import type { EngineStatus } from '../../engines/types.ts';
import { hostOf } from '../../hosts/types.ts';
import type { JobId, JobView } from '../../jobs/types.ts';
import { sanitize, sanitizeLine } from '../../platform/sanitize.ts';
import { ENGINE_OF } from '../../training/types.ts';
import { t } from '../../ui/i18n/index.ts';
import { createListModel, type ListModel } from '../../ui/list-model.ts';
import { createStreamModel, type StreamModel } from '../../ui/stream-model.ts';
import type { ScreenContext } from '../context.ts';
import type { FormField } from '../form.ts';
import { logText } from '../jobs/log.ts';
import { type ChartRun, chartRuns } from './chart-data.ts';
import { type ChartModel, createChartModel } from './chart-model.ts';
import { forecastText, waitsFor } from './forecast-text.ts';
import { headlessCommand, trainingFields } from './form.ts';

export interface TrainModel {
  readonly context: ScreenContext;
  readonly runs: ListModel<JobView>;
  readonly engines: ListModel<EngineStatus>;
  readonly fields: ListModel<FormField>;
  readonly plan: StreamModel;
  readonly forecast: StreamModel;
  readonly log: StreamModel;
  readonly charts: ChartModel;
  /** The training that is looked at, then those laid over it. */
  readonly chartRuns: () => readonly ChartRun[];
  /** The training that is looked at, as its job is now. */
  readonly watched: () => JobView | undefined;
}

const NO_JOBS: readonly JobView[] = [];
const NO_ENGINES: readonly EngineStatus[] = [];

/** Lists and texts of the screen over its stores. */
export function createTrainModel(context: ScreenContext): TrainModel {
  const { training, jobs } = context;
  let cache: { list: readonly JobView[] | null; trainings: readonly JobView[] } = { list: null, trainings: NO_JOBS };
  const trainings = (): readonly JobView[] => {
    const { list } = jobs.getState();
    if (cache.list !== list) cache = { list, trainings: (list ?? []).filter(isTraining) };
    return cache.trainings;
  };
  const plan = createStreamModel();
  const forecast = createStreamModel();
  const log = createStreamModel({ follow: true });
  const runs = createListModel<JobView>({
    items: trainings,
    key: ({ spec }) => spec.id,
    text: ({ spec, state }) => `${spec.name} ${state}`,
    marks: true,
  });
  // What is marked is laid over the curves.
  runs.store.subscribe(({ marks }, before) => {
    if (marks === before.marks) return;
    training.getState().overlay(trainings().flatMap(({ spec }) => (marks.has(spec.id) ? spec.id : [])));
  });
  const nameOf = (id: JobId): string => {
    const work = trainings().find(({ spec }) => spec.id === id)?.spec.work;
    return work?.kind === 'train-llm' || work?.kind === 'train-embedder' ? sanitizeLine(work.name) : id;
  };
  const runsOfCharts = (): readonly ChartRun[] => {
    const { watched, overlays } = training.getState();
    if (!watched) return [];
    const others = overlays.filter(({ job }) => job !== watched.job);
    return chartRuns([watched, ...others].map((one) => ({ ...one, name: nameOf(one.job) })));
  };
  const charts = createChartModel(runsOfCharts);
  const engines = createListModel<EngineStatus>({
    items: () => training.getState().engines ?? NO_ENGINES,
    key: ({ definition }) => definition.name,
  });
  const fields = createListModel<FormField>({
    items: () => {
      return trainingFields(context, training.getState().preset());
    },
    key: ({ id }) => id,
  });

  let logged = '';
  const drawLog = (): void => {
    const { watched } = training.getState();
    const text = logText(watched ? (jobs.getState().logs.get(watched.job) ?? []) : [], '');
    const key = watched?.job ?? '';
    if (key === logged && text.startsWith(log.text())) log.append(text.slice(log.text().length));
    else log.set(text);
    logged = key;
  };
  const find = (): void => {
    const { list } = jobs.getState();
    const found = list ? trainingToWatch(list) : undefined;
    if (found && training.getState().watched === null && training.getState().view === 'live') {
      training.getState().watch(found.spec.id);
      runs.select(found.spec.id);
    }
  };
  jobs.subscribe((state, before) => {
    if (state.logVersion !== before.logVersion) drawLog();
    // A training that was started before this screen was: it is found again.
    if (state.list !== before.list && context.ui.getState().screen === 'train') find();
  });
  training.subscribe((state, before) => {
    if (state.watched !== before.watched) {
      drawLog();
      charts.release();
    }
    if (
      state.plan !== before.plan ||
      state.problem !== before.problem ||
      state.reading !== before.reading ||
      state.form !== before.form
    )
      plan.set(planText(context));
    if (
      state.reading !== before.reading ||
      state.plan !== before.plan ||
      state.problem !== before.problem ||
      state.counting !== before.counting ||
      state.measuring !== before.measuring
    ) {
      forecast.set(forecastOf(context));
    }
  });
  context.ui.subscribe((state, before) => {
    if (state.screen === 'train' && before.screen !== 'train') find();
  });
  return {
    context,
    runs,
    engines,
    fields,
    plan,
    forecast,
    log,
    charts,
    chartRuns: runsOfCharts,
    watched: () => {
      const { watched } = training.getState();
      return watched ? trainings().find(({ spec }) => spec.id === watched.job) : undefined;
    },
  };
}

/** What it will need, or why that cannot be said. */
function forecastOf({ training, jobs }: ScreenContext): string {
  const { form, plan, problem, reading, counting, measuring, engines, device } = training.getState();
  const { launcher } = form;
  if (problem) return sanitize(`✗ ${problem.message} ${problem.hint}`);
  if (!plan) return t(reading ? 'train.reading' : 'train.planLater');
  // What another machine needs nobody measured; in a line of ours it does not wait.
  if (launcher !== null)
    return sanitize(
      `${t('train.forecast.here', { host: hostOf(launcher) })}\n\n${forecastText(plan, { counting, measuring, waitsFor: undefined })}`,
    );
  const installed = engines?.find(({ definition }) => definition.name === ENGINE_OF[form.kind])?.manifest?.device;
  const waits = waitsFor(jobs.getState().list ?? NO_JOBS, installed ?? device, isTraining);
  return sanitize(forecastText(plan, { counting, measuring, waitsFor: waits }));
}

/** What would run, to the letter: what `--dry-run` prints, and the command that does the same headless. */
function planText({ training }: ScreenContext): string {
  const { form, plan, problem, reading } = training.getState();
  const headless = `$ ${headlessCommand(form)} --dry-run`;
  if (problem) return sanitize(`✗ ${problem.message} ${problem.hint}\n\n${headless}`);
  if (!plan) return `${t(reading ? 'train.reading' : 'train.planLater')}\n\n${headless}`;
  const files = Object.entries(plan.files).map(([name, text]) => `── ${name} ──\n${text.trimEnd()}\n`);
  return sanitize(
    [...files, plan.command.join(' '), '', headless, '', t('train.planRows', { rows: plan.rows })].join('\n'),
  );
}
