import { describe, expect, it } from 'vitest';
import { RagtuiError } from '../../src/platform/errors.ts';
import { parseColumn } from '../../src/rag/columns.ts';
import { diffText, newRanges } from '../../src/screens/compare/differences.ts';
import { passagesText } from '../../src/screens/compare/passages.ts';
import { defaultSettings } from '../../stores/compare.ts';
import { columnsOf, columnText, compareCommand } from '../../stores/compare-columns.ts';
import { BASE, ended, NEW, OLD, setup } from './compare-setup.ts';
import { hit, searchResult, settle } from './fakes.ts';

describe('columns', () => {
  it('are the base and its newest adapter, else two ways to search, else retrieval alone', () => {
    expect(defaultSettings('base', [BASE, OLD, NEW]).map(({ llm }) => llm)).toEqual(['base', 'new']);
    expect(defaultSettings('base', [BASE]).map(({ mode }) => mode)).toEqual(['hybrid', 'bm25']);
    expect(defaultSettings(null, []).map(({ llm }) => llm)).toEqual(['none', 'none']);
  });

  it('are called by what differs, or as somebody wants', () => {
    const { store } = setup();
    const names = () => columnsOf(store.getState().slots).map(({ name }) => name);
    expect(names()).toEqual(['hybrid', 'bm25']);
    store.getState().clone();
    expect(names()).toEqual(['hybrid', 'hybrid-2', 'bm25']);
    store.getState().configure(store.getState().selected, { topK: 5 });
    expect(names()).toEqual(['hybrid-top3', 'hybrid-top5', 'bm25-top3']);
    store.getState().rename(store.getState().selected, 'mine');
    expect(names()).toEqual(['hybrid-top3', 'mine', 'bm25-top3']);
    expect(() => store.getState().rename(store.getState().slots[0]?.id ?? -1, 'mine')).toThrow('Another column');
    expect(() => store.getState().rename(store.getState().selected, 'two words')).toThrow('without spaces');
    expect(names()[1]).toBe('mine');
  });

  it('follow the models until somebody changes them', () => {
    const models = [BASE];
    const { store } = setup(models);
    models.push(NEW);
    store.getState().refresh({ kb: 'other', llm: 'base' });
    expect(store.getState().slots.map(({ settings }) => settings.llm)).toEqual(['base', 'new']);
    expect(store.getState().kb).toBe('tea');
    store.getState().remove(store.getState().selected);
    store.getState().refresh({ kb: 'tea', llm: 'base' });
    expect(store.getState().slots.length).toBe(1);
    store.getState().remove(store.getState().selected);
    expect(store.getState().slots.length).toBe(1);
  });

  it('refuse what is no column', () => {
    const { store } = setup();
    const [first] = store.getState().slots;
    expect(() => store.getState().configure(first?.id ?? -1, { llm: 'none', context: 'none' })).toThrow(
      'nothing to measure',
    );
    expect(store.getState().slots[0]?.settings.llm).toBe('base');
  });

  it('are written as the command line reads them', () => {
    const column = parseColumn(
      'name=a,llm=sft@vllm,mode=bm25,top-k=5,instruction=off,context=none,prompt=sft,max-tokens=64',
    );
    expect(columnText(column)).toBe(
      'name=a,llm=sft@vllm,mode=bm25,top-k=5,instruction=off,context=none,prompt=sft,max-tokens=64',
    );
    expect(parseColumn(columnText(column))).toEqual(column);
    expect(
      compareCommand({ question: "What's hot?", kb: 'tea', columns: [column], order: 'together', passage: '' }),
    ).toContain("ragtui compare 'What'\\''s hot?' --kb tea");
  });
});

