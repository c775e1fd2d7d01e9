import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readFar } from '../../src/hosts/far-file.ts';
import { resumeJob, stopJob, waitForJob } from '../../src/jobs/control.ts';
import { launchJob } from '../../src/jobs/launcher.ts';
import { listJobs, readJob } from '../../src/jobs/registry.ts';
import { isOver, type JobView } from '../../src/jobs/types.ts';
import { readRecipeStatus, resumeRecipe } from '../../src/recipes/control.ts';
import { inspectRecipe } from '../../src/recipes/inspect.ts';
import { fakeEmbedderTraining } from '../support/fake-embedder.ts';
import { sshdIsHere, withSshd } from '../support/far-host.ts';
import { useFarTraining } from '../support/far-training.ts';

// A recipe whose training runs behind a real sshd on loopback, by the scripted engine.

const RECIPE = `recipe: 1
name: elsewhere
vars: {launcher: local}
datasets:
  rows: {use: asked}
train:
  tuned:
    kind: embedder
    dataset: rows
    base: all-minilm-l6-v2-base
    launcher: "\${launcher}"
    set: {per_device_train_batch_size: 2}
`;

describe.skipIf(!sshdIsHere)(`a recipe that trains on another host (${withSshd})`, () => {
  const it = useFarTraining();
  beforeEach(() => fakeEmbedderTraining(it.paths));
  afterEach(async () => {
    for (const job of listJobs(it.paths)) if (!isOver(job.state)) await stopJob(it.paths, job.spec.id);
  });

  function start(launcher: string): Promise<JobView> {
    const wish = { file: path.join(it.paths.home, 'x.yaml'), cwd: it.paths.home, text: RECIPE, vars: { launcher } };
    const { work, problems } = inspectRecipe(it.paths, wish);
    expect(problems).toEqual([]);
    return launchJob(it.paths, { kind: 'recipe', ...work });
  }
  const trainings = () => listJobs(it.paths).filter(({ spec }) => spec.work.kind === 'train-embedder');
  const step = (recipe: JobView) => readRecipeStatus(recipe.folder)?.steps.find(({ kind }) => kind === 'train');
  const stepsOf = (recipe: JobView) =>
    Object.fromEntries((readRecipeStatus(recipe.folder)?.steps ?? []).map(({ id, state }) => [id, state]));
  async function training(): Promise<JobView> {
    await it.until('a training', () => trainings().length > 0);
    const [job] = trainings();
    if (!job) throw new Error('there is no training');
    await it.untilStep(job, 3);
    return job;
  }

  test('says that the host is gone; all of it killed, it finds the run that goes on there; elsewhere it is done already', async () => {
    it.engineDoes('gate');
    const recipe = await start('ssh:far');
    const first = await training();
    expect(first.spec.work).toMatchObject({ launcher: 'ssh:far' });
    expect(step(recipe)).toMatchObject({ title: 'train tuned (ssh:far)', state: 'running' });
    it.far.stop();
    await it.until('told', () => /^far unreachable since /.test(step(recipe)?.detail ?? ''));
    // The machine here goes down.
    it.kill(recipe, 'supervisor', 'worker');
    it.kill(first, 'supervisor', 'worker');
    await it.until('lost', () => [recipe, first].every(({ spec }) => readJob(it.paths, spec.id).state === 'lost'));
    it.far.start();
    const resumed = await resumeRecipe(it.paths, recipe.spec.id);
    await it.until('a second job of the step', () => trainings().length === 2);
    const [second] = trainings();
    if (!second) throw new Error('there is no second job');
    await it.untilStep(second, 3);
    const name = second.spec.work.kind === 'train-embedder' ? second.spec.work.name : '';
    it.letGo(name);
    const end = await waitForJob(it.paths, resumed.spec.id);
    expect([end.state, end.error]).toEqual(['succeeded', null]);
    expect(readFar(second.folder)?.run).toBe(readFar(first.folder)?.run);
    expect(it.metric(readJob(it.paths, second.spec.id), 'loss').map(([at]) => at)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(step(resumed)).toMatchObject({
      state: 'done',
      detail: expect.stringContaining(`${name} (ssh:far), 6 rows, 6 steps`),
    });

    // The same training on this machine, where no engine is: there is nothing to do.
    it.engineHere('flagembedding');
    const again = await start('local');
    expect((await waitForJob(it.paths, again.spec.id)).state).toBe('succeeded');
    expect(stepsOf(again)).toMatchObject({ 'engine flagembedding': 'done', 'train tuned': 'kept' });
    expect(trainings()).toHaveLength(2);
  });

  test('a host that cannot be reached when its step begins fails the step with the reason, and a resume does it', async () => {
    it.engineDoes('ok');
    it.far.stop();
    it.far.cutConnections();
    const recipe = await start('ssh:far');
    const failed = await waitForJob(it.paths, recipe.spec.id);
    expect(failed).toMatchObject({
      state: 'failed',
      error: { code: 'network', message: expect.stringMatching(/^far cannot be reached/) },
    });
    it.far.start();
    const end = await waitForJob(it.paths, (await resumeJob(it.paths, recipe.spec.id)).spec.id);
    expect([end.state, end.error]).toEqual(['succeeded', null]);
  });
});
