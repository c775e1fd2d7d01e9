import { describe, expect, test } from 'vitest';
import { standingOf } from '../../../src/hosts/slurm/standing.ts';
import type { SlurmRaw } from '../../../src/hosts/slurm/types.ts';
import type { RunStatus } from '../../../src/hosts/types.ts';

// Lines as Slurm 22.05.8 printed them, with SLURM_TIME_FORMAT=%s.

const more = (nodes: string, scheduled = '') =>
  `Deadline=N/A SuspendTime=None SecsPreSuspend=0 LastSchedEval=1795955522 Scheduler=Backfill Partition=debug AllocNode:Sid=localhost:18640 ReqNodeList=(null) ExcNodeList=(null) NodeList=${nodes} ${scheduled}NumNodes=1 NumCPUs=1 NumTasks=1 CPUs/Task=1 ReqB:S:C:T=0:0:*:* TRES=cpu=1,mem=500M,node=1,billing=1,gres/gpu=1 Socks/Node=* NtasksPerN:B:S:C=0:0:*:* CoreSpec=* MinCPUsNode=1 MinMemoryCPU=500M MinTmpDiskNode=0 Features=(null) DelayBoot=00:00:00 OverSubscribe=OK Contiguous=0 Licenses=(null) Network=(null) Command=/tmp/env.sh WorkDir=/tmp StdErr=/tmp/env.out StdIn=/dev/null StdOut=/tmp/env.out Power= TresPerNode=gres:gpu:1 `;
const begin = (id: number) =>
  `JobId=${id} JobName=run1 UserId=root(0) GroupId=root(0) MCS_label=N/A Priority=4294901759 Nice=0 Account=root QOS=normal`;
const SCONTROL = {
  running: `${begin(1)} JobState=RUNNING Reason=None Dependency=(null) Requeue=1 Restarts=0 BatchFlag=1 Reboot=0 ExitCode=0:0 RunTime=00:00:03 TimeLimit=00:02:00 TimeMin=N/A SubmitTime=1795955521 EligibleTime=1795955521 AccrueTime=1795955521 StartTime=1795955522 EndTime=1795955642 ${more('n1')}`,
  pending: `${begin(2)} JobState=PENDING Reason=Resources Dependency=(null) Requeue=1 Restarts=0 BatchFlag=1 Reboot=0 ExitCode=0:0 RunTime=00:00:00 TimeLimit=00:05:00 TimeMin=N/A SubmitTime=1795955521 EligibleTime=1795955521 AccrueTime=1795955521 StartTime=1795955642 EndTime=1795955942 ${more('', 'SchedNodeList=n1 ')}`,
  held: `${begin(4)} JobState=PENDING Reason=JobHeldUser Dependency=(null) Requeue=1 Restarts=0 BatchFlag=1 Reboot=0 ExitCode=0:0 RunTime=00:00:00 TimeLimit=UNLIMITED TimeMin=N/A SubmitTime=1795955521 EligibleTime=Unknown AccrueTime=Unknown StartTime=Unknown EndTime=Unknown ${more('')}`,
  requeued: `${begin(11)} JobState=PENDING Reason=BeginTime Dependency=(null) Requeue=1 Restarts=1 BatchFlag=1 Reboot=0 ExitCode=0:0 RunTime=00:00:00 TimeLimit=UNLIMITED TimeMin=N/A SubmitTime=1795955550 EligibleTime=1795955671 AccrueTime=1795955671 StartTime=1795955671 EndTime=Unknown ${more('')}`,
  failed: `${begin(7)} JobState=FAILED Reason=NonZeroExitCode Dependency=(null) Requeue=1 Restarts=0 BatchFlag=1 Reboot=0 ExitCode=3:0 RunTime=00:00:00 TimeLimit=UNLIMITED TimeMin=N/A SubmitTime=1795955536 EligibleTime=1795955536 AccrueTime=1795955536 StartTime=1795955536 EndTime=1795955536 ${more('n1')}`,
  memory: `${begin(6)} JobState=FAILED Reason=JobLaunchFailure Dependency=(null) Requeue=1 Restarts=0 BatchFlag=1 Reboot=0 ExitCode=0:9 RunTime=00:00:02 TimeLimit=UNLIMITED TimeMin=N/A SubmitTime=1795955536 EligibleTime=1795955536 AccrueTime=1795955536 StartTime=1795955536 EndTime=1795955538 ${more('n1')}`,
  cancelled: `${begin(10)} JobState=CANCELLED Reason=None Dependency=(null) Requeue=1 Restarts=0 BatchFlag=1 Reboot=0 ExitCode=0:15 RunTime=00:00:08 TimeLimit=UNLIMITED TimeMin=N/A SubmitTime=1795955536 EligibleTime=1795955536 AccrueTime=1795955536 StartTime=1795955536 EndTime=1795955544 ${more('n2')}`,
  nodeFail: `${begin(13)} JobState=NODE_FAIL Reason=NodeDown Dependency=(null) Requeue=0 Restarts=0 BatchFlag=1 Reboot=0 ExitCode=0:0 RunTime=00:00:02 TimeLimit=UNLIMITED TimeMin=N/A SubmitTime=1795955560 EligibleTime=1795955560 AccrueTime=1795955560 StartTime=1795955560 EndTime=1795955562 ${more('n1')}`,
};
const MEMORY_LOG = `slurmstepd-n1: error: StepId=6.batch exceeded memory limit (592957440 > 209715200), being killed
slurmstepd-n1: error: Exceeded job memory limit
slurmstepd-n1: error: *** JOB 6 ON n1 CANCELLED AT 2026-11-29T12:32:18 ***
`;