describe('compare store', () => {
  it('what waits for its turn waits for no server: they run before the first column begins', async () => {
    const { store, engine, at } = setup();
    void store.getState().compare('How hot?');
    await settle();
    const [asked] = engine.asked;
    for (const column of [0, 1]) asked?.emit(column, { type: 'status', text: 'starting smollm2' });
    expect(at(0)).toMatchObject({ phase: 'waiting', status: 'starting smollm2' });
    asked?.emit(1, { type: 'began' });
    expect(at(0)).toMatchObject({ phase: 'waiting', status: '' });
  });

  it('streams every column into its own buffer and publishes once for many pieces', async () => {
    const { store, engine, publisher, at, tick } = setup();
    const done = store.getState().compare('  How hot?  ');
    await settle();
    const [asked] = engine.asked;
    expect(asked?.request).toMatchObject({ question: 'How hot?', kb: 'tea', order: 'rotate' });
    expect(asked?.request.columns.map(({ name }) => name)).toEqual(['hybrid', 'bm25']);
    asked?.emit(0, { type: 'began' });
    asked?.emit(0, { type: 'retrieved', search: searchResult([hit(1, '80 °C')]) });
    tick(250);
    for (const text of ['80', ' degrees']) asked?.emit(0, { type: 'delta', text, reasoning: '' });
    expect(at(0)).toMatchObject({ phase: 'answering', startedAt: 1000, buffer: { text: '80 degrees', firstAt: 1250 } });
    expect(at(1)?.phase).toBe('waiting');
    expect(publisher.size).toBe(1);
    publisher.flush();
    expect(store.getState().run?.version).toBe(1);
    asked?.emit(0, { type: 'ended', result: ended(asked.request.columns[0], '80 degrees') });
    asked?.emit(1, { type: 'ended', result: ended(asked.request.columns[1], '80') });
    asked?.end.resolve();
    await done;
    expect(store.getState().run?.underWay).toBe(false);
    expect(at(1)?.result?.answer?.answer).toBe('80');
  });

  it('keeps a fault in its column while the other goes on', async () => {
    const { store, engine, at } = setup();
    const done = store.getState().compare('q');
    await settle();
    const [asked] = engine.asked;
    const column = asked?.request.columns[0];
    if (!asked || !column) throw new Error('nothing was asked');
    const error = new RagtuiError('unavailable', 'The server went away.', 'Ask again.');
    asked.emit(0, { type: 'ended', result: { column, state: 'failed', answer: null, partial: 'ha', error } });
    asked.emit(1, { type: 'delta', text: 'fine', reasoning: '' });
    expect(at(0)?.result?.error?.message).toBe('The server went away.');
    expect(at(1)).toMatchObject({ phase: 'answering', buffer: { text: 'fine' } });
    expect(store.getState().run?.underWay).toBe(true);
    asked.emit(1, { type: 'ended', result: ended(asked.request.columns[1], 'fine') });
    asked.end.resolve();
    await done;
    expect(store.getState().error).toBeNull();
  });

  it('cancels at once, keeps what was said, and hears nothing after it', async () => {
    const { store, engine, publisher, at, tick } = setup();
    const done = store.getState().compare('q');
    await settle();
    const [asked] = engine.asked;
    asked?.emit(0, { type: 'delta', text: 'so far', reasoning: '' });
    tick(500);
    store.getState().cancel();
    tick(500);
    expect(asked?.signal.aborted).toBe(true);
    expect(at(0)?.result).toMatchObject({ state: 'cancelled', partial: 'so far' });
    expect(at(0)?.endedAt).toBe(1500);
    expect(at(1)?.result?.state).toBe('cancelled');
    asked?.emit(0, { type: 'delta', text: ' and late', reasoning: '' });
    asked?.emit(1, { type: 'ended', result: ended(asked.request.columns[1], 'late') });
    asked?.end.resolve();
    publisher.flush();
    await done;
    expect(at(0)?.buffer.text).toBe('so far');
    expect(at(1)?.result?.answer).toBeNull();
  });

  it('gives a second comparison the screen while the first still ends', async () => {
    const { store, engine, at } = setup();
    const first = store.getState().compare('one');
    await settle();
    const second = store.getState().compare('two');
    await settle();
    engine.asked[0]?.emit(0, { type: 'delta', text: 'old', reasoning: '' });
    engine.asked[0]?.end.reject(new RagtuiError('internal', 'too late'));
    await first;
    expect(store.getState().error).toBeNull();
    expect(store.getState().run).toMatchObject({ question: 'two', underWay: true });
    expect(at(0)?.buffer.text).toBe('');
    engine.asked[1]?.end.resolve();
    await second;
  });

  it('shows what fails for all, and lets the next comparison go', async () => {
    const { store, engine, at } = setup();
    const failed = store.getState().compare('one');
    await settle();
    engine.asked[0]?.end.reject(new RagtuiError('unavailable', 'The kb service is gone.', 'Again.'));
    await failed;
    expect(store.getState().error?.message).toBe('The kb service is gone.');
    expect(at(0)?.result?.state).toBe('failed');
    void store.getState().compare('two');
    await settle();
    expect(store.getState().error).toBeNull();
    expect(engine.asked.length).toBe(2);
  });

  it('asks nothing without a question or a knowledge base', async () => {
    const { store, engine } = setup();
    await store.getState().compare('  ');
    store.setState({ kb: null });
    await store.getState().compare('q');
    expect(engine.asked).toEqual([]);
  });

  it('needs no knowledge base where every column reads the gold passage, or nothing', async () => {
    const { store, engine } = setup();
    store.setState({ kb: null });
    for (const { id } of store.getState().slots) store.getState().configure(id, { context: 'gold' });
    void store.getState().compare('q');
    await settle();
    expect(engine.asked[0]?.request).toMatchObject({ kb: '', question: 'q' });
    const { columns } = engine.asked[0]?.request ?? { columns: [] };
    const command = compareCommand({ question: 'q', kb: '', columns, order: 'rotate', passage: 'p' });
    expect(command).not.toContain('--kb');
  });
});

