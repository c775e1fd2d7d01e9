import { afterEach, describe, expect, it } from 'vitest';
import { keyProblems } from '../../src/keys/registry.ts';
import { chineseActions } from '../../src/ui/i18n/index.ts';
import { hit, searchResult } from '../store/fakes.ts';
import { ask, CHAT, end, openCompare, play } from './compare-play.ts';
import { frameFaults, type ScreensWindow, type World } from './screens-window.tsx';

let window: ScreensWindow | undefined;
afterEach(() => {
  window?.dispose();
  window = undefined;
});
const open = async (world: Partial<World> = {}): Promise<ScreensWindow> => {
  window = await openCompare(world);
  return window;
};
const PLACES = [
  { columns: 80, rows: 24 },
  { columns: 120, rows: 40 },
  { columns: 200, rows: 50 },
].flatMap((size) => (['en', 'zh'] as const).map((language) => ({ ...size, language })));

/** Wide and narrow signs, emoji of several parts, code, a table, a tab, and what must never reach a terminal. */
const MANY_SCRIPTS =
  '绿茶用八十度的水。👩‍🔬🇨🇳 half‑width ｶﾀｶﾅ\n```ts\n\tconst 温度 = 80; // \u001b[31mred\n```\n| 茶 | °C |\n|---|---:|\n| green | 80 |\n';

describe.each(PLACES)('compare, $language at $columns×$rows', (place) => {
  it('keeps its borders: empty, streaming, faults, passages, zoomed, six columns', async () => {
    const w = await open(place);
    const whole = () => expect(frameFaults(w.rows(), place.columns, place.rows)).toEqual([]);
    whole();
    await ask(w);
    whole();
    play(w, 0, MANY_SCRIPTS.repeat(12), [hit(1, '绿茶 green tea 🍵 '.repeat(40))]);
    play(w, 1, '', [], 'failed');
    await end(w);
    for (const keys of [['esc'], ['p'], ['z'], ['z', 'm'], ['esc', 'e'], ['esc', 'p']]) {
      await w.press(...keys);
      whole();
    }
    // The numbers, the history, the board, the sets, all differences, copied words, hidden names, the vote.
    for (const keys of [
      ['i'],
      ['i', 'H'],
      ['z'],
      ['z', 'H', 'K'],
      ['esc', 'L'],
      ['esc', 'w'],
      ['w'],
      ['V'],
      ['v'],
      ['esc', 'V'],
    ]) {
      await w.press(...keys);
      whole();
    }
    for (let more = 0; more < 4; more++) w.stores.compare.getState().clone();
    await w.rest();
    expect(w.stores.compare.getState().slots.length).toBe(6);
    for (const keys of [['esc'], ['right'], ['right', 'right'], ['p'], ['s'], ['esc', 'z']]) {
      await w.press(...keys);
      whole();
    }
  });
});

