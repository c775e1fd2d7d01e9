import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { cleanHost } from '../../src/hosts/clean.ts';
import { readFar } from '../../src/hosts/far-file.ts';
import { runStatus } from '../../src/hosts/run.ts';
import { resumeJob, stopJob, waitForJob } from '../../src/jobs/control.ts';
import { launcherOf } from '../../src/jobs/launchers/ssh.ts';
import { deleteJob, readJob } from '../../src/jobs/registry.ts';
import { isOver } from '../../src/jobs/types.ts';
import { listAdapters } from '../../src/models/store.ts';
import { tunedFolder } from '../../src/training/tuned.ts';
import { sshdIsHere, textOf, withSshd } from '../support/far-host.ts';
import { useFarTraining } from '../support/far-training.ts';

// A training whose engine (the scripted one) runs behind a real sshd on loopback.

describe.skipIf(!sshdIsHere)(`a training on another host (${withSshd})`, () => {
  const it = useFarTraining();
  test('trains there, its numbers come here, and the adapter is brought and registered', async () => {
    const end = await waitForJob(it.paths, (await it.start('ok')).spec.id);
    expect([end.state, end.error]).toEqual(['succeeded', null]);
    expect(it.metric(end, 'loss')).toEqual([1, 2, 3, 4, 5, 6].map((step) => [step, 3 - step / 10]));
    expect(it.metric(end, 'grad_norm').map(([step]) => step)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(listAdapters(it.paths)[0]).toMatchObject({ name: 'mine', path: tunedFolder(it.paths, 'mine').result });
    const weights = (folder: string) => readFileSync(path.join(folder, 'adapter_model.safetensors'));
    expect(weights(tunedFolder(it.paths, 'mine').result).equals(weights(it.output()))).toBe(true);
    const { here, there } = it.printed(end);
    expect(here).toBe(there);
    expect(end.far).toMatchObject({ host: 'far', open: false });
  });

  test('the optimizer of a training that is over stays there until it is asked for; of one that was stopped it comes', async () => {
    const newest = (): string[] => {
      const { train } = tunedFolder(it.paths, 'mine');
      const [last = ''] = readdirSync(train)
        .filter((name) => name.startsWith('checkpoint-'))
        .sort()
        .reverse();
      return readdirSync(path.join(train, last));
    };
    const job = await it.start('wait');
    await it.untilStep(job, 3);
    await stopJob(it.paths, job.spec.id);
    expect(newest()).toContain('optimizer.pt');
    it.engineDoes('saves-last');
    const end = await waitForJob(it.paths, (await resumeJob(it.paths, job.spec.id)).spec.id);
    expect([end.state, end.error]).toEqual(['succeeded', null]);
    expect(newest()).toContain('trainer_state.json');
    expect(newest()).not.toContain('optimizer.pt');
    await launcherOf(it.paths, end.spec.id).fetch(end.spec.id);
    expect(newest()).toContain('optimizer.pt');
  });

  test('a connection that is cut in the middle of the log leaves no gap and no line twice', async () => {
    const job = await it.start('gate');
    await it.untilStep(job, 3);
    expect(it.far.cutConnections()).toBe(1);
    await it.until('told as lost', () =>
      it.eventsOf(job).some((event) => event.type === 'log' && /is reached again/.test(event.text)),
    );
    expect(it.far.cutConnections()).toBe(1);
    it.letGo();
    const end = await waitForJob(it.paths, job.spec.id);
    expect([end.state, end.error]).toEqual(['succeeded', null]);
    expect(it.metric(end, 'loss')).toEqual([1, 2, 3, 4, 5, 6].map((step) => [step, 3 - step / 10]));
    const { here, there } = it.printed(end);
    expect(here).toBe(there);
    const rows = textOf(path.join(tunedFolder(it.paths, 'mine').train, 'trainer_log.jsonl'));
    expect(
      rows
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).current_steps),
    ).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test('a host that is down is waited for, and the job says since when', async () => {
    const job = await it.start('gate');
    await it.untilStep(job, 3);
    it.far.stop();
    await it.until('unreachable', () => /^far unreachable since \d{4}-/.test(readJob(it.paths, job.spec.id).reason));
    expect(readJob(it.paths, job.spec.id).state).toBe('running');
    it.letGo();
    // It comes to its end while nobody can see it.
    await it.until('its end there', () => existsSync(path.join(it.output(), 'adapter_config.json')));
    it.far.start();
    const end = await waitForJob(it.paths, job.spec.id);
    expect([end.state, end.reason, end.error]).toEqual(['succeeded', '', null]);
    expect(it.metric(end, 'loss').map(([step]) => step)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  const engineThere = () => textOf(path.join(it.output(), 'engine.pid'));

  test('supervisor and worker killed here: resume goes on with the very run that goes on there', async () => {
    const job = await it.start('gate');
    await it.untilStep(job, 3);
    const engine = engineThere();
    it.kill(job, 'supervisor', 'worker');
    await it.until('lost', () => readJob(it.paths, job.spec.id).state === 'lost');
    expect(readJob(it.paths, job.spec.id)).toMatchObject({
      far: { open: true },
      reason: expect.stringContaining('far may go on'),
    });
    expect(() => deleteJob(it.paths, job.spec.id)).toThrow(/may go on there/);
    const resumed = await resumeJob(it.paths, job.spec.id);
    await it.untilStep(resumed, 3);
    it.letGo();
    const end = await waitForJob(it.paths, resumed.spec.id);
    expect([end.state, end.error]).toEqual(['succeeded', null]);
    expect(engineThere()).toBe(engine);
    expect(readFar(resumed.folder)?.run).toBe(readFar(job.folder)?.run);
    expect(it.metric(end, 'loss').map(([step]) => step)).toEqual([1, 2, 3, 4, 5, 6]);
    const { here, there } = it.printed(end);
    expect(here).toBe(there);
    deleteJob(it.paths, job.spec.id);
  });

  test('killed here while it ends there: resume finds the end', async () => {
    const job = await it.start('gate');
    await it.untilStep(job, 3);
    it.kill(job, 'supervisor', 'worker');
    it.letGo();
    await it.until('its end there', () => existsSync(path.join(it.output(), 'adapter_config.json')));
    const end = await waitForJob(it.paths, (await resumeJob(it.paths, job.spec.id)).spec.id);
    expect([end.state, end.error]).toEqual(['succeeded', null]);
    expect(it.metric(end, 'loss').map(([step]) => step)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test('the worker alone killed here: stopping the failed job ends what runs there', async () => {
    const job = await it.start('wait');
    await it.untilStep(job, 3);
    it.kill(job, 'worker');
    await it.until('failed', () => readJob(it.paths, job.spec.id).state === 'failed');
    const run = readFar(job.folder)?.run ?? '';
    expect((await runStatus(it.host, run)).state).toBe('running');
    await stopJob(it.paths, job.spec.id);
    expect(await runStatus(it.host, run)).toMatchObject({
      state: 'over',
      keeper: false,
      program: false,
      result: { stopped: true },
    });
    expect(readJob(it.paths, job.spec.id).far?.open).toBe(false);
    // The checkpoint that it saved is found by whoever goes on.
    it.engineDoes('ok');
    const end = await waitForJob(it.paths, (await resumeJob(it.paths, job.spec.id)).spec.id);
    expect([end.state, end.error]).toEqual(['succeeded', null]);
    expect(it.metric(end, 'loss').map(([step]) => step)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test('stopped: the checkpoint comes here; resumed: it goes on from there', async () => {
    const job = await it.start('wait');
    await it.untilStep(job, 3);
    const stopped = await stopJob(it.paths, job.spec.id);
    expect([stopped.state, stopped.far?.open]).toEqual(['stopped', false]);
    expect(readdirSync(tunedFolder(it.paths, 'mine').train)).toContain('checkpoint-2');
    it.engineDoes('ok');
    const end = await waitForJob(it.paths, (await resumeJob(it.paths, job.spec.id)).spec.id);
    expect([end.state, end.error]).toEqual(['succeeded', null]);
    expect(it.metric(end, 'loss').map(([step]) => step)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(readFar(end.folder)?.run).not.toBe(readFar(job.folder)?.run);
  });

  test('one that does not end when asked is killed there', async () => {
    const job = await it.start('hang');
    await it.untilStep(job, 3);
    const end = await stopJob(it.paths, job.spec.id, { grace: { ask: 0.5, terminate: 0.5, kill: 20 } });
    expect(isOver(end.state)).toBe(true);
    await stopJob(it.paths, job.spec.id, { grace: { ask: 0.5, kill: 20 } });
    const run = readFar(job.folder)?.run ?? '';
    expect(await runStatus(it.host, run)).toMatchObject({ state: 'over', result: { signal: 'SIGKILL' } });
  });

  test('two jobs at once', async () => {
    const [one, two] = [await it.start('gate', 'one'), await it.start('gate', 'two')];
    await it.untilStep(one, 3);
    await it.untilStep(two, 3);
    it.letGo('two');
    expect((await waitForJob(it.paths, two.spec.id)).state).toBe('succeeded');
    expect(readJob(it.paths, one.spec.id).state).toBe('running');
    it.letGo('one');
    expect((await waitForJob(it.paths, one.spec.id)).state).toBe('succeeded');
    // The base was sent once.
    expect(readdirSync(path.join(it.host.facts.root, 'store'))).toHaveLength(1);
  });

  test('an engine that fails there fails here with its cause', async () => {
    const end = await waitForJob(it.paths, (await it.start('oom')).spec.id);
    expect(end).toMatchObject({
      state: 'failed',
      error: { message: expect.stringContaining("can't allocate memory") },
    });
  });

  test('keeper and engine killed there: lost, and said so', async () => {
    const job = await it.start('wait');
    await it.untilStep(job, 3);
    const file = path.join(it.host.facts.root, 'runs', readFar(job.folder)?.run ?? '', 'run.json');
    const { keeper, program } = JSON.parse(readFileSync(file, 'utf8'));
    process.kill(keeper.pid, 'SIGKILL');
    process.kill(-program.pid, 'SIGKILL');
    const end = await waitForJob(it.paths, job.spec.id);
    expect(end).toMatchObject({ state: 'failed', error: { message: expect.stringContaining('left no result') } });
  });

  test('clean ends what runs and leaves nothing behind', async () => {
    const job = await it.start('wait');
    await it.untilStep(job, 3);
    const engine = Number(engineThere());
    const { deleted, live } = await cleanHost(it.host, { stop: false });
    expect([deleted, live]).toEqual([false, [readFar(job.folder)?.run]]);
    await cleanHost(it.host, { stop: true });
    expect(readdirSync(it.far.home)).toEqual([]);
    expect(() => process.kill(engine, 0)).toThrow();
    const end = await waitForJob(it.paths, job.spec.id);
    expect([end.state, end.far?.open]).toEqual(['failed', false]);
  });

  test('without rsync on the host files go by tar', async () => {
    process.env['RAGTUI_NO_RSYNC'] = '1';
    try {
      const job = await it.start('wait');
      await it.untilStep(job, 3);
      expect((await stopJob(it.paths, job.spec.id)).state).toBe('stopped');
      it.engineDoes('ok');
      const end = await waitForJob(it.paths, (await resumeJob(it.paths, job.spec.id)).spec.id);
      expect([end.state, end.error]).toEqual(['succeeded', null]);
      expect(it.eventsOf(end).some((event) => event.type === 'log' && /^tar over ssh to far/.test(event.text))).toBe(
        true,
      );
    } finally {
      delete process.env['RAGTUI_NO_RSYNC'];
    }
  });
});
