import { describe, expect, it, vi } from 'vitest';
import { createJobsStore } from '../../stores/jobs.ts';
import { fakeJobs, ingestWork, jobView, manualSchedule, settle } from './fakes.ts';

const progress = (done: number) => ({
  type: 'progress' as const,
  progress: { phase: 'embedding', done, total: 10, unit: 'chunks', rate: 2, secondsLeft: 3, details: {} },
});

describe('jobs store', () => {
  it('tails what runs, and publishes many progress events as one change', async () => {
    const job = jobView(ingestWork('tea'));
    const jobs = fakeJobs([job]);
    const publisher = manualSchedule();
    const store = createJobsStore({ jobs: jobs.port, schedule: publisher.schedule });
    const close = store.getState().open();
    await settle();
    let changes = 0;
    store.subscribe(() => changes++);
    for (let done = 1; done <= 10; done++) jobs.emit(job.spec.id, progress(done));
    expect(changes).toBe(0);
    publisher.flush();
    expect(store.getState().list?.[0]?.progress?.done).toBe(10);
    expect(changes).toBeLessThanOrEqual(2);
    close();
    expect(jobs.tailed(job.spec.id)).toBe(0);
  });

  it('tells once that a job ended, and a late progress does not revive it', async () => {
    const job = jobView(ingestWork('tea'));
    const jobs = fakeJobs([job]);
    const publisher = manualSchedule();
    const store = createJobsStore({ jobs: jobs.port, schedule: publisher.schedule });
    store.getState().open();
    await settle();
    const ended: string[] = [];
    store.getState().onEnd((view) => ended.push(view.state));
    jobs.end(job.spec.id, 'succeeded');
    await settle();
    jobs.emit(job.spec.id, progress(3));
    publisher.flush();
    await store.getState().refresh();
    expect(ended).toEqual(['succeeded']);
    expect(store.getState().list?.[0]).toMatchObject({ state: 'succeeded', progress: null });
  });

  it('finds that a job was lost when its folder is read again', async () => {
    const job = jobView(ingestWork('tea'));
    const jobs = fakeJobs([job]);
    const store = createJobsStore({ jobs: jobs.port, schedule: (publish) => publish() });
    store.getState().open();
    await settle();
    const ended: string[] = [];
    store.getState().onEnd((view) => ended.push(view.state));
    jobs.put({ ...job, state: 'lost', reason: 'its processes are gone' });
    await settle();
    expect(ended).toEqual(['lost']);
  });

  it('shows each step of a stop while it lasts', async () => {
    const job = jobView(ingestWork('tea'));
    const jobs = fakeJobs([job]);
    const store = createJobsStore({ jobs: jobs.port, schedule: (publish) => publish() });
    store.getState().open();
    await settle();
    const seen: unknown[] = [];
    store.subscribe((state) => seen.push(state.stopping[job.spec.id]?.map((step) => step.step)));
    await store.getState().stop(job.spec.id);
    expect(seen).toContainEqual(['ask']);
    expect(store.getState().stopping).toEqual({});
    expect(store.getState().list?.[0]?.state).toBe('stopped');
  });

  it('notices by looking that a job is lost: nothing writes an event then', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const job = jobView(ingestWork('tea'));
    const jobs = fakeJobs([job]);
    const store = createJobsStore({ jobs: jobs.port, schedule: (publish) => publish() });
    const close = store.getState().open();
    await settle();
    const ended: string[] = [];
    store.getState().onEnd((each) => ended.push(each.state));
    jobs.lose(job.spec.id);
    await vi.advanceTimersByTimeAsync(3000);
    await settle();
    expect(ended).toEqual(['lost']);
    expect(store.getState().list?.[0]?.state).toBe('lost');
    close();
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
  });

  it('keeps the log in order and forgets it with the job', async () => {
    const job = jobView(ingestWork('tea'));
    const jobs = fakeJobs([job]);
    const store = createJobsStore({ jobs: jobs.port, schedule: (publish) => publish() });
    store.getState().open();
    await settle();
    jobs.emit(job.spec.id, { type: 'log', level: 'warn', text: 'one' });
    jobs.emit(job.spec.id, { type: 'error', code: 'invalid', message: 'two', hint: 'do this' });
    expect(
      store
        .getState()
        .logs.get(job.spec.id)
        ?.map((line) => line.text),
    ).toEqual(['one', 'two do this']);
    await store.getState().remove(job.spec.id);
    expect(store.getState().logs.has(job.spec.id)).toBe(false);
    expect(store.getState().list).toEqual([]);
  });
});
