import { isOver } from '../../jobs/types.ts';
import type { Action } from '../../keys/types.ts';
import { t } from '../../ui/i18n/index.ts';
import type { JobsModel } from './screen.tsx';

const over = ({ list }: JobsModel): true | string => {
  const job = list.selected();
  if (!job) return t('jobs.why.none');
  return isOver(job.state) ? true : t('jobs.why.running');
};

export const jobsActions: readonly Action<JobsModel>[] = [
  {
    id: 'jobs.stop',
    title: 'Stop',
    help: 'Asks the job to end, then tells it, then ends it by force; each step is shown.',
    keys: ['x'],
    rank: 1,
    command: 'ragtui jobs stop ID',
    when: ({ list }) => {
      const job = list.selected();
      if (!job) return t('jobs.why.none');
      return isOver(job.state) ? t('jobs.why.over') : true;
    },
    confirm: ({ list }) => {
      const kind = list.selected()?.spec.work.kind;
      return kind ? t(`jobs.confirmStop.${kind}`) : undefined;
    },
    run: ({ context, list }) => {
      const job = list.selected();
      return job ? context.jobs.getState().stop(job.spec.id) : undefined;
    },
  },
  {
    id: 'jobs.start-now',
    title: 'Start now',
    help: 'Starts a job that waits for a GPU or for its turn, beside the one that has it.',
    keys: ['s'],
    rank: 4,
    command: 'ragtui jobs start-now ID',
    when: ({ list }) => {
      const job = list.selected();
      if (!job) return t('jobs.why.none');
      return job.state === 'queued' ? true : t('jobs.why.notQueued');
    },
    confirm: ({ list }) => t('jobs.confirmStartNow', { reason: list.selected()?.reason ?? '' }),
    run: ({ context, list }) => {
      const job = list.selected();
      return job ? context.jobs.getState().startNow(job.spec.id) : undefined;
    },
  },
  {
    id: 'jobs.retry',
    title: 'Again',
    help: 'Starts the same work as a new job; what is done already is not done twice.',
    keys: ['a'],
    rank: 2,
    command: 'ragtui jobs retry ID',
    when: over,
    run: async ({ context, list }) => {
      const job = list.selected();
      if (job) await context.jobs.getState().launch(job.spec.name, job.spec.work);
    },
  },
  {
    id: 'jobs.delete',
    title: 'Delete',
    help: 'Deletes the folder of a job that is over, with its log.',
    keys: ['d', 'delete'],
    rank: 3,
    command: 'ragtui jobs delete ID',
    when: over,
    confirm: ({ list }) => t('jobs.confirmDelete', { folder: list.selected()?.folder ?? '' }),
    run: ({ context, list }) => {
      const job = list.selected();
      return job ? context.jobs.getState().remove(job.spec.id) : undefined;
    },
  },
];
