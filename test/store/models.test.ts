import { describe, expect, it } from 'vitest';
import { RagtuiError } from '../../src/platform/errors.ts';
import { createModelsStore } from '../../stores/models.ts';
import { fakeModels, immediately, settle } from './fakes.ts';

const ID = 'smollm2-135m-instruct';
const report = (bytes: number) => ({
  model: ID,
  file: 'model.gguf',
  source: 'PyPI package',
  phase: 'downloading' as const,
  bytes,
  total: 1000,
});

function setup() {
  const models = fakeModels();
  let time = 0;
  const store = createModelsStore({ models: models.port, schedule: immediately, now: () => time });
  return { models, store, at: (ms: number) => (time = ms) };
}

describe('models store', () => {
  it('says bytes, rate and time left of a pull', async () => {
    const { models, store, at } = setup();
    const outcome = store.getState().pull(ID);
    await settle();
    const pull = models.pulls.get(ID);
    at(0);
    pull?.options.onProgress(report(0));
    at(2000);
    pull?.options.onProgress(report(400));
    // 400 bytes in 2 s leave 600 bytes = 3 s.
    expect(store.getState().pulls[ID]).toMatchObject({ state: 'running', rate: 200, secondsLeft: 3 });
    pull?.done.resolve();
    expect((await outcome).state).toBe('done');
    expect(store.getState().list?.find(({ entry }) => entry.id === ID)?.state).toBe('present');
  });

  it('a second pull of the same model joins the first', async () => {
    const { models, store } = setup();
    const first = store.getState().pull(ID);
    const second = store.getState().pull(ID);
    await settle();
    models.pulls.get(ID)?.done.resolve();
    expect(await first).toBe(await second);
  });

  it('a cancelled pull stays cancelled whatever is reported later', async () => {
    const { models, store } = setup();
    const outcome = store.getState().pull(ID);
    await settle();
    store.getState().cancel(ID);
    models.pulls.get(ID)?.options.onProgress(report(900));
    expect((await outcome).state).toBe('cancelled');
    expect(store.getState().pulls[ID]).toMatchObject({ state: 'cancelled', progress: null });
  });

  it('a failed pull keeps its reason and can be tried again', async () => {
    const { models, store } = setup();
    const failed = store.getState().pull(ID);
    await settle();
    models.pulls.get(ID)?.done.reject(new RagtuiError('network', 'No source answered.', 'Check the network.'));
    expect((await failed).error?.hint).toBe('Check the network.');
    const again = store.getState().pull(ID);
    await settle();
    models.pulls.get(ID)?.done.resolve();
    expect((await again).state).toBe('done');
  });
});
