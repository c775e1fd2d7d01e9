import { describe, expect, it } from 'vitest';
import { RagtuiError } from '../../src/platform/errors.ts';
import { createJobsStore } from '../../stores/jobs.ts';
import { createTrainingStore, trainingToWatch } from '../../stores/training.ts';
import { trainingOf } from '../../stores/training-form.ts';
import { deferred, fakeJobs, immediately, ingestWork, jobView, settle } from './fakes.ts';
import { fakeTraining, trainingWork } from './loop-fakes.ts';

const make = (...installed: Parameters<typeof fakeTraining>) => {
  const fake = fakeTraining(...installed);
  const jobs = fakeJobs();
  const jobsStore = createJobsStore({ jobs: jobs.port, schedule: immediately });
  const store = createTrainingStore({ training: fake.port, jobs: jobsStore, schedule: immediately });
  return { fake, jobs, jobsStore, store };
};
const FILLED = { dataset: 'cmrc', split: 'context/train', base: 'smollm2-135m-instruct', name: 't1' };

describe('the form of a training', () => {
  it('has no plan until it is filled in, and says what is wrong with it then', () => {
    const { store, fake } = make();
    store.getState().configure({ dataset: 'cmrc' });
    expect(store.getState()).toMatchObject({ plan: null, problem: null });
    store.getState().configure(FILLED);
    expect(store.getState().plan?.rows).toBe(100);
    fake.taken.add('t1');
    store.getState().refresh();
    expect(store.getState().plan).toBeNull();
    expect(store.getState().problem?.code).toBe('exists');
  });

  it('plans when its base was read, the form as it is by then; what fails there is the problem', async () => {
    const { store, fake } = make();
    const slow = deferred<void>();
    fake.preparing.set(FILLED.base, slow);
    store.getState().configure(FILLED);
    expect(store.getState()).toMatchObject({ plan: null, problem: null, reading: true });
    store.getState().configure({ limit: 20 });
    expect(store.getState()).toMatchObject({ plan: null, reading: true });
    fake.preparing.delete(FILLED.base);
    slow.resolve();
    await settle();
    expect(store.getState()).toMatchObject({ plan: { rows: 20 }, problem: null, reading: false });

    const dying = deferred<void>();
    fake.preparing.set(FILLED.base, dying);
    store.getState().configure({ limit: 30 });
    dying.reject(new RagtuiError('unavailable', 'The helper process died.'));
    await settle();
    expect(store.getState()).toMatchObject({ plan: null, problem: { code: 'unavailable' }, reading: false });
  });

  it('drops base and settings with the kind: another engine has other keys', () => {
    const { store } = make();
    store.getState().configure({ ...FILLED, settings: { lora_rank: 4 } });
    store.getState().configure({ kind: 'embedder' });
    expect(store.getState().form).toMatchObject({ kind: 'embedder', base: null, settings: {}, dataset: 'cmrc' });
  });

  it('starts exactly what it shows', async () => {
    const { store, jobs } = make();
    store.getState().configure({ ...FILLED, settings: { max_steps: 6 }, limit: 20 });
    await store.getState().start();
    expect(jobs.launched).toEqual([
      { kind: 'train-llm', ...FILLED, preset: 'cpu', settings: { max_steps: 6 }, limit: 20, seed: 42 },
    ]);
    expect(trainingOf({ ...store.getState().form, limit: null })).not.toHaveProperty('limit');
  });
});

describe('a training that is watched', () => {
  it('keeps every number by its name, and the last word on a step that is told again', async () => {
    const { store, fake, jobs } = make();
    const job = jobView(trainingWork('t1'));
    jobs.put(job);
    store.getState().watch(job.spec.id);
    fake.emit(job.spec.id, { name: 'loss', step: 1, value: 3 });
    fake.emit(job.spec.id, { name: 'loss', step: 2, value: 2 });
    fake.emit(job.spec.id, { name: 'learning_rate', step: 2, value: 1e-4 });
    fake.emit(job.spec.id, { name: 'loss', step: 2, value: 2.5 });
    const series = store.getState().watched?.series;
    expect(series?.get('loss')).toEqual([
      { step: 1, value: 3 },
      { step: 2, value: 2.5 },
    ]);
    expect(series?.get('learning_rate')).toEqual([{ step: 2, value: 1e-4 }]);
  });

  it('is let go when another is watched', () => {
    const { store, fake } = make();
    const [one, two] = [jobView(trainingWork('t1')), jobView(trainingWork('t2'))];
    store.getState().watch(one.spec.id);
    store.getState().watch(two.spec.id);
    expect([fake.watchers(one.spec.id), fake.watchers(two.spec.id)]).toEqual([0, 1]);
  });

  it('is the one that runs, else the newest', () => {
    const over = jobView(trainingWork('t2'), { state: 'succeeded' });
    const running = jobView(trainingWork('t1'));
    expect(trainingToWatch([jobView(ingestWork('tea')), over, running])).toBe(running);
    expect(trainingToWatch([jobView(ingestWork('tea')), over])).toBe(over);
    expect(trainingToWatch([jobView(ingestWork('tea'))])).toBeUndefined();
  });
});

it('looks at the engines again when an install ends', async () => {
  const { store, jobs, jobsStore } = make(['llamafactory']);
  jobsStore.getState().open();
  const id = await store.getState().install('flagembedding');
  await settle();
  expect(store.getState().engines).toBeNull();
  jobs.end(id, 'succeeded');
  await settle();
  expect(store.getState().engines?.map(({ state }) => state)).toEqual(['present', 'absent', 'absent']);
});
