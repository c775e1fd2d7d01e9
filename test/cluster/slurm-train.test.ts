import { existsSync, readdirSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import { readFar } from '../../src/hosts/far-file.ts';
import { runStatus } from '../../src/hosts/run.ts';
import { resumeJob, stopJob, waitForJob } from '../../src/jobs/control.ts';
import { readJob } from '../../src/jobs/registry.ts';
import type { JobView } from '../../src/jobs/types.ts';
import { listAdapters } from '../../src/models/store.ts';
import { tunedFolder } from '../../src/training/tuned.ts';
import { sshdIsHere, withSshd } from '../support/far-host.ts';
import { slurmIsHere, withSlurm } from '../support/slurm.ts';
import { useSlurmTraining } from '../support/slurm-training.ts';

// A training whose engine (the scripted one) runs on a node of a real Slurm, reached over a real sshd, all on loopback.

const STEPS = [1, 2, 3, 4, 5, 6];

describe.skipIf(!sshdIsHere || !slurmIsHere)(`a training under Slurm (${withSlurm}, ${withSshd})`, () => {
  const { slurm, it, number, field, beginAgain, rowsHere, lossSteps } = useSlurmTraining();
  afterEach(() => slurm.controller('up'));

  const stateOf = (job: JobView) => field(job, 'JobState') ?? '';
  const nodeOf = (job: JobView) => slurm.command('squeue', '-h', '-j', number(job), '-o', '%N').trim();

  test('trains on a node, its numbers come here, and the adapter is brought and registered', async () => {
    const job = await it.start('ok');
    const end = await waitForJob(it.paths, job.spec.id);
    expect([end.state, end.error]).toEqual(['succeeded', null]);
    expect(it.metric(end, 'loss')).toEqual(STEPS.map((step) => [step, 3 - step / 10]));
    expect(listAdapters(it.paths)[0]).toMatchObject({ name: 'mine', path: tunedFolder(it.paths, 'mine').result });
    const { here, there } = it.printed(end);
    expect(here).toBe(there);
    expect(end.far).toMatchObject({ host: 'far', open: false });
    await it.until('completed', () => stateOf(end) === 'COMPLETED');
    expect(it.logsOf(end).join('\n')).toContain(`Handed to Slurm on far, job ${number(end)},`);
  });

  test('one that finds no free node says why it waits, and its place', async () => {
    const taken = slurm.command(
      'sbatch',
      '--parsable',
      '--exclusive',
      '-N2',
      '--time=5',
      '--wrap',
      'sleep 300',
      '-o',
      '/dev/null',
    );
    const job = await it.start('ok');
    await it.until('waiting', () =>
      /nodes are taken, place 1 of 1/.test(readJob(it.paths, job.spec.id).progress?.phase ?? ''),
    );
    slurm.command('scancel', taken.trim());
    expect((await waitForJob(it.paths, job.spec.id)).state).toBe('succeeded');
  });

  test('what Slurm refuses is told in its words', async () => {
    await it.ask({ partition: 'nope' });
    const end = await waitForJob(it.paths, (await it.start('ok')).spec.id);
    expect(end).toMatchObject({
      state: 'failed',
      error: { message: expect.stringContaining('Invalid partition name') },
    });
    await it.ask({});
    const resumed = await waitForJob(it.paths, (await resumeJob(it.paths, end.spec.id)).spec.id);
    expect([resumed.state, resumed.error]).toEqual(['succeeded', null]);
  });

  test('stopped before Slurm could be reached: resumed, it is handed in once; stopped once more, nothing is left', async () => {
    slurm.controller('down');
    const unheard = (job: JobView) =>
      it.until('told', () => /unreachable since/.test(readJob(it.paths, job.spec.id).reason));
    const job = await it.start('ok');
    await unheard(job);
    const stopped = await stopJob(it.paths, job.spec.id);
    expect(stopped).toMatchObject({ state: 'stopped', far: { open: true } });
    const run = readFar(job.folder)?.run;
    slurm.controller('up');
    const resumed = await waitForJob(it.paths, (await resumeJob(it.paths, job.spec.id)).spec.id);
    expect([resumed.state, resumed.error]).toEqual(['succeeded', null]);
    expect(readFar(resumed.folder)?.run).toBe(run);
    expect(lossSteps(resumed)).toEqual(STEPS);

    slurm.controller('down');
    const other = await it.start('ok', 'other');
    await unheard(other);
    await stopJob(it.paths, other.spec.id);
    slurm.controller('up');
    expect(await stopJob(it.paths, other.spec.id)).toMatchObject({ state: 'stopped', far: { open: false } });
    expect(slurm.command('squeue', '-h', `--name=${readFar(other.folder)?.run}`).trim()).toBe('');
  });

  test('cancelled by another: failed and why; resumed: goes on from the checkpoint that was saved', async () => {
    const job = await it.start('gate');
    await it.untilStep(job, 3);
    slurm.command('scancel', number(job));
    const end = await waitForJob(it.paths, job.spec.id);
    expect(end).toMatchObject({ state: 'failed', error: { message: expect.stringContaining('it was cancelled') } });
    it.engineDoes('ok');
    const resumed = await waitForJob(it.paths, (await resumeJob(it.paths, job.spec.id)).spec.id);
    expect([resumed.state, resumed.error]).toEqual(['succeeded', null]);
    expect(lossSteps(resumed)).toEqual(STEPS);
  });

  test('stopped: the checkpoint comes here; resumed: it goes on from there', async () => {
    const job = await it.start('gate');
    await it.untilStep(job, 3);
    const stopped = await stopJob(it.paths, job.spec.id);
    expect([stopped.state, stopped.far?.open]).toEqual(['stopped', false]);
    expect(readdirSync(tunedFolder(it.paths, 'mine').train)).toContain('checkpoint-2');
    it.engineDoes('ok');
    const end = await waitForJob(it.paths, (await resumeJob(it.paths, job.spec.id)).spec.id);
    expect([end.state, end.error]).toEqual(['succeeded', null]);
    expect(lossSteps(end)).toEqual(STEPS);
  });

  test('stopped while it waits: nothing is left in the queue', async () => {
    const taken = slurm.command(
      'sbatch',
      '--parsable',
      '--exclusive',
      '-N2',
      '--time=5',
      '--wrap',
      'sleep 300',
      '-o',
      '/dev/null',
    );
    const job = await it.start('ok');
    await it.until('waiting', () => /waits in Slurm/.test(readJob(it.paths, job.spec.id).progress?.phase ?? ''));
    expect((await stopJob(it.paths, job.spec.id)).state).toBe('stopped');
    expect(stateOf(job)).toBe('CANCELLED');
    slurm.command('scancel', taken.trim());
  });

  test('a node that fails in the middle: Slurm begins it again, from the checkpoint, with no line missing or twice', async () => {
    const job = await it.start('gate');
    await it.untilStep(job, 3);
    const node = nodeOf(job);
    slurm.command('scontrol', 'update', `NodeName=${node}`, 'State=DOWN', 'Reason=test');
    await it.until('back in the queue', () => stateOf(job) === 'PENDING');
    await it.until('told', () => /waits in Slurm/.test(readJob(it.paths, job.spec.id).progress?.phase ?? ''));
    beginAgain(job, node);
    await it.until('begun again', () => it.logsOf(job).some((text) => /began it again, from checkpoint-2/.test(text)));
    await it.until('its log', () => rowsHere().includes(3));
    it.letGo();
    const end = await waitForJob(it.paths, job.spec.id);
    expect([end.state, end.error]).toEqual(['succeeded', null]);
    expect(rowsHere()).toEqual(STEPS);
    expect(lossSteps(end)).toEqual(STEPS);
    const { here, there } = it.printed(end);
    expect(here).toBe(there);
  });

  test('a node that is lost without a word: begun again on the other one, here from the beginning', async () => {
    const job = await it.start('gate');
    await it.untilStep(job, 3);
    const node = nodeOf(job);
    slurm.node(node, 'lost');
    await it.until('back in the queue', () => stateOf(job) === 'PENDING');
    beginAgain(job, node);
    await it.until('begun again', () => it.logsOf(job).some((text) => /began it again, from the beginning/.test(text)));
    it.letGo();
    const end = await waitForJob(it.paths, job.spec.id);
    expect([end.state, end.error]).toEqual(['succeeded', null]);
    expect(rowsHere()).toEqual(STEPS);
    expect(lossSteps(end)).toEqual(STEPS);
    slurm.node(node, 'up');
  });

  test('before the time limit a checkpoint is saved, and it goes on in another turn', async () => {
    await it.ask({ time: '1', warnSeconds: 40 });
    const job = await it.start('gate');
    await it.untilStep(job, 3);
    const node = nodeOf(job);
    await it.until('back in the queue', () => stateOf(job) === 'PENDING');
    beginAgain(job, node, 'TimeLimit=10');
    await it.until('begun again', () => it.logsOf(job).some((text) => /began it again, from checkpoint-2/.test(text)));
    it.letGo();
    const end = await waitForJob(it.paths, job.spec.id);
    expect([end.state, end.error]).toEqual(['succeeded', null]);
    expect(rowsHere()).toEqual(STEPS);
    expect(lossSteps(end)).toEqual(STEPS);
  });

  test('a controller that is down is waited for, and what runs goes on', async () => {
    const job = await it.start('gate');
    await it.untilStep(job, 3);
    slurm.controller('down');
    await it.until('told', () => /^Slurm on far unreachable since \d{4}-/.test(readJob(it.paths, job.spec.id).reason));
    expect(readJob(it.paths, job.spec.id).state).toBe('running');
    slurm.controller('up');
    await it.until('back', () => readJob(it.paths, job.spec.id).reason === '');
    it.letGo();
    const end = await waitForJob(it.paths, job.spec.id);
    expect([end.state, end.error]).toEqual(['succeeded', null]);
    expect(lossSteps(end)).toEqual(STEPS);
  });

  test('supervisor and worker killed here: resume finds the run where it is', async () => {
    const job = await it.start('gate');
    await it.untilStep(job, 3);
    const id = number(job);
    it.kill(job, 'supervisor', 'worker');
    await it.until('lost', () => readJob(it.paths, job.spec.id).state === 'lost');
    const resumed = await resumeJob(it.paths, job.spec.id);
    await it.untilStep(resumed, 3);
    it.letGo();
    const end = await waitForJob(it.paths, resumed.spec.id);
    expect([end.state, end.error]).toEqual(['succeeded', null]);
    expect(number(end)).toBe(id);
    expect(lossSteps(end)).toEqual(STEPS);
  });

  test('an engine that fails there fails here with its cause', async () => {
    const end = await waitForJob(it.paths, (await it.start('oom')).spec.id);
    expect(end).toMatchObject({
      state: 'failed',
      error: { message: expect.stringContaining("can't allocate memory") },
    });
    expect((await runStatus(it.host, readFar(end.folder)?.run ?? '')).state).toBe('over');
    expect(existsSync(it.output())).toBe(true);
  });
});
