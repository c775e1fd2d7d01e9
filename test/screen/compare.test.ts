import { afterEach, describe, expect, it } from 'vitest';
import type { Hit } from '../../src/kb/types.ts';
import { keyProblems } from '../../src/keys/registry.ts';
import { RagtuiError } from '../../src/platform/errors.ts';
import type { ColumnState } from '../../src/rag/compare.ts';
import { chineseActions } from '../../src/ui/i18n/index.ts';
import { answer, hit, knowledgeBase, searchResult } from '../store/fakes.ts';
import { frameFaults, openScreens, type ScreensWindow, type World } from './screens-window.tsx';

let window: ScreensWindow | undefined;
afterEach(() => {
  window?.dispose();
  window = undefined;
});
const CHAT = 'smollm2-135m-instruct';
const open = async (world: Partial<World> = {}): Promise<ScreensWindow> => {
  window = await openScreens({
    columns: 120,
    rows: 40,
    language: 'en',
    bases: [knowledgeBase('tea')],
    models: [CHAT],
    ...world,
  });
  await window.press('7');
  return window;
};
const PLACES = [
  { columns: 80, rows: 24 },
  { columns: 120, rows: 40 },
].flatMap((size) => (['en', 'zh'] as const).map((language) => ({ ...size, language })));

/** What a column hears from its beginning to its end. */
function play(
  w: ScreensWindow,
  column: number,
  text: string,
  hits: readonly Hit[] = [],
  state: ColumnState = 'ok',
): void {
  const asked = w.comparisons.asked.at(-1);
  const settings = asked?.request.columns[column];
  if (!asked || !settings) throw new Error('nothing was asked');
  asked.emit(column, { type: 'began' });
  asked.emit(column, { type: 'retrieved', search: searchResult(hits) });
  asked.emit(column, {
    type: 'prompt',
    messages: [{ role: 'user', content: `ask ${column}` }],
    promptTokens: 9,
    cut: '',
  });
  asked.emit(column, { type: 'delta', text, reasoning: '' });
  const error = state === 'failed' ? new RagtuiError('unavailable', 'The server went away.', 'Ask again.') : null;
  const whole = state === 'ok' ? answer('q', text, { hits: [...hits] }) : null;
  asked.emit(column, { type: 'ended', result: { column: settings, state, answer: whole, partial: text, error } });
}
async function ask(w: ScreensWindow): Promise<void> {
  await w.type('How hot?');
  await w.press('enter');
  await w.rest();
}
const end = async (w: ScreensWindow): Promise<void> => {
  w.comparisons.asked.at(-1)?.end.resolve();
  await w.rest();
};

describe.each(PLACES)('compare, $language at $columns×$rows', (place) => {
  it('keeps its borders: empty, streaming, faults, passages, zoomed, six columns', async () => {
    const w = await open(place);
    const whole = () => expect(frameFaults(w.rows(), place.columns, place.rows)).toEqual([]);
    whole();
    await ask(w);
    whole();
    play(w, 0, '绿茶用八十度的水。\n'.repeat(60), [hit(1, '绿茶 green tea '.repeat(40))]);
    play(w, 1, '', [], 'failed');
    await end(w);
    for (const keys of [['esc'], ['p'], ['z'], ['z', 'm'], ['esc', 'e'], ['esc', 'p']]) {
      await w.press(...keys);
      whole();
    }
    for (let more = 0; more < 4; more++) w.stores.compare.getState().clone();
    await w.rest();
    expect(w.stores.compare.getState().slots.length).toBe(6);
    for (const keys of [[], ['right'], ['right', 'right']]) {
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

  it('has no clash of keys, and Chinese for every action', async () => {
    const w = await open();
    expect(keyProblems(w.tables())).toEqual([]);
    const own = w.actions().filter(({ id }) => id.startsWith('compare.'));
    expect(own.length).toBeGreaterThan(40);
    expect(own.filter(({ id }) => !chineseActions[id])).toEqual([]);
  });
});
