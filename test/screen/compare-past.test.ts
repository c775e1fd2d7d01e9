import { afterEach, describe, expect, it } from 'vitest';
import { shownSlots } from '../../stores/compare-view.ts';
import { hit } from '../store/fakes.ts';
import { contextSplit, manifest } from '../store/loop-fakes.ts';
import { ask, columnsText, end, openCompare, play } from './compare-play.ts';
import type { ScreensWindow, World } from './screens-window.tsx';

let window: ScreensWindow | undefined;
afterEach(() => {
  window?.dispose();
  window = undefined;
});
const open = async (world: Partial<World> = {}): Promise<ScreensWindow> => {
  window = await openCompare(world);
  return window;
};

describe('questions, votes and the history of the compare screen', () => {
  it('takes questions from a dataset and scores every answer, the best value marked', async () => {
    const w = await open({ datasets: [{ ...manifest('cmrc'), splits: [contextSplit()] }] });
    await w.press('esc', 'D', 'enter', 'down', 'enter');
    expect(w.text()).toContain('Questions of cmrc');
    expect(w.text()).toContain('context/test · 2/2');
    await w.press('enter', ']');
    expect(w.text()).toContain('cmrc 2/2 · right answer: 八十度的水');
    await w.press('enter');
    const [asked] = w.comparisons.asked;
    expect(asked?.request.references).toEqual(['八十度的水', '80 degrees']);
    play(w, 0, '80 degrees', [hit(1, 'Green tea wants 80 degrees')], 'ok', { exact: 1, 'token-f1': 1 });
    play(w, 1, '95', [], 'ok', { exact: 0, 'token-f1': 0.25 });
    await end(w);
    expect(w.text()).toContain('★exact 1  ★token-f1 1');
    expect(w.text()).toContain('exact 0  token-f1 0.25');
    await w.press('p');
    expect(w.text()).toContain('── 1 · tea.md · rrf 0.0300 · ✓ the right passage');
    await w.press(']');
    expect(w.text()).toContain('this is the last question');
  });

  it('hides names, settings, scores and times, takes a vote, and shows them again', async () => {
    const w = await open();
    await ask(w);
    play(w, 0, 'Use 80 degrees.');
    play(w, 1, 'Use 95 degrees.');
    await end(w);
    await w.press('esc', 'V');
    expect(w.text()).toContain('Names, settings and times are hidden');
    for (const tell of ['hybrid', 'bm25', 'tok/s', '300 ms', ' base ']) expect(columnsText(w)).not.toContain(tell);
    await w.press('s');
    expect(w.text()).toContain('names are hidden');
    await w.press('v', 'right');
    expect(w.stores.compare.getState().selected).toBe(
      shownSlots(w.stores.compare.getState().slots, w.stores.compare.getState().blindSeed)[1]?.id,
    );
    await w.press('2');
    const second = w.stores.compare.getState();
    const shown = [...w.comparisons.history.all.values()][0]?.votes[0]?.shown ?? [];
    expect(second.run?.vote).toEqual({ kind: 'column', column: shown[1] });
    expect(w.text()).toContain(`voted: ${shown[1]}`);
    expect(columnsText(w)).toContain('bm25');
    await w.press('K');
    expect(w.text()).toContain('Votes: 1, blind: 1');
    expect(w.text()).toContain('preferred');
  });

  it('keeps a history: reopened as it was, deleted with a way back, exported', async () => {
    const w = await open();
    await ask(w);
    play(w, 0, 'first answer');
    play(w, 1, 'second answer');
    await end(w);
    await w.press('esc', 'a', 'esc', 'H');
    expect(w.text()).toContain('#1 ');
    expect(w.text()).toContain('second answer');
    await w.press('a');
    expect(w.text()).toContain('Esc shows the columns');
    await w.press('d');
    expect(w.text()).toContain('Nothing was compared yet.');
    await w.press('u');
    expect(w.text()).toContain('How hot?');
    await w.press('enter');
    expect(w.stores.compare.getState().slots.length).toBe(2);
    expect(w.text()).toMatch(/#1 of .*, as it was: Enter asks anew/);
    expect(w.text()).toContain('first answer');
    await w.press('E', 'down', 'enter');
    expect(w.comparisons.exported.get('comparison-1.json')).toContain('"first answer"');
    await w.press('u');
    expect(w.stores.compare.getState().slots.length).toBe(3);
  });

  it('saves columns under a name and loads them', async () => {
    const w = await open();
    await w.press('esc', 'L', 's');
    await w.type('pair');
    await w.press('enter');
    expect(w.text()).toContain('hybrid | bm25');
    await w.press('esc', 'd');
    expect(w.stores.compare.getState().slots.length).toBe(1);
    await w.press('L', 'enter');
    expect(w.stores.compare.getState().slots.length).toBe(2);
  });

  it('asks one column again by a key, and says so where one failed', async () => {
    const w = await open();
    await ask(w);
    play(w, 0, 'fine');
    play(w, 1, '', [], 'failed');
    await end(w);
    expect(w.text()).toContain('R asks only this column again.');
    await w.press('esc', 'right', 'R');
    expect(w.comparisons.asked.at(-1)?.request.columns.map(({ name }) => name)).toEqual(['bm25']);
    play(w, 0, 'better');
    await end(w);
    expect(w.text()).toContain('better');
    expect(w.text()).toContain('fine');
  });

  it('opens a column in Ask with its settings and its answer', async () => {
    const w = await open();
    await ask(w);
    play(w, 0, 'a');
    play(w, 1, 'the one to go on from');
    await end(w);
    await w.press('esc', 'right', 'A');
    expect(w.ui.getState().screen).toBe('ask');
    expect(w.stores.ask.getState().settings.mode).toBe('bm25');
    expect(w.text()).toContain('the one to go on from');
  });
});
