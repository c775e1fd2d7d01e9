import { expect, it } from 'vitest';
import { createStore } from 'zustand/vanilla';
import type { TourRecord } from '../../src/tour/types.ts';
import { createTourStore, type TourDependencies } from '../../stores/tour.ts';
import { settle } from './fakes.ts';
import { fakeTour, NO_FACTS } from './tour-fakes.ts';

type State<Name extends Exclude<keyof TourDependencies, 'port'>> = ReturnType<TourDependencies[Name]['getState']>;

function world(record?: TourRecord, files = NO_FACTS) {
  const port = fakeTour(record, files);
  const kb = createStore<State<'kb'>>(() => ({ list: [] }));
  const ask = createStore<State<'ask'>>(() => ({ answer: null, history: null }));
  const compare = createStore<State<'compare'>>(() => ({ run: null, history: null }));
  const datasets = createStore<State<'datasets'>>(() => ({ list: null }));
  const training = createStore<State<'training'>>(() => ({ view: 'live', plan: null }));
  const evaluation = createStore<State<'evaluation'>>(() => ({ view: 'form', page: 'scores', figures: null }));
  const jobs = createStore<State<'jobs'>>(() => ({ list: [] }));
  const store = createTourStore({ port, kb, ask, compare, datasets, training, evaluation, jobs });
  const told: string[] = [];
  store.getState().onTick((step, next) => told.push(`${step} → ${next}`));
  return { store, port, kb, ask, compare, training, evaluation, told };
}

it('watches nothing until it is begun, ticks then what was done before, and what is done from now on', async () => {
  const { store, port, kb, ask, told } = world();
  kb.setState({ list: [{ documents: 6 }] });
  expect(port.kept).toEqual([]);
  store.getState().begin();
  await settle();
  expect(store.getState().record).toMatchObject({ state: 'on', done: ['ingest'] });
  ask.setState({ answer: {} });
  expect(told).toEqual(['ingest → ask', 'ask → passages']);
  expect(port.read()).toEqual(store.getState().record);
});

it('asks the files and the service for what no screen has read', async () => {
  const { store } = world(undefined, { ...NO_FACTS, datasets: 2, prepared: 1 });
  store.getState().begin();
  await settle();
  expect(store.getState().record.done).toEqual(['dataset', 'prepare']);
});

it('ticks what was looked at: a filled form, a verdict on screen, a word of the app', () => {
  const { store, training, evaluation } = world();
  store.getState().begin();
  training.setState({ view: 'form' });
  expect(store.getState().record.done).toEqual([]);
  training.setState({ plan: {} });
  evaluation.setState({ view: 'figures', figures: {} });
  expect(store.getState().record.done).toEqual(['train']);
  evaluation.setState({ page: 'verdict' });
  store.getState().look('passages');
  expect(store.getState().record.done).toEqual(['train', 'verdict', 'passages']);
});

it('is left, stays silent, and goes on where it was, also by the next program', async () => {
  const { store, port, ask, told } = world();
  store.getState().begin();
  store.getState().skip('ingest');
  store.getState().leave();
  ask.setState({ answer: {} });
  store.getState().look('deploy');
  expect(told).toEqual([]);
  const next = world(port.read());
  next.store.getState().begin();
  await settle();
  expect(next.store.getState().record).toMatchObject({ state: 'on', done: [], skipped: ['ingest'] });
});

it('begins anew: no ticks but for what is there', async () => {
  const { store, kb } = world({ version: 1, state: 'over', done: ['ask', 'verdict'], skipped: ['train'] });
  kb.setState({ list: [{ documents: 1 }] });
  store.getState().again();
  await settle();
  expect(store.getState().record).toEqual({ version: 1, state: 'on', done: ['ingest'], skipped: [] });
});

it('counts a comparison only when two columns have answered', () => {
  const { store, compare } = world();
  store.getState().begin();
  const columns = (first: object | null, second: object | null) =>
    new Map([
      [1, { result: first }],
      [2, { result: second }],
    ]);
  compare.setState({ run: { underWay: true, columns: columns({}, null) } });
  compare.setState({ run: { underWay: false, columns: columns({}, null) } });
  expect(store.getState().record.done).toEqual([]);
  compare.setState({ run: { underWay: false, columns: columns({}, {}) } });
  expect(store.getState().record.done).toEqual(['compare']);
});