type Answer = SlurmRaw['answers'][number];
const said = (tool: Answer['tool'], out: string): Answer => ({ tool, code: 0, out: `${out}\n`, err: '' });
const refused = (tool: Answer['tool'], err: string): Answer => ({ tool, code: 1, out: '', err });
const GONE = [
  refused('scontrol', 'slurm_load_jobs error: Invalid job id specified'),
  refused('squeue', 'slurm_load_jobs error: Invalid job id specified'),
];
const raw = (answers: readonly Answer[], others: Partial<SlurmRaw> = {}): SlurmRaw => ({
  job: '7',
  asked: false,
  answers: [...answers],
  position: null,
  now: 1795955600,
  log: '',
  ...others,
});
const files: RunStatus = {
  state: 'running',
  keeper: false,
  program: false,
  result: null,
  gpus: [],
  waits: '',
  session: 1,
  resumedAt: 0,
};
const standing = (answers: readonly Answer[], others: Partial<SlurmRaw> = {}) =>
  standingOf(files, raw(answers, others));

describe('what Slurm says of a job', () => {
  test('one that runs: its node, no reason to wait', () => {
    expect(standing([said('scontrol', SCONTROL.running)])).toMatchObject({
      state: 'running',
      waits: '',
      job: { state: 'RUNNING', nodes: 'n1', partition: 'debug', startsAt: 1795955522, endsAt: 1795955642, restarts: 0 },
    });
  });

  test.each([
    [SCONTROL.pending, { at: 2, of: 3 }, "waits in Slurm's queue: nodes are taken, place 2 of 3, starts in about 42 s"],
    [SCONTROL.held, null, "waits in Slurm's queue: held by the user"],
    [
      SCONTROL.requeued,
      null,
      "waits in Slurm's queue: Slurm waits before it begins it again, starts in about 71 s, begun again once",
    ],
  ])('one that waits: why, its place, its start', (line, position, waits) => {
    expect(standing([said('scontrol', line)], { position })).toMatchObject({ state: 'queued', waits });
  });

  test('squeue alone tells the same', () => {
    const found = standing([
      refused('scontrol', 'scontrol: No such file or directory'),
      said('squeue', '2|PENDING|Resources|1795955642|1795955942||debug'),
    ]);
    expect(found).toMatchObject({
      state: 'queued',
      waits: "waits in Slurm's queue: nodes are taken, starts in about 42 s",
    });
  });

  test.each([
    ['failed', [said('scontrol', SCONTROL.failed)], {}, 'it failed with exit code 3 (n1)'],
    ['memory', [said('scontrol', SCONTROL.memory)], { log: MEMORY_LOG }, 'its memory limit was exceeded (n1)'],
    ['cancelled', [said('scontrol', SCONTROL.cancelled)], {}, 'it was cancelled'],
    [
      'cancelled by whom, as accounting tells',
      [said('scontrol', SCONTROL.cancelled), said('sacct', '10|CANCELLED by 0|0:0|1795955536|1795955544|n2|None')],
      {},
      'it was cancelled by the user 0',
    ],
    ['node', [said('scontrol', SCONTROL.nodeFail)], {}, 'its node failed (n1), and Slurm did not begin it again'],
    [
      'time, from accounting',
      [...GONE, said('sacct', '14|TIMEOUT|0:0|1795955500|1795955560|n2|None')],
      {},
      'its time limit was over',
    ],
    [
      'a step on several nodes, of which srun tells only that it ends',
      [said('scontrol', SCONTROL.failed)],
      { log: 'srun: error: Node failure on n2\nsrun: got SIGCONT\nsrun: forcing job termination\n' },
      'it failed with exit code 3 (n1)',
    ],
    [
      'a batch script that cannot',
      [said('scontrol', SCONTROL.failed)],
      { log: '/var/spool/slurmd/job7/slurm_script: line 3: module: command not found\n' },
      "it failed with exit code 3 (n1); the batch script's last words: /var/spool/slurmd/job7/slurm_script: line 3: module: command not found",
    ],
    [
      'gone',
      [...GONE, refused('sacct', 'Slurm accounting storage is disabled')],
      {},
      'Slurm knows nothing of it any more, and it left no result',
    ],
  ])('one that is over: %s', (_, answers, others, ended) => {
    expect(standing(answers, others)).toMatchObject({ state: 'over', ended, result: { code: null, stopped: false } });
  });

  test('the keeper’s own result counts more, and may arrive a little after the end', () => {
    const failed = [said('scontrol', SCONTROL.failed)];
    expect(standing(failed, { now: 1795955538 })).toMatchObject({ state: 'running', ended: '' });
    const result = { code: 3, signal: null, stopped: false, oom: false, error: '', seconds: 2, endedAt: '' };
    expect(standingOf({ ...files, state: 'over', result }, raw(failed))).toMatchObject({
      state: 'over',
      ended: '',
      result,
    });
  });

  test('a node that failed may be replaced: it is not over at once where Slurm requeues', () => {
    const line = SCONTROL.nodeFail.replace('Requeue=0', 'Requeue=1');
    expect(standing([said('scontrol', line)], { now: 1795955562 + 10 }).state).toBe('running');
    expect(standing([said('scontrol', line)], { now: 1795955562 + 60 }).state).toBe('over');
  });

  test.each([
    [
      { tool: 'scontrol' as const, code: null, out: '', err: 'no answer in 10 seconds' },
      'scontrol gave no answer in time',
    ],
    [
      refused('scontrol', 'slurm_load_jobs error: Unable to contact slurm controller (connect failure)'),
      'slurm_load_jobs error: Unable to contact slurm controller (connect failure)',
    ],
  ])('a controller that does not answer is no end', (answer, unreached) => {
    expect(standing([answer])).toMatchObject({ state: 'running', unreached, ended: '' });
  });

  test.each([
    'scontrol: error: Munge encode failed: Failed to access "/run/munge/munge.socket.2": No such file or directory',
    'slurm_load_jobs error: Protocol authentication error',
    'slurm_load_jobs error: Slurm backup controller in standby mode',
    'slurm_load_jobs error: Address already in use',
  ])('whatever else goes wrong is no end either: %s', (words) => {
    const [scontrol, squeue] = GONE;
    if (!scontrol || !squeue) throw new Error('two commands ask the controller');
    const accounting = refused('sacct', 'Slurm accounting storage is disabled');
    const unreached = { state: 'running', ended: '', unreached: words };
    expect(standing([refused('scontrol', words), squeue, accounting])).toMatchObject(unreached);
    expect(standing([scontrol, refused('squeue', words), accounting])).toMatchObject(unreached);
  });

  test('a command that is not there, or says nothing of why it failed, tells nothing of the job', () => {
    const missing = (tool: 'scontrol' | 'squeue'): Answer => ({ tool, code: 127, out: '', err: '' });
    expect(standing([missing('scontrol'), missing('squeue')])).toMatchObject({
      state: 'running',
      unreached: 'scontrol failed with exit code 127',
    });
    // Without a word and without a fault: there is no such job.
    expect(standing([...GONE.slice(0, 1), { tool: 'squeue', code: 0, out: '', err: '' }]).state).toBe('over');
  });

  test('accounting that is down is nobody’s trouble', () => {
    const deaf = refused('sacct', 'sacct: error: Problem talking to the database: Connection refused');
    expect(standing([said('scontrol', SCONTROL.cancelled), deaf])).toMatchObject({
      ended: 'it was cancelled',
      unreached: '',
    });
    expect(standing([...GONE, deaf])).toMatchObject({ state: 'over', unreached: '' });
  });

  test('one that we asked to stop and that waited still', () => {
    expect(standing([said('scontrol', SCONTROL.cancelled)], { asked: true, now: 1795955544 })).toMatchObject({
      state: 'over',
      result: { stopped: true },
    });
  });

  // As printed by 22.05.8 for a task of an array: its job's number may be that of the array.
  const task = (state: string, reason: string, restarts: number) =>
    `JobId=1 ArrayJobId=1 ArrayTaskId=5 ArrayTaskThrottle=2 JobName=b.sh UserId=root(0) GroupId=root(0) Priority=4294901759 Nice=0 JobState=${state} Reason=${reason} Dependency=(null) Requeue=1 Restarts=${restarts} BatchFlag=1 ExitCode=0:0 StartTime=1795955671 EndTime=Unknown ${more('')}`;
  const of = (out: string, log = '') => standing([said('scontrol', out)], { job: '1_5', log });

  test('a task of an array that waits for others of it', () => {
    expect(of(task('PENDING', 'JobArrayTaskLimit', 0))).toMatchObject({
      state: 'queued',
      waits: expect.stringContaining("waits in Slurm's queue: as many of its array run as may at once"),
    });
  });

  test('a task that Slurm has no more is gone, as soon as both commands say so', () => {
    const scontrol: Answer = { tool: 'scontrol', code: 1, out: 'Job 1_5 not found\n', err: '' };
    const squeue: Answer = { tool: 'squeue', code: 0, out: '', err: '' };
    expect(standing([scontrol, squeue], { job: '1_5' })).toMatchObject({ state: 'over', job: { state: 'GONE' } });
    expect(standing([scontrol], { job: '1_5' })).toMatchObject({ state: 'running', unreached: 'squeue was not asked' });
  });

  test('one whose place other jobs took says so while it waits again, and no more after the next end', () => {
    const preempted = 'slurmstepd-n2: error: *** JOB 1 ON n2 CANCELLED AT 2026-11-29T15:59:53 DUE TO PREEMPTION ***\n';
    const requeued = 'slurmstepd-n1: error: *** JOB 1 ON n1 CANCELLED AT 2026-11-29T16:10:00 DUE TO JOB REQUEUE ***\n';
    const waits = (log: string, restarts = 1) => of(task('PENDING', 'BeginTime', restarts), log).waits;
    expect(waits(`Terminated\n${preempted}`)).toMatch(/queue: other jobs took its place, Slurm waits before/);
    expect(waits(`${preempted}${requeued}`, 2)).not.toContain('other jobs took');
    expect(waits('')).not.toContain('other jobs took');
  });
});
