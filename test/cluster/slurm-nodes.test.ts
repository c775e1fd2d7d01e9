import { readdirSync } from 'node:fs';
import path from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { resumeJob, stopJob, waitForJob } from '../../src/jobs/control.ts';
import { readJob } from '../../src/jobs/registry.ts';
import type { JobView } from '../../src/jobs/types.ts';
import { listAdapters } from '../../src/models/store.ts';
import { tunedFolder } from '../../src/training/tuned.ts';
import { EMBEDDER_TRAINING, fakeEmbedderTraining } from '../support/fake-embedder.ts';
import { sshdIsHere, textOf, withSshd } from '../support/far-host.ts';
import { slurmIsHere, withSlurm } from '../support/slurm.ts';
import { useSlurmTraining } from '../support/slurm-training.ts';

// One training (the scripted engine) on both nodes of a real Slurm, reached over a real sshd, all on loopback.

const STEPS = [1, 2, 3, 4, 5, 6];

describe.skipIf(!sshdIsHere || !slurmIsHere)(`a training on two nodes of Slurm (${withSlurm}, ${withSshd})`, () => {
  const { slurm, it, runOf, number, update, field, rowsHere, lossSteps } = useSlurmTraining();
  const idle = () =>
    slurm
      .command('sinfo', '-h', '-N', '-o', '%T')
      .trim()
      .split('\n')
      .every((state) => state === 'idle');
  const stateOf = (node: string) => slurm.command('sinfo', '-h', '-N', '-n', node, '-o', '%T').trim();
  /** A node that was marked as down comes back by itself when it answers, or is told to. */
  const backAgain = () =>
    it.until('its node is back', () => {
      const state = stateOf('n2');
      if (state === 'down') update('NodeName=n2', 'State=RESUME');
      return !/down|\*/.test(state);
    });
  afterEach(async () => {
    slurm.node('n2', 'up');
    await it.until('both nodes are free', idle);
  });

  const shown = (job: JobView) => slurm.command('scontrol', 'show', 'job', '-o', number(job));
  const waits = (job: JobView) => field(job, 'JobState') === 'PENDING';
  const printedThere = (job: JobView, file: string) => textOf(path.join(runOf(job), file));

  /** To its end, with every step told once, in the curve, in the engine's file and in what it printed here and there. */
  async function wholeEnd(job: JobView): Promise<JobView> {
    const end = await waitForJob(it.paths, job.spec.id);
    expect([end.state, end.error]).toEqual(['succeeded', null]);
    expect(rowsHere()).toEqual(STEPS);
    expect(lossSteps(end)).toEqual(STEPS);
    const { here, there } = it.printed(end);
    expect(here).toBe(there);
    return end;
  }

  test('both nodes train together, and only the first one writes what is kept', async () => {
    const job = await it.startOnNodes('gate', 2);
    await it.untilStep(job, 3);
    expect(shown(job)).toMatch(/ NumNodes=2 /);
    expect(printedThere(job, 'stdout.log')).toContain('process 0 of 2 on n1');
    expect(printedThere(job, 'node-1.log')).toBe('process 1 of 2 on n2\n');
    it.letGo();
    const end = await wholeEnd(job);
    expect(printedThere(end, 'stdout.log').match(/'loss'/g)).toHaveLength(STEPS.length);
    expect(listAdapters(it.paths)[0]).toMatchObject({ name: 'mine', path: tunedFolder(it.paths, 'mine').result });
    // The batch of preset cpu is 2.
    expect(it.logsOf(end)).toContain('Effective batch 4 on 2 nodes, 1 process on each');
  });

  test('an embedder trains on both, too', async () => {
    await fakeEmbedderTraining(it.paths);
    const job = await it.startWork('ok', { kind: 'train-embedder', ...EMBEDDER_TRAINING, nodes: 2 });
    const end = await waitForJob(it.paths, job.spec.id);
    expect([end.state, end.error]).toEqual(['succeeded', null]);
    expect(lossSteps(end)).toEqual(STEPS);
    expect(printedThere(job, 'node-1.log')).toBe('process 1 of 2 on n2\n');
    expect(printedThere(job, 'stdout.log').match(/'loss'/g)).toHaveLength(STEPS.length);
  });

  test('stopped: all save one checkpoint and end; resumed: they go on from there', async () => {
    const job = await it.startOnNodes('gate', 2);
    await it.untilStep(job, 3);
    const stopped = await stopJob(it.paths, job.spec.id);
    expect([stopped.state, stopped.far?.open]).toEqual(['stopped', false]);
    expect(readdirSync(tunedFolder(it.paths, 'mine').train)).toContain('checkpoint-2');
    for (const one of [0, 1]) {
      expect(JSON.parse(printedThere(job, `node-${one}.json`))).toMatchObject({ node: `n${one + 1}`, code: 0 });
    }
    it.engineDoes('ok');
    await wholeEnd(await resumeJob(it.paths, job.spec.id));
  });

  test('before the time limit all save a checkpoint, and go on in another turn', async () => {
    it.ask({ warnSeconds: 40 });
    const job = await it.startOnNodes('gate', 2);
    await it.untilStep(job, 3);
    // Slurm warns up to a minute early: at once, from now on.
    update(`JobId=${number(job)}`, 'TimeLimit=1');
    await it.until('back in the queue', () => waits(job));
    update(`JobId=${number(job)}`, 'TimeLimit=10');
    await it.until('begun again', () => it.logsOf(job).some((text) => /began it again, from checkpoint-2/.test(text)));
    it.letGo();
    await wholeEnd(job);
  });

  test('one node is taken down: the run ends on the other one too, and is begun again on both', async () => {
    const job = await it.startOnNodes('gate', 2);
    await it.untilStep(job, 3);
    update('NodeName=n2', 'State=DOWN', 'Reason=test');
    await it.until('back in the queue', () => waits(job));
    await backAgain();
    await it.until('begun again', () => it.logsOf(job).some((text) => /began it again/.test(text)));
    it.letGo();
    await wholeEnd(job);
  });

  test('the other node is lost without a word: back to the queue, not failed by what the first one says of it', async () => {
    const job = await it.startOnNodes('gate', 2);
    await it.untilStep(job, 3);
    slurm.node('n2', 'lost');
    await it.until('back in the queue', () => waits(job));
    slurm.node('n2', 'up');
    await backAgain();
    await it.until('begun again', () => it.logsOf(job).some((text) => /began it again, from the beginning/.test(text)));
    it.letGo();
    await wholeEnd(job);
  });

  test('an engine that fails on the other node: failed, by what that one said, and not begun again', async () => {
    const end = await waitForJob(it.paths, (await it.startOnNodes('last-oom', 2)).spec.id);
    expect(end).toMatchObject({
      state: 'failed',
      error: { message: expect.stringContaining("can't allocate memory") },
    });
    expect(shown(end)).toMatch(/ Restarts=0 /);
    expect(readJob(it.paths, end.spec.id).far).toMatchObject({ open: false });
  });

  test('too much memory on the other node: Slurm ends both, and the failure says so', async () => {
    const end = await waitForJob(it.paths, (await it.startOnNodes('last-hog', 2)).spec.id);
    expect(end).toMatchObject({
      state: 'failed',
      error: {
        message: expect.stringContaining('its memory limit was exceeded'),
        hint: expect.stringContaining('--memory'),
      },
    });
  });
});