describe('differences', () => {
  const marked = (base: string, text: string) => newRanges(base, text).map(({ start, end }) => text.slice(start, end));

  it('are the words that the base does not have', () => {
    expect(marked('Use water at 80 degrees.', 'Use boiling water at 95 degrees.')).toEqual(['boiling', '95']);
    expect(marked('', 'two words')).toEqual(['two words']);
    expect(marked('the end', '')).toEqual([]);
  });

  it('are characters in Chinese, and keep offsets behind emoji', () => {
    expect(marked('绿茶用八十度的水', '红茶用九十五度的水')).toEqual(['红', '九', '五']);
    expect(marked('tea', '🍵 green tea')).toEqual(['🍵 green']);
  });

  it('of both are one text: what is gone in brackets, what is new lit', () => {
    const shown = (base: string, text: string) => {
      const { text: whole, marks } = diffText(base, text);
      return [whole, marks.filter(({ style }) => style === undefined).map(({ start, end }) => whole.slice(start, end))];
    };
    expect(shown('Use water at 80 degrees.', 'Use water at 95 degrees.')).toEqual([
      'Use water at [-80-]95 degrees.',
      ['95'],
    ]);
    expect(shown('Use cold water now', 'Use water')).toEqual(['Use [-cold-] water [-now-]', []]);
    expect(shown('绿茶用八十度的水', '绿茶用水')).toEqual(['绿茶用[-八十度的-]水', []]);
    expect(shown('', 'new')).toEqual(['new', ['new']]);
    expect(shown('old', '')).toEqual(['[-old-]', []]);
  });

  it('of passages are told by signs, and what was copied is lit in its passage', () => {
    const base = [hit(1, 'a'), hit(2, 'b'), hit(3, 'c')];
    const own = [
      hit(1, 'c', { chunkId: 3 }),
      hit(2, 'b'),
      hit(3, 'a', { chunkId: 1 }),
      hit(4, ' n\u0007w ', { chunkId: 9 }),
    ];
    const copied = { answer: [], passages: [[], [], [], [{ start: 1, end: 4 }]], share: 1, from: [4] };
    const { text, marks } = passagesText(own, base, copied, 1);
    expect(text.match(/── \d \S+/g)).toEqual(['── 1 ↑2', '── 2 =', '── 3 ↓2', '── 4 ↑0'.replace('↑0', '+')]);
    expect(marks.map(({ start, end }) => text.slice(start, end))).toEqual(['n w']);
    expect(passagesText([hit(1, 'a')], base, null, 2).text).toContain('number 2 of column 2');
  });
});
