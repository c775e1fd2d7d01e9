import { afterEach, describe, expect, it } from 'vitest';
import type { DatasetTaskResult } from '../../src/datasets/task.ts';
import { contextSplit, manifest } from '../store/loop-fakes.ts';
import { frameFaults, openScreens, type ScreensWindow, type World } from './screens-window.tsx';

let window: ScreensWindow | undefined;
afterEach(() => {
  window?.dispose();
  window = undefined;
});
const open = async (world: World): Promise<ScreensWindow> => {
  window = await openScreens(world);
  await window.press('8');
  await window.rest();
  return window;
};
const PLACES = [
  { columns: 80, rows: 24 },
  { columns: 120, rows: 40 },
].flatMap((size) => (['en', 'zh'] as const).map((language) => ({ ...size, language })));
const datasets = [manifest('cmrc', { splits: [contextSplit(1)] })];
const wide: World = {
  ...{ columns: 120, rows: 40, language: 'en', datasets },
  choices: [
    { id: 'smollm2-135m-instruct', kind: 'llm', base: null },
    { id: 'bge-small-en-v1.5-int8', kind: 'embedder', base: null },
  ],
};

const negatives: Extract<DatasetTaskResult, { op: 'prepare' }> = {
  op: 'prepare',
  making: {
    ...{ what: 'negatives', dataset: 'cmrc', version: 'v-0123456789ab', part: 'all', as: 'cmrc-retrieval' },
    ...{ seed: 1314, instruction: '', sources: [{ from: 'random', count: 10 }], kb: null, margin: null, fill: true },
    audit: { duplicates: true, answers: true, above: null, embedder: null, reranker: null, judge: null },
    concurrency: 1,
  },
  ...{ models: [], plan: null, examples: [], rows: 4 },
};

const lastTask = (w: ScreensWindow) => w.datasets.tasks.at(-1);

/** Opens the menu and takes the entry so many rows below the first. */
async function choose(w: ScreensWindow, entry: number): Promise<void> {
  await w.press('m', ...Array.from({ length: entry }, () => 'down'), 'enter');
  await w.rest();
}

describe.each(PLACES)('making data, $language at $columns×$rows', (place) => {
  it('keeps its borders in the menu and in every form', async () => {
    for (const entry of [0, 1, 2, 3, 4]) {
      const w = await open({ ...wide, ...place });
      await w.press('m');
      expect(frameFaults(w.rows(), place.columns, place.rows)).toEqual([]);
      await w.press(...Array.from({ length: entry }, () => 'down'), 'enter');
      await w.rest();
      expect(frameFaults(w.rows(), place.columns, place.rows)).toEqual([]);
      expect(w.text()).toContain(place.language === 'en' ? 'What it would do' : '将要做的事');
      w.dispose();
    }
    window = undefined;
  });
});

describe('making data of a dataset', () => {
  it('says what negatives would do, starts the job, and opens what it made', async () => {
    const w = await open(wide);
    await choose(w, 0);
    const asked = lastTask(w);
    expect(asked?.task).toMatchObject({
      op: 'prepare',
      wish: { what: 'negatives', dataset: 'cmrc', part: 'all', sources: [{ from: 'random', count: 10 }], fill: true },
    });
    await w.press('enter');
    expect(w.jobs.launched).toEqual([]);
    asked?.end.resolve(negatives);
    await w.rest();
    expect(w.text()).toContain('→ cmrc-retrieval');
    expect(w.text()).toContain('reads 4 rows');
    await w.press('enter');
    await w.rest();
    expect(w.jobs.launched).toEqual([{ kind: 'make-data', making: negatives.making }]);
    expect(w.text()).toContain('Negatives → cmrc-retrieval');

    const id = w.stores.jobs.getState().list?.[0]?.spec.id;
    if (!id) throw new Error('no job');
    w.datasets.put(manifest('cmrc-retrieval', { kind: 'retrieval' }));
    const made = {
      ...{ dataset: 'cmrc-retrieval', version: 'v-0123456789ab', kind: 'retrieval', rows: 4, added: true },
      ...{ counts: { negatives: 40, 'quarantined: answer': 3 }, notes: [], cost: null },
      usage: { requests: 0, promptTokens: 0, completionTokens: 0 },
    };
    w.jobs.emit(id, { type: 'artifact', name: 'dataset', path: '', data: made });
    w.jobs.end(id, 'succeeded');
    await w.rest();
    expect(w.stores.datasets.getState().selected).toBe('cmrc-retrieval');
    expect(w.text()).toContain('quarantined: answer 3');
  });

  it('mixes sources with an embedder, a window and a margin; refuses what is no margin', async () => {
    const w = await open(wide);
    await choose(w, 0);
    lastTask(w)?.end.resolve(negatives);
    await w.rest();
    await w.press('down', 'down', 'enter');
    await w.press('down', 'down', 'down', 'enter');
    await w.rest();
    lastTask(w)?.end.resolve(negatives);
    await w.rest();
    expect(w.text()).toContain('bge-small-en-v1.5-int8');
    await w.press('down', 'down', 'down', 'down', 'enter');
    await w.type('much');
    await w.press('enter');
    await w.rest();
    expect(w.text()).toContain('not taken: much');
    await w.press('enter');
    await w.type('95%');
    await w.press('enter');
    await w.rest();
    const ranked = { count: 10, ranks: [2, 200], choose: 'sample' };
    expect(lastTask(w)?.task).toMatchObject({
      wish: {
        margin: { kind: 'share', value: 0.95 },
        sources: [
          { from: 'embedder', embedder: 'bge-small-en-v1.5-int8', ...ranked },
          { from: 'bm25', ...ranked },
          { from: 'random', count: 10 },
        ],
      },
    });
  });

  it('shows what damage does to a row, and why a form cannot start', async () => {
    const w = await open(wide);
    await choose(w, 2);
    const { dataset, version, part } = { dataset: 'cmrc', version: 'v-0123456789ab', part: 'all' };
    lastTask(w)?.end.resolve({
      ...negatives,
      making: {
        ...{ what: 'augment', dataset, version, part, as: 'cmrc-augmented', seed: 1314, share: 0.25, mode: 'copy' },
        ...{ operations: ['typos'], refusal: 'No.' },
      },
      examples: [{ row: 2, did: 'typos (3)', before: 'How hot is it?', after: 'Hwo hto is ti?' }],
    });
    await w.rest();
    expect(w.text()).toContain('Hwo hto is ti?');
    await w.press('esc');
    await choose(w, 3);
    expect(w.text()).toContain('name a knowledge base');
    await w.press('enter');
    expect(w.jobs.launched).toEqual([]);
  });
});
