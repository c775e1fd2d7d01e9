import type { SlurmJob, SlurmRaw } from './types.ts';

/** Slurm could not be asked, and why. */
export interface Unreached {
  readonly unreached: string;
}

const NO_CONTROLLER =
  /unable to contact slurm controller|connection (refused|timed out)|socket timed out|communication connection failure|unable to connect|zero bytes were transmitted|no route to host|transport endpoint/i;

/** What Slurm says of a job, from the answers of its commands; undefined: nothing was asked yet. Pure. */
export function readSlurm(raw: SlurmRaw): SlurmJob | Unreached | undefined {
  if (raw.answers.length === 0) return undefined;
  const told = raw.answers.flatMap(({ tool, code, out }) => {
    const read = code === 0 && out.trim() !== '' ? READERS[tool](out.trim()) : undefined;
    return read ? [read] : [];
  });
  const [first] = told;
  // Only accounting knows who cancelled it, and it may be behind in all else.
  if (first) return { ...first, job: raw.job, by: told.map(({ by }) => by).find((by) => by !== '') ?? '' };
  const deaf = raw.answers.find(
    ({ tool, code, err }) => tool !== 'sacct' && (code === null || (code !== 0 && NO_CONTROLLER.test(err))),
  );
  if (deaf) return { unreached: deaf.code === null ? `${deaf.tool} gave no answer in time` : firstLine(deaf.err) };
  return { ...NOTHING, job: raw.job, state: 'GONE' };
}

type Read = Omit<SlurmJob, 'job'>;
const NOTHING: Read = {
  state: '',
  reason: '',
  by: '',
  exit: null,
  restarts: null,
  requeues: false,
  startsAt: null,
  endsAt: null,
  nodes: '',
  partition: '',
};

const READERS: Readonly<Record<SlurmRaw['answers'][number]['tool'], (out: string) => Read | undefined>> = {
  /** `scontrol show job -o`: "Key=value Key=value …" in one line. */
  scontrol: (out) => {
    const field = (name: string): string => new RegExp(`(?:^|\\s)${name}=(\\S*)`).exec(out)?.[1] ?? '';
    const state = field('JobState');
    if (state === '') return undefined;
    return {
      ...NOTHING,
      state,
      reason: saidOf(field('Reason')),
      exit: exitOf(field('ExitCode')),
      restarts: field('Restarts') === '' ? null : Number(field('Restarts')),
      requeues: field('Requeue') === '1',
      startsAt: timeOf(field('StartTime')),
      endsAt: timeOf(field('EndTime')),
      nodes: saidOf(field('NodeList')),
      partition: field('Partition'),
    };
  },
  /** Our format: number, state, reason, start, end, nodes, partition. */
  squeue: (out) => {
    const [, state = '', reason = '', start = '', end = '', nodes = '', partition = ''] = lastLine(out).split('|');
    if (state === '') return undefined;
    return {
      ...NOTHING,
      state,
      reason: saidOf(reason),
      startsAt: timeOf(start),
      endsAt: timeOf(end),
      nodes,
      partition,
    };
  },
  /** Our fields: number, state, exit code, start, end, nodes, reason. "CANCELLED by 1000". */
  sacct: (out) => {
    const [, told = '', exit = '', start = '', end = '', nodes = '', reason = ''] = lastLine(out).split('|');
    const [state = '', , by = ''] = told.split(' ');
    if (state === '') return undefined;
    return {
      ...NOTHING,
      state,
      by,
      reason: saidOf(reason),
      exit: exitOf(exit),
      startsAt: timeOf(start),
      endsAt: timeOf(end),
      nodes: saidOf(nodes),
    };
  },
};

const firstLine = (text: string): string => text.split('\n')[0]?.trim() ?? '';
const lastLine = (text: string): string => text.split('\n').at(-1) ?? '';
const saidOf = (text: string): string => (/^(None|\(null\)|None assigned|N\/A)?$/.test(text) ? '' : text);
const timeOf = (text: string): number | null => (/^\d+$/.test(text) ? Number(text) : null);

function exitOf(text: string): SlurmJob['exit'] {
  const [, code, signal] = /^(\d+):(\d+)$/.exec(text) ?? [];
  return code === undefined || signal === undefined ? null : { code: Number(code), signal: Number(signal) };
}
