import { existsSync } from 'node:fs';
import path from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { resumeJob, stopJob, waitForJob } from '../../src/jobs/control.ts';
import { launchJob } from '../../src/jobs/launcher.ts';
import { listJobs, readJob } from '../../src/jobs/registry.ts';
import { isOver, type JobView } from '../../src/jobs/types.ts';
import { readRecipeStatus, resumeRecipe } from '../../src/recipes/control.ts';
import { inspectRecipe } from '../../src/recipes/inspect.ts';
import { sshdIsHere, withSshd } from '../support/far-host.ts';
import { slurmIsHere, withSlurm } from '../support/slurm.ts';
import { useSlurmTraining } from '../support/slurm-training.ts';

// The trainings of a sweep as one array job of a real Slurm behind a real sshd, all on loopback, by the scripted engine.

const recipe = (atOnce = '', nodes = 1) => `recipe: 1
name: ranks
vars: {rank: 8}
sweep: {over: {rank: [4, 8, 16]}${atOnce}}
datasets:
  rows: {use: questions}
train:
  tuned:
    kind: llm
    dataset: rows
    part: all
    base: smollm2-135m-instruct
    preset: cpu
    launcher: slurm:far
    nodes: ${nodes}
    set: {lora_rank: "\${rank}"}
`;

