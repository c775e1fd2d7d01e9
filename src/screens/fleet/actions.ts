import type { Place } from '../../fleet/types.ts';
import { type JobView, whyNotResume } from '../../jobs/types.ts';
import type { Action } from '../../keys/types.ts';
import { t } from '../../ui/i18n/index.ts';
import { canStop, confirmStop, stopJob } from '../job-actions.ts';
import type { FleetModel } from './screen.tsx';
import { SECTIONS } from './sections.ts';

/** With the job under the cursor; without one the key says so. */
const withJob =
  (condition: (job: JobView, place: Place) => true | string) =>
  (model: FleetModel): true | string => {
    const row = model.section() === 'jobs' ? model.jobs.selected() : undefined;
    const place = model.list.selected();
    if (!row || !place) return t('fleet.why.noJob');
    return row.view ? condition(row.view, place) : t('fleet.why.elsewhere');
  };

const jobOf = ({ jobs }: FleetModel): JobView | undefined => jobs.selected()?.view ?? undefined;

/** A drained host goes on with what it runs already, and takes nothing else. */
function canRequeue(job: JobView, { drainedAt, id }: Place): true | string {
  if (whyNotResume(job) === 'running') return t('fleet.why.running');
  return drainedAt !== null && !job.far?.open ? t('fleet.why.drained', { name: id }) : true;
}

export const fleetActions: readonly Action<FleetModel>[] = [
  {
    id: 'fleet.again',
    title: 'Look again',
    help: 'Asks every machine anew now; while this screen is open they are asked every ten seconds.',
    keys: ['u'],
    rank: 1,
    command: 'ragtui fleet',
    run: ({ context }) => context.fleet.getState().again(),
  },
  {
    id: 'fleet.section',
    title: 'Next part',
    help: 'Shows the machine, its GPUs, its jobs, its servers, one after the other.',
    keys: ['s'],
    rank: 2,
    command: 'ragtui fleet',
    run: ({ section, show }) => show(SECTIONS[(SECTIONS.indexOf(section()) + 1) % SECTIONS.length] ?? 'machine'),
  },
  {
    id: 'fleet.drain',
    title: 'Drain',
    help: 'Lets a host take no new jobs, or take them again; what runs there goes on.',
    keys: ['d'],
    rank: 3,
    command: 'ragtui hosts drain HOST · ragtui hosts undrain HOST',
    when: ({ list }) => (list.selected()?.host ? true : t('fleet.why.here')),
    run: async ({ context, list }) => {
      const place = list.selected();
      if (!place?.host) return;
      const drained = place.drainedAt === null;
      await context.fleet.getState().drain(place.id, drained);
      context.ui.getState().toast(t(drained ? 'fleet.isDrained' : 'fleet.isUndrained', { name: place.id }));
    },
  },
  {
    id: 'fleet.log',
    title: 'Log',
    help: 'Opens the log of the job on the Jobs screen.',
    keys: ['l'],
    rank: 4,
    command: 'ragtui jobs logs ID',
    when: withJob(() => true),
    run: (model) => showJob(model, 'log'),
  },
  {
    id: 'fleet.job',
    title: 'Job',
    help: 'Shows the job on the Jobs screen.',
    keys: ['enter'],
    rank: 7,
    command: 'ragtui jobs show ID',
    when: withJob(() => true),
    run: (model) => showJob(model, 'list'),
  },
  {
    id: 'fleet.stop',
    title: 'Stop',
    help: 'Asks the job to end, then tells it, then ends it by force; each step is shown.',
    keys: ['x'],
    rank: 5,
    command: 'ragtui jobs stop ID',
    when: withJob((job) => canStop(job, t('fleet.why.noJob'))),
    confirm: (model) => confirmStop(jobOf(model)),
    run: (model) => stopJob(model.context, jobOf(model)),
  },
  {
    id: 'fleet.requeue',
    title: 'Requeue',
    help: 'Goes on with a job that ended early, on the same machine; one that is done, or a server, is done anew.',
    keys: ['r'],
    rank: 6,
    command: 'ragtui jobs resume ID · ragtui jobs retry ID',
    when: withJob(canRequeue),
    run: async (model) => {
      const job = jobOf(model);
      if (!job) return;
      const { resume, retry } = model.context.jobs.getState();
      await (whyNotResume(job) === null ? resume : retry)(job.spec.id);
    },
  },
];

function showJob(model: FleetModel, pane: 'list' | 'log'): void {
  const job = jobOf(model);
  if (!job) return;
  const { jobs, ui } = model.context;
  jobs.getState().select(job.spec.id);
  ui.getState().showScreen('jobs');
  ui.getState().setFocus(pane, 'jobs');
}
