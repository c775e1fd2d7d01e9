import { afterEach, describe, expect, it } from 'vitest';
import { splitTask } from '../../src/screens/datasets/flows.ts';
import { answerSpans, rowText } from '../../src/screens/datasets/row-text.ts';
import { contextSplit, manifest, qaRow } from '../store/loop-fakes.ts';
import { frameFaults, openScreens, type ScreensWindow, type World } from './screens-window.tsx';

let window: ScreensWindow | undefined;
afterEach(() => {
  window?.dispose();
  window = undefined;
});
const open = async (world: World): Promise<ScreensWindow> => {
  window = await openScreens(world);
  return window;
};
const PLACES = [
  { columns: 80, rows: 24 },
  { columns: 120, rows: 40 },
].flatMap((size) => (['en', 'zh'] as const).map((language) => ({ ...size, language })));
const wide: World = { columns: 120, rows: 40, language: 'en' };

describe.each(PLACES)('datasets, $language at $columns×$rows', (place) => {
  it('keeps its borders, empty and full, pane by pane', async () => {
    for (const datasets of [[], [manifest('cmrc', { splits: [contextSplit(1)] }), manifest('金融问答')]]) {
      const w = await open({ ...place, datasets });
      await w.press('8');
      await w.rest();
      for (let pane = 0; pane < 3; pane++) {
        expect(frameFaults(w.rows(), place.columns, place.rows)).toEqual([]);
        await w.press('tab');
      }
      await w.press('p', 'z');
      expect(frameFaults(w.rows(), place.columns, place.rows)).toEqual([]);
      w.dispose();
    }
    window = undefined;
  });
});

describe('the datasets screen', () => {
  it('says what to do when there is nothing', async () => {
    const w = await open(wide);
    await w.press('8');
    expect(w.text()).toContain('Press i and name a file');
    await w.press('s');
    expect(w.text()).toContain('there is no dataset under the cursor');
  });

  it('shows splits with what leaks, the row with its answers, and the prompt it is trained on', async () => {
    const w = await open({ ...wide, datasets: [manifest('cmrc', { splits: [contextSplit(1)] })] });
    await w.press('8');
    await w.rest();
    expect(w.text()).toContain('test 2 · train 2');
    expect(w.text()).toContain('! 1 of the 2');
    expect(w.text()).toContain('Question 0: 水要多热？');
    expect(w.text()).toContain('· 八十度的水');
    await w.press('p');
    expect(w.text()).toContain('请用下面的文段的原文来回答问题');
    expect(w.text()).toContain('── assistant ──');
  });

  it('imports by path, format and name, and can cancel', async () => {
    const w = await open(wide);
    await w.press('8', 'i', 'ctrl+u');
    await w.type('/home/me/notes');
    await w.press('enter');
    expect(w.text()).toContain('What is notes?');
    await w.press('enter');
    expect(w.text()).toContain('What shall it be called?');
    await w.press('enter');
    expect(w.datasets.tasks[0]?.task).toMatchObject({ op: 'import', file: '/home/me/notes', name: 'notes' });
    w.datasets.tasks[0]?.options.onProgress?.({ done: 500, total: 1000, rows: 50 });
    await w.rest();
    expect(w.text()).toContain('Importing · 50 rows');
    expect(w.text()).toContain('50%');
    await w.press('x');
    expect(w.text()).toContain('Cancelled; nothing half-written stays.');
  });

  it('splits with seed and sizes', async () => {
    const w = await open({ ...wide, datasets: [manifest('cmrc')] });
    await w.press('8', 's', 'enter', 'enter');
    expect(w.datasets.tasks[0]?.task).toEqual({
      op: 'split',
      dataset: 'cmrc',
      method: 'context',
      seed: 1314,
      test: 0.1,
    });
  });

  it('deletes only after a yes', async () => {
    const w = await open({ ...wide, datasets: [manifest('cmrc')] });
    await w.press('8', 'd');
    expect(w.text()).toContain('Deletes cmrc with its 4 rows');
    await w.press('y');
    expect(w.text()).toContain('No dataset yet.');
  });
});

describe('a row as text', () => {
  it('lights each answer where it first stands in the context', () => {
    const { text, lit } = rowText(qaRow(0));
    expect(lit.map(({ start, end }) => text.slice(start, end))).toEqual(['八十度的水', '80 degrees']);
  });

  it('overlapping answers are one span, an answer that is not there is none', () => {
    expect(answerSpans('abcdef', ['bcd', 'cde', 'xyz', ' '])).toEqual([{ start: 1, end: 5 }]);
  });
});

describe('sizes of a split', () => {
  it('are rows or shares; anything else is refused', () => {
    expect(splitTask('a', 'context', 'test=60 dev=0.1 seed=7')).toEqual({
      op: 'split',
      dataset: 'a',
      method: 'context',
      seed: 7,
      test: 60,
      dev: 0.1,
    });
    expect(() => splitTask('a', 'context', 'test=lots')).toThrow('“test=lots” is no size.');
  });
});
