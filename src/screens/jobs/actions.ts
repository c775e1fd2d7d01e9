import { LOG_SOURCES } from '../../../stores/jobs.ts';
import type { Deletion } from '../../jobs/made.ts';
import { type JobView, whyNotStop } from '../../jobs/types.ts';
import type { Action } from '../../keys/types.ts';
import { formatBytes } from '../../ui/format.ts';
import { t } from '../../ui/i18n/index.ts';
import { canResume, canStop, confirmStop, stopJob } from '../job-actions.ts';
import { askNote, askTags } from '../job-notes.ts';
import { askForClone } from './clone-form.ts';
import { ALL, facetChoices, facetId, facets } from './facet.ts';
import type { JobsModel } from './screen.tsx';

/** With the job under the cursor; without one the key says so. */
const withJob =
  (condition: (job: JobView) => true | string) =>
  ({ list }: JobsModel): true | string => {
    const job = list.selected();
    return job ? condition(job) : t('jobs.why.none');
  };

const any = withJob(() => true);
const over = withJob((job) => (whyNotStop(job) === 'over' ? true : t('jobs.why.running')));

export const jobsActions: readonly Action<JobsModel>[] = [
  {
    id: 'jobs.stop',
    title: 'Stop',
    help: 'Asks the job to end, then tells it, then ends it by force; each step is shown.',
    keys: ['x'],
    rank: 1,
    command: 'ragtui jobs stop ID',
    when: ({ list }) => canStop(list.selected(), t('jobs.why.none')),
    confirm: ({ list }) => confirmStop(list.selected()),
    run: ({ context, list }) => stopJob(context, list.selected()),
  },
  {
    id: 'jobs.start-now',
    title: 'Start now',
    help: 'Starts a job that waits for a GPU or for its turn, beside the one that has it.',
    keys: ['s'],
    rank: 8,
    command: 'ragtui jobs start-now ID',
    when: withJob((job) => (job.state === 'queued' ? true : t('jobs.why.notQueued'))),
    confirm: ({ list }) => t('jobs.confirmStartNow', { reason: list.selected()?.reason ?? '' }),
    run: ({ context, list }) => {
      const job = list.selected();
      return job ? context.jobs.getState().startNow(job.spec.id) : undefined;
    },
  },
  {
    id: 'jobs.resume',
    title: 'Resume',
    help: 'Goes on with a job that ended early, as a new job; what is done already is not done twice.',
    keys: ['r'],
    rank: 2,
    command: 'ragtui jobs resume ID',
    when: ({ list }) => canResume(list.selected(), t('jobs.why.none')),
    run: async ({ context, list }) => {
      const job = list.selected();
      if (job) await context.jobs.getState().resume(job.spec.id);
    },
  },
  {
    id: 'jobs.retry',
    title: 'Again',
    help: 'Does the same work anew, as a new job; a training that has its name already gets the next one.',
    keys: ['a'],
    rank: 3,
    command: 'ragtui jobs retry ID',
    when: over,
    run: async ({ context, list }) => {
      const job = list.selected();
      if (job) await context.jobs.getState().retry(job.spec.id);
    },
  },
  {
    id: 'jobs.clone',
    title: 'Clone',
    help: 'Starts a job like this one with changes: its values are listed, each can be given another.',
    keys: ['c'],
    rank: 4,
    command: 'ragtui jobs clone ID --set key=value',
    when: any,
    run: ({ context, list }) => {
      const job = list.selected();
      if (job) askForClone(context.ui, job, (changes) => context.jobs.getState().clone(job.spec.id, changes));
    },
  },
  {
    id: 'jobs.log-source',
    title: 'Log of',
    help: 'Shows what the job reported, then what its programs printed: stdout.log, stderr.log.',
    keys: ['l'],
    rank: 5,
    command: 'ragtui jobs logs ID --stdout',
    when: any,
    run: ({ context }) => {
      const { source, showSource } = context.jobs.getState();
      showSource(LOG_SOURCES[(LOG_SOURCES.indexOf(source) + 1) % LOG_SOURCES.length] ?? 'events');
    },
  },
  {
    id: 'jobs.ran',
    title: 'What ran',
    help: 'Shows exactly what was run: the job’s spec, the commands and the configuration of its engine.',
    keys: ['w'],
    rank: 6,
    command: 'ragtui jobs show ID --ran',
    when: any,
    run: ({ context }) => {
      const { source, showSource } = context.jobs.getState();
      showSource(source === 'ran' ? 'events' : 'ran');
    },
  },
  {
    id: 'jobs.filter',
    title: 'Show',
    help: 'Shows only jobs of one state, one kind or one tag.',
    keys: ['f'],
    rank: 7,
    command: 'ragtui jobs list --state STATE --kind KIND --tag TAG',
    run: ({ context, facet, setFacet }) => {
      const jobs = context.jobs.getState().list ?? [];
      context.ui.getState().choose({
        title: t('jobs.filter.title'),
        choices: facetChoices(jobs),
        selected: facetId(facet()),
        pick: (id) => setFacet(facets(jobs).find((one) => facetId(one.facet) === id)?.facet ?? ALL),
      });
    },
  },
  {
    id: 'jobs.note',
    title: 'Note',
    help: 'Keeps a note on the job.',
    keys: ['n'],
    command: 'ragtui jobs note ID TEXT',
    when: any,
    run: ({ context, list }) => {
      const job = list.selected();
      if (job) askNote(context, job);
    },
  },
  {
    id: 'jobs.tag',
    title: 'Tags',
    help: 'Sets the tags of the job, words with spaces between them; jobs can be filtered by them.',
    keys: ['t'],
    command: 'ragtui jobs tag ID +TAG -TAG',
    when: any,
    run: ({ context, list }) => {
      const job = list.selected();
      if (job) askTags(context, job);
    },
  },
  {
    id: 'jobs.delete',
    title: 'Delete',
    help: 'Deletes a job that is over with its log; of a training, if wanted, also what it made.',
    keys: ['d', 'delete'],
    rank: 9,
    command: 'ragtui jobs delete ID --artifacts',
    when: over,
    run: async ({ context, list }) => {
      const job = list.selected();
      if (!job) return;
      const { jobs, kb, ui } = context;
      const bases = kb.getState().list ?? [];
      const deletion = await jobs.getState().deletion(job.spec.id, bases);
      ui.getState().choose({
        title: t('jobs.delete.title', { name: job.spec.name }),
        choices: deleteChoices(deletion),
        selected: 'keep',
        pick: async (id) => {
          if (id === 'logs') await jobs.getState().remove(job.spec.id);
          if (id === 'all') await jobs.getState().remove(job.spec.id, bases);
        },
      });
    },
  },
];

function deleteChoices({ logs, made, usedBy, stays }: Deletion) {
  const logChoice = { id: 'logs', title: t('jobs.delete.logs', { size: formatBytes(logs.bytes) }), note: stays ?? '' };
  const keep = { id: 'keep', title: t('jobs.delete.keep') };
  if (!made) return [keep, logChoice];
  const size = formatBytes(logs.bytes + made.bytes);
  const also = made.alsoBy.length > 0 ? t('jobs.delete.also', { jobs: made.alsoBy.join(', ') }) : '';
  const all = { id: 'all', title: t('jobs.delete.all', { size, name: made.name }), note: also };
  const [user] = usedBy;
  return [keep, logChoice, user ? { ...all, disabled: t('jobs.delete.usedBy', { name: made.name, user }) } : all];
}
