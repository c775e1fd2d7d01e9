import type { SlurmJob, SlurmRaw } from './types.ts';

/** Slurm could not be asked, and why. */
export interface Unreached {
  readonly unreached: string;
}

/**
 * What Slurm says of a job, from the answers of its commands; undefined: nothing was asked yet. It is gone only when both
 * commands that ask the controller say so: of whatever else goes wrong nobody knows what it means for the job. Pure.
 */
export function readSlurm(raw: SlurmRaw): SlurmJob | Unreached | undefined {
  if (raw.answers.length === 0) return undefined;
  const told = raw.answers.flatMap(({ tool, code, out }) => {
    const read = code === 0 && out.trim() !== '' ? READERS[tool](out.trim()) : undefined;
    return read ? [read] : [];
  });
  const [first] = told;
  // Only accounting knows who cancelled it, and it may be behind in all else.
  if (first) return { ...first, job: raw.job, by: told.map(({ by }) => by).find((by) => by !== '') ?? '' };
  const [why] = (['scontrol', 'squeue'] as const).flatMap((tool) => whyUnknown(raw, tool) ?? []);
  return why === undefined ? { ...NOTHING, job: raw.job, state: 'GONE' } : { unreached: why };
}

/** Why a command leaves it open whether there is such a job; undefined: it says that there is none. */
function whyUnknown({ answers }: SlurmRaw, tool: 'scontrol' | 'squeue'): string | undefined {
  const answer = answers.find((one) => one.tool === tool);
  if (!answer) return `${tool} was not asked`;
  const { code, out, err } = answer;
  if (code === null) return `${tool} gave no answer in time`;
  if (code === 0) return out.trim() === '' ? undefined : `${tool} answered with something else`;
  // Of a task of an array that it has no more it says so on stdout.
  if (/invalid job id/i.test(err) || /^Job \S+ not found$/.test(out.trim())) return undefined;
  return firstLine(err) || `${tool} failed with exit code ${code}`;
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
