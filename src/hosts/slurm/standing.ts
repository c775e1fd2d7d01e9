import type { RunStatus } from '../types.ts';
import { readSlurm } from './read.ts';
import type { SlurmJob, SlurmRaw } from './types.ts';

/** How a run under Slurm stands: its files and the queue taken together. */
export interface SlurmStanding extends RunStatus {
  readonly slurm: SlurmRaw;
  /** What Slurm said last; undefined: nothing yet. */
  readonly job: SlurmJob | undefined;
  /** Why Slurm cannot be asked; '' else. What runs goes on meanwhile. */
  readonly unreached: string;
  /** Of a run that is over without a result of its keeper: why, in words. */
  readonly ended: string;
}

/** A result that the keeper wrote may be seen later than the job's end: the folder is shared over a network. */
const SETTLE_SECONDS = 5;
/** Slurm may take a job that lost its node back into the queue. */
const REQUEUE_SECONDS = 30;

/** Puts what Slurm says beside what the run's files say. Pure. */
export function standingOf(status: RunStatus, raw: SlurmRaw): SlurmStanding {
  const read = readSlurm(raw);
  const base = { ...status, slurm: raw, ended: '' };
  if (read && 'unreached' in read) return { ...base, job: undefined, unreached: read.unreached };
  const standing = { ...base, job: read, unreached: '' };
  if (status.state === 'over' || !read) return standing;
  const ended = endOf(read, raw);
  if (ended === undefined) {
    const waits = waitsOf(read, raw);
    return { ...standing, state: WAITING.has(read.state) ? 'queued' : standing.state, waits };
  }
  const result: RunStatus['result'] = {
    code: null,
    signal: null,
    stopped: raw.asked,
    oom: read.state === 'OUT_OF_MEMORY',
    error: '',
    seconds: 0,
    endedAt: new Date((read.endsAt ?? raw.now) * 1000).toISOString(),
  };
  return { ...standing, state: 'over', result, ended };
}

const WAITING = new Set([
  'PENDING',
  'CONFIGURING',
  'REQUEUED',
  'REQUEUE_FED',
  'REQUEUE_HOLD',
  'RESV_DEL_HOLD',
  'SPECIAL_EXIT',
]);
const LOST_NODE = new Set(['NODE_FAIL', 'PREEMPTED', 'BOOT_FAIL']);
const ENDED = new Set([
  'COMPLETED',
  'FAILED',
  'CANCELLED',
  'TIMEOUT',
  'OUT_OF_MEMORY',
  'DEADLINE',
  'REVOKED',
  'GONE',
  ...LOST_NODE,
]);
export const isEnded = ({ state }: SlurmJob): boolean => ENDED.has(state);

/** Why it is over, in words; undefined: it is not, or may not be. */
function endOf(job: SlurmJob, { now, log, asked }: SlurmRaw): string | undefined {
  if (!isEnded(job)) return undefined;
  const patience = LOST_NODE.has(job.state) && job.requeues ? REQUEUE_SECONDS : SETTLE_SECONDS;
  if (!asked && job.endsAt !== null && now - job.endsAt < patience) return undefined;
  const seen = sentence(job, log);
  const line = lastWord(log);
  return line === '' ? seen : `${seen}; the batch script's last words: ${line}`;
}

/** One line on how a job ended. Pure. */
export function sentence({ state, by, reason, exit, nodes }: SlurmJob, log: string): string {
  const where = nodes === '' ? '' : ` (${nodes})`;
  const limit = /exceeded (?:job )?memory limit|out of memory|oom-kill/i.test(log);
  switch (state) {
    case 'COMPLETED':
      return 'it ended, and its engine left no result';
    case 'CANCELLED':
      return limit
        ? `its memory limit was exceeded${where}`
        : `it was cancelled${by === '' ? '' : ` by the user ${by}`}`;
    case 'TIMEOUT':
      return 'its time limit was over';
    case 'OUT_OF_MEMORY':
      return `its memory limit was exceeded${where}`;
    case 'NODE_FAIL':
      return `its node failed${where}, and Slurm did not begin it again`;
    case 'PREEMPTED':
      return 'other jobs took its place, and Slurm did not begin it again';
    case 'BOOT_FAIL':
      return `its node did not start${where}`;
    case 'DEADLINE':
      return 'its deadline passed';
    case 'GONE':
      return 'Slurm knows nothing of it any more, and it left no result';
    default: {
      if (limit) return `its memory limit was exceeded${where}`;
      const how = exit?.signal ? `was killed by signal ${exit.signal}` : `failed with exit code ${exit?.code ?? '?'}`;
      return `it ${how}${reason === '' || reason === 'NonZeroExitCode' ? '' : ` (${reason})`}${where}`;
    }
  }
}

/** What a script said that could not do its work; our keeper's own lines and Slurm's notices of its end are no news. */
function lastWord(log: string): string {
  const lines = log
    .split('\n')
    .filter((line) => line.trim() !== '' && !/^(slurmstepd|srun|time limit)\b|\*\*\* (JOB|STEP)/.test(line));
  return (lines.at(-1) ?? '').trim().slice(0, 200);
}

/** Why it waits, for people: what took its node, reason, place, estimated start. Pure. */
export function waitsOf({ state, reason, startsAt, restarts }: SlurmJob, { position, now, log }: SlurmRaw): string {
  if (state === 'SUSPENDED') return 'has suspended it in Slurm';
  if (state === 'CONFIGURING') return 'gets its node ready';
  if (!WAITING.has(state)) return '';
  const parts = [
    ...(restarts && isPreempted(log) ? ['other jobs took its place'] : []),
    ...(reason === '' ? [] : [`${REASONS[reason] ?? reason}`]),
    ...(position === null ? [] : [`place ${position.at} of ${position.of}`]),
    ...(startsAt !== null && startsAt > now ? [`starts ${inWords(startsAt - now)}`] : []),
    ...(restarts ? [`begun again ${restarts === 1 ? 'once' : `${restarts} times`}`] : []),
  ];
  return `waits in Slurm's queue${parts.length === 0 ? '' : `: ${parts.join(', ')}`}`;
}

/** Whether the last notice that Slurm printed of its end is that of a preemption: of one that waits again it says no more. */
const isPreempted = (log: string): boolean =>
  [...log.matchAll(/\*\*\* (?:JOB|STEP) .*? CANCELLED AT \S+(?: DUE TO (\w+))?/g)].at(-1)?.[1] === 'PREEMPTION';

const REASONS: Readonly<Record<string, string>> = {
  Resources: 'nodes are taken',
  Priority: 'others come first',
  BeginTime: 'Slurm waits before it begins it again',
  JobHeldUser: 'held by the user',
  JobHeldAdmin: 'held by the administrator',
  JobArrayTaskLimit: 'as many of its array run as may at once',
  Dependency: 'waits for another job',
  ReqNodeNotAvail: 'its node is not available',
  PartitionDown: 'its partition is down',
  PartitionTimeLimit: 'its time limit is longer than the partition allows',
  PartitionNodeLimit: 'it asks for more nodes than its partition gives',
  QOSMaxJobsPerUserLimit: 'your limit of jobs is reached',
  AssocGrpCpuLimit: "your account's limit is reached",
};

/** "in about 3 min". */
function inWords(seconds: number): string {
  if (seconds < 90) return `in about ${Math.max(1, Math.round(seconds))} s`;
  if (seconds < 90 * 60) return `in about ${Math.round(seconds / 60)} min`;
  return seconds < 36 * 3600
    ? `in about ${Math.round(seconds / 3600)} h`
    : `in about ${Math.round(seconds / 86_400)} days`;
}
