import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { readFar } from '../../src/hosts/far-file.ts';
import { resumeJob, stopJob, waitForJob } from '../../src/jobs/control.ts';
import { readJob } from '../../src/jobs/registry.ts';
import { modelStatus } from '../../src/models/store.ts';
import { tunedFolder } from '../../src/training/tuned.ts';
import { EMBEDDER_TRAINING, fakeEmbedderTraining } from '../support/fake-embedder.ts';
import { sshdIsHere, withSshd } from '../support/far-host.ts';
import { useFarTraining } from '../support/far-training.ts';

// An embedder whose engine (the scripted one) is on another host alone, behind a real sshd on loopback.

const STEPS = [1, 2, 3, 4, 5, 6];
const NAME = EMBEDDER_TRAINING.name;

describe.skipIf(!sshdIsHere)(`an embedder trained on another host (${withSshd})`, () => {
  const it = useFarTraining();
  beforeEach(() => fakeEmbedderTraining(it.paths));
  const start = (behaviour: string) => it.startWork(behaviour, { kind: 'train-embedder', ...EMBEDDER_TRAINING });

  test('trains and exports there; numbers, weights and ONNX come here, are compared, and base and tune registered', async () => {
    const end = await waitForJob(it.paths, (await start('ok')).spec.id);
    expect([end.state, end.error]).toEqual(['succeeded', null]);
    expect(it.metric(end, 'loss')).toEqual(STEPS.map((step) => [step, 3 - step / 10]));
    const { result } = tunedFolder(it.paths, NAME);
    const weights = (folder: string) => readFileSync(path.join(folder, 'model.safetensors'));
    expect(weights(result).equals(weights(it.output(NAME)))).toBe(true);
    for (const id of [NAME, 'all-minilm-l6-v2-exported']) expect(modelStatus(it.paths, id).state).toBe('present');
    const card = JSON.parse(readFileSync(path.join(result, 'card.json'), 'utf8'));
    // All of its vectors are the same one: torch's and ours differ by rounding alone.
    expect(card.parity.min).toBeCloseTo(1, 5);
    expect(card).toMatchObject({ config: { dimension: 384 }, versions: { flagembedding: '1.4.2' } });
    const { here, there } = it.printed(end);
    expect(here).toBe(there);
    // What the export made there is not left there.
    expect(readdirSync(path.join(it.host.facts.root, 'runs'))).toEqual([readFar(end.folder)?.run]);
  });

  test('a connection that is cut, then supervisor and worker killed: resume goes on with the very run, no row is lost', async () => {
    const job = await start('gate');
    await it.untilStep(job, 3);
    expect(it.far.cutConnections()).toBe(1);
    await it.until('reached again', () => it.logsOf(job).some((text) => /is reached again/.test(text)));
    it.kill(job, 'supervisor', 'worker');
    await it.until('lost', () => readJob(it.paths, job.spec.id).state === 'lost');
    const resumed = await resumeJob(it.paths, job.spec.id);
    await it.untilStep(resumed, 3);
    it.letGo(NAME);
    const end = await waitForJob(it.paths, resumed.spec.id);
    expect([end.state, end.error]).toEqual(['succeeded', null]);
    expect(readFar(end.folder)?.run).toBe(readFar(job.folder)?.run);
    expect(it.metric(end, 'loss').map(([step]) => step)).toEqual(STEPS);
    const { here, there } = it.printed(end);
    expect(here).toBe(there);
  });

  test('stopped there, its checkpoint comes here and a new run goes on from it', async () => {
    const job = await start('wait');
    await it.untilStep(job, 3);
    expect((await stopJob(it.paths, job.spec.id)).state).toBe('stopped');
    expect(readdirSync(tunedFolder(it.paths, NAME).train)).toContain('checkpoint-2');
    it.engineDoes('ok');
    const end = await waitForJob(it.paths, (await resumeJob(it.paths, job.spec.id)).spec.id);
    expect([end.state, end.error]).toEqual(['succeeded', null]);
    expect(it.metric(end, 'loss').map(([step]) => step)).toEqual(STEPS);
  });

  test('an export that fails there fails here with what was said, and is made anew by a resume', async () => {
    const job = await start('gate');
    await it.untilStep(job, 3);
    // The engine there is exchanged for one that cannot export.
    it.engineDoes('no-export');
    it.letGo(NAME);
    const failed = await waitForJob(it.paths, job.spec.id);
    expect(failed).toMatchObject({ state: 'failed', error: { message: expect.stringContaining('on far') } });
    expect(existsSync(path.join(tunedFolder(it.paths, NAME).result, 'manifest.json'))).toBe(false);
    it.engineDoes('ok');
    // Older checkpoints lie there alone: what is sent for the export leaves them.
    const older = path.join(it.output(NAME), 'checkpoint-1');
    mkdirSync(older);
    const end = await waitForJob(it.paths, (await resumeJob(it.paths, job.spec.id)).spec.id);
    expect([end.state, end.error]).toEqual(['succeeded', null]);
    expect(modelStatus(it.paths, NAME).state).toBe('present');
    expect(existsSync(older)).toBe(true);
  });
});
