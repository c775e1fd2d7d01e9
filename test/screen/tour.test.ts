import { afterEach, expect, it } from 'vitest';
import { setLanguage } from '../../src/ui/i18n/index.ts';
import { answer } from '../store/fakes.ts';
import { frameFaults, openScreens, type ScreensWindow, type World } from './screens-window.tsx';

const windows: ScreensWindow[] = [];
async function open(world: Partial<World> = {}): Promise<ScreensWindow> {
  const w = await openScreens({ columns: 80, rows: 24, language: 'en', ...world });
  windows.push(w);
  return w;
}
afterEach(() => {
  for (const w of windows.splice(0)) w.dispose();
  setLanguage('en');
});

it('t on Home shows ten steps; Enter puts the tour on and goes there; the strip says what to press', async () => {
  const w = await open();
  await w.press('t');
  expect(w.text()).toContain('Tour: ten steps through ragtui');
  expect(w.text()).toMatch(/▸ +1 {2}Documents in +next/);
  expect(w.text()).toContain('10  A verdict one can defend');
  await w.press('down', 'enter');
  expect(w.ui.getState().screen).toBe('ask');
  expect(w.text()).toContain('Tour 1/10');
  expect(w.stores.tour.getState().record.state).toBe('on');
});

it('a step that is done ticks itself, says so, and the strip goes on to the next', async () => {
  const done = ['ingest', 'ask', 'passages', 'compare', 'dataset', 'prepare', 'train'] as const;
  const w = await open({ tour: { version: 1, state: 'on', done: [...done], skipped: [] } });
  expect(w.text()).toContain('Tour 8/10  What answers');
  await w.press('-');
  expect(w.text()).toContain('Tour: step 8 done');
  expect(w.text()).toContain('Tour 9/10');
});

it('passages count only where an answer stands on them', async () => {
  const w = await open({ tour: { version: 1, state: 'on', done: ['ingest', 'ask'], skipped: [] } });
  await w.press('3', 'tab', 'tab');
  expect(w.ui.getState().focus['ask']).toBe('passages');
  expect(w.text()).toContain('Tour 3/10');
  w.stores.ask.setState({ answer: answer('How large?', '61 centimetres') });
  await w.press('shift+tab', 'tab');
  expect(w.text()).toContain('Tour 4/10');
});

it('is left by x and nothing is lost; s leaves a step out', async () => {
  const w = await open({ tour: { version: 1, state: 'on', done: ['ingest'], skipped: [] } });
  // It opens on the step that is next.
  await w.press('t', 's');
  expect(w.text()).toMatch(/– +2 {2}Ask +left out/);
  await w.press('x');
  expect(w.text()).not.toContain('Tour 3/10');
  expect(w.stores.tour.getState().record).toEqual({ version: 1, state: 'left', done: ['ingest'], skipped: ['ask'] });
});

it.each([
  [60, 20, 'en'],
  [80, 24, 'zh'],
  [120, 40, 'en'],
  [120, 40, 'zh'],
] as const)('fits at %i×%i in %s, strip and list', async (columns, rows, language) => {
  const w = await open({ columns, rows, language, tour: { version: 1, state: 'on', done: [], skipped: [] } });
  expect(frameFaults(w.rows(), columns, rows)).toEqual([]);
  await w.press('t');
  expect(frameFaults(w.rows(), columns, rows)).toEqual([]);
  for (let step = 0; step < 10; step++) {
    await w.press('down');
    expect(frameFaults(w.rows(), columns, rows)).toEqual([]);
  }
});