describe.skipIf(!sshdIsHere || !slurmIsHere)(`a sweep as an array job (${withSlurm}, ${withSshd})`, () => {
  const { slurm, it, runOf, number, field, beginAgain, lossSteps } = useSlurmTraining();
  afterEach(async () => {
    for (const job of listJobs(it.paths)) {
      if (job.spec.work.kind === 'recipe' && !isOver(job.state)) await stopJob(it.paths, job.spec.id);
    }
  });

  function start(atOnce?: string, nodes?: number): Promise<JobView> {
    it.engineDoes('gate');
    const wish = {
      file: path.join(it.paths.home, 'x.yaml'),
      cwd: it.paths.home,
      text: recipe(atOnce, nodes),
      vars: {},
    };
    const { work, problems } = inspectRecipe(it.paths, wish);
    expect(problems).toEqual([]);
    return launchJob(it.paths, { kind: 'recipe', ...work });
  }
  /** The newest job of each training, by its place in the sweep. */
  function trainings(): JobView[] {
    const jobs = listJobs(it.paths).filter(({ spec }) => spec.work.kind === 'train-llm');
    const newest = jobs.filter(({ spec }, at) => jobs.findIndex((one) => one.spec.step === spec.step) === at);
    return newest.sort((a, b) => rank(a) - rank(b));
  }
  const rank = ({ spec: { work } }: JobView) => (work.kind === 'train-llm' ? Number(work.settings['lora_rank']) : 0);
  const nameOf = ({ spec: { work } }: JobView) => (work.kind === 'train-llm' ? work.name : '');
  const isHandedIn = (job: JobView) => existsSync(path.join(runOf(job), 'slurm.json'));
  const queue = () => slurm.command('squeue', '-r', '-h', '-o', '%F %K %T').trim().split('\n').sort();
  const steps = (run: JobView) => (readRecipeStatus(run.folder)?.steps ?? []).filter(({ kind }) => kind === 'train');
  async function three(): Promise<[JobView, JobView, JobView]> {
    await it.until('all handed in', () => trainings().length === 3 && trainings().every(isHandedIn));
    const [a, b, c] = trainings();
    if (!a || !b || !c) throw new Error('there are fewer than three');
    return [a, b, c];
  }

  test('three are one array, two of them at once, each a job with its own curve', async () => {
    const run = await start(', at-once: 2');
    const [a, b, c] = await three();
    const array = number(a).split('_')[0];
    expect([a, b, c].map(number)).toEqual([`${array}_1`, `${array}_2`, `${array}_3`]);
    await it.untilStep(a, 3);
    await it.untilStep(b, 3);
    expect(queue()).toEqual([`${array} 1 RUNNING`, `${array} 2 RUNNING`, `${array} 3 PENDING`]);
    await it.until('each told', () => {
      const [first, second, third] = steps(run);
      const waits = /waits in Slurm's queue: as many of its array run as may at once/.test(third?.detail ?? '');
      return waits && first?.progress?.done === 3 && second?.progress?.done === 3;
    });
    expect(steps(run).map(({ state, job, variants }) => [state, job, variants])).toEqual([
      ['running', a.spec.id, [1]],
      ['running', b.spec.id, [2]],
      ['running', c.spec.id, [3]],
    ]);
    it.letGo(nameOf(a));
    await it.untilStep(c, 3);
    it.letGo(nameOf(b));
    it.letGo(nameOf(c));
    const end = await waitForJob(it.paths, run.spec.id);
    expect([end.state, end.error]).toEqual(['succeeded', null]);
    for (const job of [a, b, c]) {
      expect(lossSteps(job)).toEqual([1, 2, 3, 4, 5, 6]);
      const { here, there } = it.printed(job);
      expect(here).toBe(there);
    }
  });

  test('a node goes down, one is stopped, one fails: each time the others go on; a resume does what is left', async () => {
    const run = await start();
    const jobs = await three();
    for (const job of jobs) await it.untilStep(job, 3);
    const nodes = jobs.map((job) => field(job, 'NodeList'));
    const alone = jobs.find((_, at) => nodes.filter((node) => node === nodes[at]).length === 1);
    const [failing, stopping] = jobs.filter((job) => job !== alone);
    if (!alone || !failing || !stopping) throw new Error(`on ${nodes.join(', ')}`);
    const node = field(alone, 'NodeList') ?? '';
    slurm.command('scontrol', 'update', `NodeName=${node}`, 'State=DOWN', 'Reason=test');
    await it.until('back in the queue', () => field(alone, 'JobState') === 'PENDING');
    expect([failing, stopping].map((job) => [field(job, 'JobState'), field(job, 'Restarts')])).toEqual([
      ['RUNNING', '0'],
      ['RUNNING', '0'],
    ]);
    beginAgain(alone, node);
    await stopJob(it.paths, stopping.spec.id);
    expect(readJob(it.paths, stopping.spec.id).state).toBe('stopped');
    await it.until('begun again', () =>
      it.logsOf(alone).some((text) => /began it again, from checkpoint-2/.test(text)),
    );
    expect(field(failing, 'JobState')).toBe('RUNNING');
    it.letGo(nameOf(failing), 'fail');
    await it.until('failed', () => readJob(it.paths, failing.spec.id).state === 'failed');
    expect(field(alone, 'JobState')).toBe('RUNNING');
    it.letGo(nameOf(alone));
    expect((await waitForJob(it.paths, run.spec.id)).state).toBe('failed');
    expect(lossSteps(alone)).toEqual([1, 2, 3, 4, 5, 6]);

    // One by hand, then what is left by the recipe.
    const byHand = await resumeJob(it.paths, stopping.spec.id);
    await it.untilStep(byHand, 3);
    expect(number(byHand)).toMatch(/^\d+$/);
    it.letGo(nameOf(stopping));
    expect((await waitForJob(it.paths, byHand.spec.id)).state).toBe('succeeded');
    const resumed = await resumeRecipe(it.paths, run.spec.id);
    const again = () => trainings().find((job) => nameOf(job) === nameOf(failing) && job.spec.id !== failing.spec.id);
    await it.until('the failed one again', () => (again()?.progress?.done ?? 0) >= 3);
    it.letGo(nameOf(failing));
    const end = await waitForJob(it.paths, resumed.spec.id);
    expect([end.state, end.error]).toEqual(['succeeded', null]);
  });

  test('more urgent jobs take the place of one: it says so, waits alone, and goes on from its checkpoint', async () => {
    const run = await start();
    const jobs = await three();
    for (const job of jobs) await it.untilStep(job, 3);
    const nodes = jobs.map((job) => field(job, 'NodeList'));
    const at = nodes.findIndex((node) => nodes.filter((one) => one === node).length === 1);
    const preempted = jobs[at];
    if (!preempted) throw new Error(`on ${nodes.join(', ')}`);
    const urgent = slurm
      .command(
        'sbatch',
        '--parsable',
        '-p',
        'urgent',
        '-w',
        nodes[at] ?? '',
        '--exclusive',
        '--wrap',
        'sleep 600',
        '-o',
        '/dev/null',
      )
      .trim();
    await it.until('told', () =>
      /waits in Slurm's queue: other jobs took its place/.test(steps(run)[at]?.detail ?? ''),
    );
    const others = jobs.filter((one) => one !== preempted);
    for (const job of others) {
      expect([field(job, 'JobState'), field(job, 'Restarts')]).toEqual(['RUNNING', '0']);
    }
    // Their node has room again.
    for (const job of others) it.letGo(nameOf(job));
    slurm.command('scancel', urgent);
    beginAgain(preempted, nodes[at] ?? '');
    await it.until('begun again', () =>
      it.logsOf(preempted).some((text) => /began it again, from checkpoint-2/.test(text)),
    );
    it.letGo(nameOf(preempted));
    const end = await waitForJob(it.paths, run.spec.id);
    expect([end.state, end.error]).toEqual(['succeeded', null]);
    expect(lossSteps(preempted)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test('trainings that take both nodes each are an array too, one after the other', async () => {
    const run = await start(', at-once: 1', 2);
    const jobs = await three();
    const array = number(jobs[0]).split('_')[0];
    expect(jobs.map(number)).toEqual([`${array}_1`, `${array}_2`, `${array}_3`]);
    for (const job of jobs) {
      await it.untilStep(job, 3);
      expect([field(job, 'NumNodes'), field(job, 'JobState')]).toEqual(['2', 'RUNNING']);
      it.letGo(nameOf(job));
    }
    const end = await waitForJob(it.paths, run.spec.id);
    expect([end.state, end.error]).toEqual(['succeeded', null]);
    for (const job of jobs) expect(lossSteps(job)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test('each goes back to the queue by itself before its time limit, and once', async () => {
    it.ask({ time: '1', warnSeconds: 40 });
    const run = await start();
    const jobs = await three();
    for (const job of jobs) await it.untilStep(job, 3);
    const nodes = jobs.map((job) => field(job, 'NodeList') ?? '');
    for (const [at, job] of jobs.entries()) {
      await it.until('back in the queue', () => field(job, 'JobState') === 'PENDING');
      beginAgain(job, nodes[at] ?? '', 'TimeLimit=10');
    }
    for (const job of jobs) {
      await it.until('begun again', () => it.logsOf(job).some((text) => /again, from checkpoint-2/.test(text)));
      it.letGo(nameOf(job));
    }
    const end = await waitForJob(it.paths, run.spec.id);
    expect([end.state, end.error]).toEqual(['succeeded', null]);
    expect(jobs.map((job) => field(job, 'Restarts'))).toEqual(['1', '1', '1']);
    expect(jobs.map(lossSteps)).toEqual(jobs.map(() => [1, 2, 3, 4, 5, 6]));
  });

  test('all of it killed here: a resume finds each task where it is', async () => {
    const run = await start();
    const jobs = await three();
    for (const job of jobs) await it.untilStep(job, 3);
    const numbers = jobs.map(number);
    for (const job of [run, ...jobs]) it.kill(job, 'supervisor', 'worker');
    await it.until('lost', () => [run, ...jobs].every(({ spec }) => readJob(it.paths, spec.id).state === 'lost'));
    const resumed = await resumeRecipe(it.paths, run.spec.id);
    await it.until('taken up', () => trainings().every(({ spec }) => jobs.every((job) => job.spec.id !== spec.id)));
    for (const job of trainings()) await it.untilStep(job, 3);
    expect(trainings().map(number)).toEqual(numbers);
    for (const job of jobs) it.letGo(nameOf(job));
    const end = await waitForJob(it.paths, resumed.spec.id);
    expect([end.state, end.error]).toEqual(['succeeded', null]);
    expect(trainings().map(lossSteps)).toEqual(jobs.map(() => [1, 2, 3, 4, 5, 6]));
    expect(queue()).toEqual(['']);
  });
});
