import { describe, expect, it } from 'vitest';
import { createDatasetsStore, partsOf, rowsOf } from '../../stores/datasets.ts';
import { immediately, settle } from './fakes.ts';
import { contextSplit, fakeDatasets, manifest } from './loop-fakes.ts';

const make = (...initial: Parameters<typeof fakeDatasets>) => {
  const fake = fakeDatasets(...initial);
  let clock = 0;
  const store = createDatasetsStore({ datasets: fake.port, schedule: immediately, now: () => clock });
  return { fake, store, later: (ms: number) => (clock += ms) };
};

describe('the datasets store', () => {
  it('shows the rows of the first dataset and opens its first row', async () => {
    const { store } = make([manifest('a'), manifest('b')]);
    await store.getState().refresh();
    await settle();
    const { selected, rows, open } = store.getState();
    expect(selected).toBe('a');
    expect(rows).toMatchObject({ dataset: 'a', part: 'all', total: 4, loading: false });
    expect(rows?.order).toBeNull();
    expect(
      store
        .getState()
        .window(1, 3)
        .map(({ number }) => number),
    ).toEqual([1, 2]);
    expect(open?.number).toBe(0);
  });

  it('a part keeps its own order and the numbers of its rows', async () => {
    const { store } = make([manifest('a', { splits: [contextSplit()] })]);
    await store.getState().refresh();
    store.getState().select('a', 'context/test');
    await settle();
    expect(store.getState().rows).toMatchObject({ part: 'context/test', total: 2 });
    expect(
      store
        .getState()
        .window(0, 2)
        .map(({ number }) => number),
    ).toEqual([3, 1]);
    expect(store.getState().placeOf(1)).toBe(1);
    expect(store.getState().placeOf(0)).toBe(-1);
  });

  it('imports with progress and rate, then shows what came', async () => {
    const { fake, store, later } = make();
    const done = store.getState().run({ op: 'import', file: '/x.json', format: 'cmrc' });
    const [task] = fake.tasks;
    task?.options.onProgress?.({ done: 100, total: 1000, rows: 10 });
    later(500);
    task?.options.onProgress?.({ done: 600, total: 1000, rows: 60 });
    expect(store.getState().task).toMatchObject({ state: 'running', progress: { rows: 60 }, rate: 1000 });
    fake.put(manifest('x'));
    task?.end.resolve({
      op: 'import',
      dataset: 'x',
      rows: 4,
      added: true,
      format: 'cmrc',
      detected: false,
      skipped: 0,
      warnings: 0,
      problems: [],
    });
    expect((await done).state).toBe('done');
    expect(store.getState().selected).toBe('x');
  });

  it('a cancelled import is no failure, and only one task runs at a time', async () => {
    const { fake, store } = make();
    const done = store.getState().run({ op: 'import', file: '/x.json', format: 'cmrc' });
    await store.getState().run({ op: 'split', dataset: 'x', method: 'context', seed: 1 });
    expect(fake.tasks).toHaveLength(1);
    store.getState().cancel();
    expect(await done).toMatchObject({ state: 'cancelled', error: null });
  });

  it('forgets the rows of a dataset that was deleted', async () => {
    const { store } = make([manifest('a')]);
    await store.getState().refresh();
    await store.getState().remove('a');
    expect(store.getState()).toMatchObject({ list: [], selected: null, rows: null, open: null });
  });
});

describe('parts', () => {
  it('are named with their split and counted', () => {
    const one = manifest('a', { splits: [contextSplit()] });
    expect(partsOf(one)).toEqual(['all', 'context/test', 'context/train']);
    expect(rowsOf(one, 'context/test')).toBe(2);
    expect(rowsOf(one, 'all')).toBe(4);
  });
});
