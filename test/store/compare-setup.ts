import type { ColumnResult } from '../../src/rag/compare.ts';
import { createCompareStore } from '../../stores/compare.ts';
import type { ModelChoice } from '../../stores/evaluation.ts';
import { fakeCompare } from './compare-fakes.ts';
import { answer, fakeKb, manualSchedule, settle } from './fakes.ts';
import { fakeDatasets } from './loop-fakes.ts';

export const BASE: ModelChoice = { id: 'base', kind: 'llm', base: null };
export const OLD: ModelChoice = { id: 'old', kind: 'llm', base: 'base' };
export const NEW: ModelChoice = { id: 'new', kind: 'llm', base: 'base' };

/** A compare store over fakes; its columns are two ways to search with `base`. */
export function setup(models: readonly ModelChoice[] = [BASE]) {
  const engine = fakeCompare();
  const publisher = manualSchedule();
  let time = 1000;
  const store = createCompareStore({
    compare: engine.port,
    models: () => models,
    datasets: fakeDatasets().port,
    connect: async () => fakeKb(engine.history.handlers).client,
    seed: () => 7,
    schedule: publisher.schedule,
    now: () => time,
  });
  store.getState().refresh({ kb: 'tea', llm: 'base' });
  const at = (index: number) => store.getState().run?.columns.get(store.getState().slots[index]?.id ?? -1);
  return { store, engine, publisher, at, tick: (ms: number) => (time += ms) };
}

/** How a column ends well. */
export const ended = (column: ColumnResult['column'] | undefined, text: string): ColumnResult => {
  if (!column) throw new Error('there is no such column');
  return { column, state: 'ok', answer: answer('q', text), partial: text, error: null };
};

/** A comparison of two columns that has ended, and is kept. */
export async function asked(texts: readonly string[] = ['80 degrees', '95 degrees']) {
  const all = setup();
  const done = all.store.getState().compare('How hot?');
  await settle();
  const [first] = all.engine.asked;
  texts.forEach((text, at) => {
    first?.emit(at, { type: 'began' });
    first?.emit(at, { type: 'ended', result: ended(first.request.columns[at], text) });
  });
  first?.end.resolve();
  await done;
  return all;
}
