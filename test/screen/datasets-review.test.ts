import { afterEach, describe, expect, it } from 'vitest';
import type { DatasetTaskResult } from '../../src/datasets/task.ts';
import { manifest } from '../store/loop-fakes.ts';
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
const datasets = [manifest('cmrc-retrieval', { kind: 'retrieval' })];
const wide: World = { columns: 120, rows: 40, language: 'en', datasets };

type Review = Extract<DatasetTaskResult, { op: 'review' }>;
const item = (row: number): Review['items'][number] => ({
  ...{ row, negative: 1, query: `Query ${row}: 水要多热？`, positive: 'Green tea wants 80 degrees.' },
  ...{ text: `Passage ${row} 八十度`, origin: { from: 'bm25', rank: 7, score: 3, measured: null }, label: null },
});
// The numbers are the task's: the screen shows what it is told.
const review = (labelled: number): Review => ({
  ...{ op: 'review', items: [item(0), item(2), item(3)] },
  estimate: {
    ...{ negatives: 40, labelled, falseNegatives: labelled > 0 ? 1 : 0, unsure: 0 },
    ...{ share: labelled > 0 ? 1 / labelled : null, low: 0.0946, high: 0.9054 },
  },
});

async function started(world: World): Promise<ScreensWindow> {
  const w = await open(world);
  await w.press('r');
  w.datasets.tasks.at(-1)?.end.resolve(review(0));
  await w.rest();
  return w;
}

describe.each(PLACES)('reviewing negatives, $language at $columns×$rows', (place) => {
  it('keeps its borders', async () => {
    const w = await started({ ...wide, ...place });
    expect(frameFaults(w.rows(), place.columns, place.rows)).toEqual([]);
    expect(w.text()).toContain('Passage 0 八十度');
    await w.press('esc', 'A');
    w.datasets.tasks.at(-1)?.end.resolve({
      ...{ op: 'quarantine', total: 1200, byRule: { answer: 1200 } },
      entries: [
        {
          ...{ row: 2, query: '水要多热？', text: '八十度的水。', from: 'bm25', rank: 3, score: 9 },
          reasons: [{ rule: 'answer', detail: 'holds the answer' }],
        },
      ],
    });
    await w.rest();
    expect(frameFaults(w.rows(), place.columns, place.rows)).toEqual([]);
    expect(w.text()).toContain('answer: holds the answer');
    expect(w.text()).toContain('1,200');
  });
});

describe('the review of negatives', () => {
  it('keeps one label after the other, in order, and shows the estimate with its interval', async () => {
    const w = await started(wide);
    expect(w.text()).toContain('1 of 3 · bm25 rank 7  not judged yet');
    await w.press('1', 'g');
    expect(w.text()).toContain('Passage 3');
    expect(w.text()).toContain('being kept');
    const labels = () =>
      w.datasets.tasks.flatMap(({ task }) => (task.op === 'review' && task.label ? [task.label] : []));
    expect(labels()).toEqual([{ row: 0, negative: 1, label: 'false-negative' }]);
    w.datasets.tasks.at(-1)?.end.resolve(review(1));
    await w.rest();
    expect(labels().at(-1)).toEqual({ row: 2, negative: 1, label: 'negative' });
    w.datasets.tasks.at(-1)?.end.resolve(review(2));
    await w.rest();
    expect(w.text()).toContain('1 of 2 judged are false: 50.0%, between 9.5% and 90.5% of all 40');
    await w.press('left');
    expect(w.text()).toContain('✓ good negative');
    await w.press('?');
    expect(labels().at(-1)).toEqual({ row: 2, negative: 1, label: 'unsure' });
  });

  it('leaves false ones out only after a yes, and not when there are none', async () => {
    const w = await started(wide);
    await w.press('d');
    expect(w.text()).toContain('none was labelled as false');
    await w.press('f');
    w.datasets.tasks.at(-1)?.end.resolve(review(1));
    await w.rest();
    await w.press('d');
    expect(w.datasets.tasks.at(-1)?.task.op).toBe('review');
    await w.press('y');
    await w.rest();
    expect(w.datasets.tasks.at(-1)?.task).toEqual({ op: 'drop-false', dataset: 'cmrc-retrieval' });
    w.datasets.tasks.at(-1)?.end.resolve({ op: 'drop-false', dropped: 1, rows: 4, version: 'v-ba9876543210' });
    await w.rest();
    expect(w.text()).toContain('1 false negatives left out: 4 rows, v-ba9876543210');
  });

  it('is only for rows that have negatives', async () => {
    const w = await open({ ...wide, datasets: [manifest('cmrc')] });
    await w.press('r');
    expect(w.text()).toContain('only retrieval rows have negatives');
    expect(w.datasets.tasks).toEqual([]);
  });
});