describe('the compare screen', () => {
  it('shows columns side by side, what differs marked, and names every state', async () => {
    const w = await open();
    expect(w.text()).toContain('1 hybrid');
    expect(w.text()).toContain('2 bm25');
    expect(w.text()).toContain('≠bm25');
    await ask(w);
    expect(w.text()).toContain('waits for its turn');
    play(w, 1, 'Use 95 degrees.');
    await w.rest();
    expect(w.text()).toContain('✓ done');
    expect(w.text()).toContain('15.0 tok/s');
    play(w, 0, 'Use', [], 'failed');
    await end(w);
    expect(w.text()).toContain('✗ The server went away. Ask again.');
    expect(w.text()).toContain('Use 95 degrees.');
  });

  it('says when answers are the same', async () => {
    const w = await open();
    await ask(w);
    play(w, 0, '80 degrees.');
    play(w, 1, '80 degrees.');
    await end(w);
    expect(w.text()).toContain('= The same answer as column 1, word for word');
    expect(w.text().match(/80 degrees\./g)?.length).toBe(1);
    await w.press('esc', 'f');
    expect(w.text().match(/80 degrees\./g)?.length).toBe(2);
  });

  it('shows ranks against column 1 and what is missing', async () => {
    const w = await open();
    await ask(w);
    play(w, 0, 'a', [hit(1, 'one', { chunkId: 1 }), hit(2, 'two', { chunkId: 2 })]);
    play(w, 1, 'b', [
      hit(1, 'two', { chunkId: 2 }),
      hit(2, 'nine', { chunkId: 9, documentId: 2, document: '/docs/cake.md' }),
    ]);
    await end(w);
    await w.press('esc', 'p');
    expect(w.text()).toContain('── 1 ↑1 · tea.md');
    expect(w.text()).toContain('── 2 + · cake.md');
    expect(w.text()).toContain('− not here: number 1 of column 1');
  });

  it('shows one column at a time when narrow, in a row of tabs', async () => {
    const w = await open({ columns: 80, rows: 24 });
    await ask(w);
    play(w, 0, 'first answer');
    play(w, 1, 'second answer');
    await end(w);
    expect(w.text()).toContain('[1 hybrid] 2 bm25');
    expect(w.text()).not.toContain('second answer');
    await w.press('esc', 'right');
    expect(w.text()).toContain('1 hybrid  [2 bm25]');
    expect(w.text()).toContain('second answer');
    await w.press('y');
    expect(w.copied).toEqual(['second answer']);
  });

  it('tells in the tabs how far the others are, and keeps every tab in sight', async () => {
    const w = await open({ columns: 80, rows: 24 });
    await ask(w);
    play(w, 0, '', [], 'failed');
    w.comparisons.asked[0]?.emit(1, { type: 'began' });
    await w.rest();
    expect(w.text()).toContain('✗[1 hybrid]●2 bm25');
    w.stores.compare.getState().cancel();
    await w.rest();
    expect(w.text()).toContain('✗[1 hybrid]■2 bm25');
    const { slots, rename } = w.stores.compare.getState();
    for (const [at, { id }] of slots.entries()) rename(id, `a-very-long-name-of-a-column-number-${at}`);
    await w.rest();
    expect(w.text()).toContain('■2 a-very-long-name');
  });

  it('a second Enter keeps the answers that are coming; another question replaces them', async () => {
    const w = await open();
    await ask(w);
    await w.press('enter');
    expect(w.comparisons.asked.length).toBe(1);
    expect(w.text()).toContain('a comparison is under way');
    await w.type('How long?');
    await w.press('enter');
    expect(w.comparisons.asked.map(({ request }) => request.question)).toEqual(['How hot?', 'How long?']);
  });

  it('does not call what holds the right passage irrelevant', async () => {
    const w = await open();
    const state = w.stores.compare.getState;
    state().setPassage('Green tea wants 80 degrees.');
    await ask(w);
    const found = (text: string) => ({ ...searchResult([hit(1, text)]), relevant: false });
    for (const [at, text] of ['Green tea wants 80 degrees.', 'The cake is baked.'].entries()) {
      w.comparisons.asked[0]?.emit(at, { type: 'began' });
      w.comparisons.asked[0]?.emit(at, { type: 'retrieved', search: found(text) });
    }
    await w.rest();
    const told = w.rows().find((row) => row.includes('nothing that looks relevant'));
    expect(told?.indexOf('nothing that looks')).toBeGreaterThan(60);
  });

  it('cancels with one key and keeps what was said', async () => {
    const w = await open();
    await ask(w);
    w.comparisons.asked[0]?.emit(0, { type: 'delta', text: 'so far', reasoning: '' });
    await w.press('ctrl+x');
    expect(w.text()).toContain('so far');
    expect(w.text()).toContain('■ cancelled');
    expect(w.comparisons.asked[0]?.signal.aborted).toBe(true);
  });

  it('adds a column, changes it from a list, and removes it', async () => {
    const w = await open();
    await w.press('esc', 'a', 'esc', 's', ...Array.from({ length: 4 }, () => 'down'), 'enter');
    await w.press('down', 'enter');
    const { slots, selected } = w.stores.compare.getState();
    expect(slots.map(({ settings }) => settings.topK)).toEqual([3, 5, 3]);
    expect(slots[1]?.id).toBe(selected);
    expect(w.text()).toContain('≠top 5');
    await w.press('d');
    expect(w.stores.compare.getState().slots.length).toBe(2);
  });

  it('says why not: while one is under way, and with nothing to show', async () => {
    const w = await open();
    await w.press('enter');
    expect(w.text()).toContain('write a question first');
    await ask(w);
    await w.press('ctrl+o');
    expect(w.text()).toContain('a comparison is under way');
    expect(w.ui.getState().overlays).toEqual([]);
  });

  it('leads from a column to the field of the question while nothing is written', async () => {
    const w = await open();
    await w.press('esc');
    expect(w.ui.getState().focus['compare']).not.toBe('question');
    await w.press('enter');
    expect(w.ui.getState().focus['compare']).toBe('question');
    expect(w.text()).not.toContain('write a question first');
  });

  it('tells the messages of the selected column and the command for all', async () => {
    const w = await open();
    await ask(w);
    play(w, 0, 'a');
    play(w, 1, 'b');
    await end(w);
    await w.press('esc', 'right', 'm');
    expect(w.text()).toContain('ask 1');
    await w.press('esc', 'e');
    expect(w.text()).toContain("ragtui compare 'How hot?' --kb tea");
    expect(w.text()).toContain(`--column name=bm25,llm=${CHAT},mode=bm25`);
  });

  it('shows all differences from the base column, whichever that is', async () => {
    const w = await open();
    await ask(w);
    play(w, 0, 'Use water at 80 degrees.');
    play(w, 1, 'Use water at 95 degrees.');
    await end(w);
    await w.press('esc', 'w');
    expect(w.text()).toContain('Use water at [-80-]95 degrees.');
    await w.press('right', 'B');
    expect(w.text()).toContain('Use water at [-95-]80 degrees.');
    expect(w.rows().find((row) => row.includes('2 bm25'))).toMatch(/1 hybrid .* all differences .*2 bm25 .* base /);
  });

  it('scrolls all columns with one key, if wanted', async () => {
    const w = await open();
    await ask(w);
    const long = (name: string) => Array.from({ length: 60 }, (_, row) => `${name} row ${row}`).join('\n');
    play(w, 0, long('left'));
    play(w, 1, long('right'));
    await end(w);
    await w.press('esc', 'g');
    expect(w.text()).toContain('left row 0');
    expect(w.text()).not.toContain('right row 0 ');
    await w.press('S', 'G', 'g');
    expect(w.text()).toContain('right row 0 ');
  });

  it('shows thoughts while there is no answer, then folds them until asked for', async () => {
    const w = await open();
    await ask(w);
    const [asked] = w.comparisons.asked;
    asked?.emit(0, { type: 'began' });
    asked?.emit(0, { type: 'delta', text: '', reasoning: 'let me see' });
    await w.rest();
    expect(w.text()).toContain('let me see');
    asked?.emit(0, { type: 'delta', text: 'It is 80.', reasoning: '' });
    await w.rest();
    expect(w.text()).not.toContain('let me see');
    expect(w.text()).toContain('Thought 10 characters before it: T shows them.');
    // The first cancels.
    await w.press('esc', 'esc', 'T');
    expect(w.text()).toContain('let me see');
    expect(w.text()).toContain('It is 80.');
  });

  it('puts four columns into two rows where they do not fit beside each other', async () => {
    const w = await open();
    for (let more = 0; more < 2; more++) w.stores.compare.getState().clone();
    await w.rest();
    const rows = w.rows();
    const titled = (place: number) =>
      rows.findIndex((row) => row.includes(`─ ${place} `) || row.includes(`▸ ${place} `));
    expect(titled(1)).toBe(titled(2));
    expect(titled(3)).toBe(titled(4));
    expect(titled(3)).toBeGreaterThan(titled(1));
    expect(frameFaults(rows, 120, 40)).toEqual([]);
  });

  it('leads where something is missing', async () => {
    const nothing = await open({ bases: [], models: [] });
    expect(nothing.text()).toContain('No knowledge base yet.');
    expect(nothing.text()).toContain('No LLM is here.');
  });

  it('has no clash of keys, and Chinese for every action', async () => {
    const w = await open();
    expect(keyProblems(w.tables())).toEqual([]);
    const own = w.actions().filter(({ id }) => id.startsWith('compare.'));
    expect(own.length).toBeGreaterThan(40);
    expect(own.filter(({ id }) => !chineseActions[id])).toEqual([]);
  });
});
