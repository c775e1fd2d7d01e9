import { describe, expect, it } from 'vitest';
import { RagtuiError } from '../../src/platform/errors.ts';
import { createEvaluationStore, runToShow } from '../../stores/evaluation.ts';
import { createEvaluationItemsStore } from '../../stores/evaluation-items.ts';
import { createJobsStore } from '../../stores/jobs.ts';
import { fakeJobs, immediately, ingestWork, jobView, settle } from './fakes.ts';
import { evaluationWork, fakeEvaluation } from './loop-fakes.ts';

const COLUMN = 'name=base,llm=smollm2-135m-instruct,context=gold,prompt=sft';
const make = (...initial: Parameters<typeof fakeJobs>) => {
  const fake = fakeEvaluation();
  const jobs = fakeJobs(...initial);
  const jobsStore = createJobsStore({ jobs: jobs.port, schedule: immediately });
  return { fake, jobs, jobsStore, store: createEvaluationStore({ evaluation: fake.port, jobs: jobsStore }) };
};
const run = (state: 'running' | 'stopped' | 'succeeded' = 'running') =>
  jobView({ kind: 'evaluate', ...evaluationWork() }, { state });

describe('the form of a run', () => {
  it('is checked once dataset and a column are there', async () => {
    const { store, fake } = make();
    await store.getState().configure({ dataset: 'cmrc', split: 'context/test' });
    expect(fake.wishes).toEqual([]);
    await store.getState().configure({ columns: [COLUMN] });
    expect(store.getState().plan).toMatchObject({ dataset: 'cmrc', split: 'context/test' });
    expect(fake.wishes[0]).toMatchObject({ column: [COLUMN], limit: 60, seed: 1314, baselines: true });
  });

  it('says what is wrong, and forgets it with the next change', async () => {
    const { store } = make();
    await store.getState().configure({ dataset: 'cmrc', columns: ['nonsense'] });
    expect(store.getState().plan).toBeNull();
    expect(store.getState().problem).toBeInstanceOf(RagtuiError);
    await store.getState().configure({ columns: [COLUMN] });
    expect(store.getState().problem).toBeNull();
  });

  it('starts what it shows and looks at it', async () => {
    const { store, jobs } = make();
    await store.getState().configure({ dataset: 'cmrc', columns: [COLUMN] });
    const id = await store.getState().start();
    expect(jobs.launched).toMatchObject([{ kind: 'evaluate', dataset: 'cmrc', primary: 'token-f1' }]);
    expect(store.getState()).toMatchObject({ shown: id, view: 'figures' });
  });
});

describe('a run that is looked at', () => {
  it('has its figures computed once, and once more when it ends', async () => {
    const job = run();
    const { store, fake, jobs, jobsStore } = make([job]);
    jobsStore.getState().open();
    await settle();
    await store.getState().show(job.spec.id);
    await store.getState().show(job.spec.id);
    expect(fake.asked).toEqual([job.spec.id]);
    jobs.end(job.spec.id, 'succeeded');
    await settle();
    expect(fake.asked).toEqual([job.spec.id, job.spec.id]);
    expect(store.getState().figures?.report.columns[0]?.name).toBe('base');
  });

  it('is resumed as a new job that takes what is there', async () => {
    const job = jobView({ kind: 'evaluate', ...evaluationWork({ reuse: false }) }, { state: 'stopped' });
    const { store, jobs } = make([job]);
    await store.getState().resume(job);
    expect(jobs.launched).toMatchObject([{ kind: 'evaluate', reuse: true, limit: 60 }]);
  });

  it('is the one that goes on, else the newest', () => {
    const over = run('succeeded');
    const running = run();
    expect(runToShow([jobView(ingestWork('tea')), over, running])).toBe(running);
    expect(runToShow([over])).toBe(over);
  });
});

describe('the items of a run', () => {
  const looking = async () => {
    const job = run('succeeded');
    const { store, fake } = make([job]);
    const items = createEvaluationItemsStore({ items: fake.port.items, evaluation: store });
    await store.getState().show(job.spec.id);
    return { items, fake, store };
  };

  it('keep their rows while a filter cannot be read', async () => {
    const { items } = await looking();
    items.getState().setFilter('item=q1');
    expect(items.getState().rows.map(({ item }) => item)).toEqual(['q1']);
    items.getState().setFilter('item=q1 & (');
    expect(items.getState().problem?.message).toContain('At character 12');
    expect(items.getState().rows).toHaveLength(1);
  });

  it('ask where answers went wrong when a filter is about it, once, and show what it finds', async () => {
    const { items, fake, store } = await looking();
    items.getState().setFilter('blame=ignored');
    expect(items.getState()).toMatchObject({ blaming: true, rows: [] });
    items.getState().setFilter('blame=ignored ');
    const byItem = { q1: 'ignored' } as const;
    const column = { column: 'tuned', items: 2, wrong: 1, labels: [], byItem };
    fake.blame.resolve({ run: 'r', metric: 'token-f1', below: 0.5, columns: [column] });
    await settle();
    expect(fake.blamed()).toBe(1);
    expect(items.getState().rows.map(({ item }) => item)).toEqual(['q1']);
    // New figures, new answers: what was said of the old ones is forgotten, and asked again as the filter is about it.
    await store.getState().recompute();
    expect(fake.blamed()).toBe(2);
  });

  it('do not ask again and again when it cannot be told', async () => {
    const { items, fake } = await looking();
    items.getState().setFilter('blame=ignored');
    fake.blame.reject(new RagtuiError('invalid', 'The dataset is gone.'));
    await settle();
    items.getState().setFilter('blame=ignored | em=1');
    expect(fake.blamed()).toBe(1);
    expect(items.getState().blameError?.message).toBe('The dataset is gone.');
  });
});
