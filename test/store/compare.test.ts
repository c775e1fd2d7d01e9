import { describe, expect, it } from 'vitest';
import { RagtuiError } from '../../src/platform/errors.ts';
import { parseColumn } from '../../src/rag/columns.ts';
import type { ColumnResult } from '../../src/rag/compare.ts';
import { diffText, newRanges } from '../../src/screens/compare/differences.ts';
import { passagesText } from '../../src/screens/compare/passages.ts';
import { createCompareStore, defaultSettings } from '../../stores/compare.ts';
import { columnsOf, columnText, compareCommand, searchGroups, varyingFields } from '../../stores/compare-columns.ts';
import { questionOf } from '../../stores/compare-question.ts';
import { shownSlots } from '../../stores/compare-view.ts';
import type { ModelChoice } from '../../stores/evaluation.ts';
import { fakeCompare } from './compare-fakes.ts';
import { answer, fakeKb, hit, manualSchedule, searchResult, settle } from './fakes.ts';
import { fakeDatasets } from './loop-fakes.ts';

const BASE: ModelChoice = { id: 'base', kind: 'llm', base: null };
const OLD: ModelChoice = { id: 'old', kind: 'llm', base: 'base' };
const NEW: ModelChoice = { id: 'new', kind: 'llm', base: 'base' };

function setup(models: readonly ModelChoice[] = [BASE]) {
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

const ended = (column: ColumnResult['column'] | undefined, text: string): ColumnResult => {
  if (!column) throw new Error('there is no such column');
  return { column, state: 'ok', answer: answer('q', text), partial: text, error: null };
};

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
});

/** A comparison of two columns that has ended, and is kept. */
async function asked(texts: readonly string[] = ['80 degrees', '95 degrees']) {
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

describe('columns as they are changed', () => {
  it('move, come from sets, and every step can be undone', async () => {
    const { store } = setup();
    const modes = () => store.getState().slots.map(({ settings }) => settings.mode);
    const [first] = store.getState().slots;
    store.getState().move(first?.id ?? -1, 1);
    expect(modes()).toEqual(['bm25', 'hybrid']);
    store.getState().move(first?.id ?? -1, 1);
    expect(modes()).toEqual(['bm25', 'hybrid']);
    store.getState().remove(first?.id ?? -1);
    expect(modes()).toEqual(['bm25']);
    store.getState().load([parseColumn('name=a,llm=x'), parseColumn('name=b,llm=y,mode=vector')]);
    expect(columnsOf(store.getState().slots).map(({ name }) => name)).toEqual(['a', 'b']);
    expect([store.getState().undo(), store.getState().undo(), store.getState().undo()]).toEqual([true, true, true]);
    expect(modes()).toEqual(['hybrid', 'bm25']);
    expect(store.getState().undo()).toBe(false);
    await store.getState().saveSet('mine');
    expect(store.getState().sets.map(({ name, columns }) => [name, columns.length])).toEqual([['mine', 2]]);
    await store.getState().removeSet('mine');
    expect(store.getState().sets).toEqual([]);
  });

  it('say what varies and who shares a search', () => {
    const { store } = setup([BASE, NEW]);
    const state = () => store.getState();
    expect(varyingFields(state().slots)).toEqual(['llm']);
    expect(searchGroups(state().slots)).toEqual([[1, 2]]);
    state().configure(state().slots[1]?.id ?? -1, { sampling: { temperature: 0.7, seed: 1, maxTokens: 64 } });
    expect(varyingFields(state().slots)).toEqual(['llm', 'temperature', 'seed', 'maxTokens']);
    state().clone();
    state().configure(state().selected, { topK: 5 });
    state().configure(state().slots[2]?.id ?? -1, { context: 'none' });
    expect(searchGroups(state().slots)).toEqual([[1], [2]]);
  });
});

describe('a question', () => {
  it('of a dataset brings its right answers and its passage, and loses them when it is changed', async () => {
    const { store, engine } = setup();
    await store.getState().openRows({ dataset: 'cmrc', version: 'v-0123456789ab', part: 'context/test', total: 2 });
    const question = await store.getState().take(1);
    expect(question).toContain('Question 1');
    void store.getState().compare(question);
    await settle();
    expect(engine.asked[0]?.request).toMatchObject({
      references: ['八十度的水', '80 degrees'],
      source: 'dataset cmrc v-0123456789ab row 1',
      passage: expect.stringContaining('black tea'),
    });
    void store.getState().compare('another one');
    await settle();
    expect(engine.asked[1]?.request).toMatchObject({ references: [], source: '' });
    expect(engine.asked[1]?.request.passage).toBeUndefined();
  });

  it('is scored against the answer that was typed for it, and for no other', async () => {
    const { store, engine } = setup();
    store.getState().setReference(' 80 degrees ');
    void store.getState().compare('How hot?');
    await settle();
    void store.getState().compare('How hot?');
    await settle();
    void store.getState().compare('How long?');
    await settle();
    expect(engine.asked.map(({ request }) => request.references)).toEqual([['80 degrees'], ['80 degrees'], []]);
  });

  it('of any kind of row is found', () => {
    const messages = [
      { role: 'user' as const, content: 'q' },
      { role: 'assistant' as const, content: 'a' },
    ];
    expect(questionOf({ query: 'q', pos: ['p'], neg: [] })).toEqual({ question: 'q', references: [], passage: 'p' });
    expect(questionOf({ form: 'messages', id: '1', messages })).toEqual({
      question: 'q',
      references: ['a'],
      passage: '',
    });
    expect(questionOf({ form: 'alpaca', id: '1', history: [], instruction: 'do', input: 'this', output: '' })).toEqual({
      question: 'do\nthis',
      references: [],
      passage: '',
    });
    expect(questionOf({ id: '1', messages: messages.slice(0, 1), chosen: 'c', rejected: 'r' }).references).toEqual([
      'c',
    ]);
  });
});

describe('one column asked again', () => {
  it('keeps what the others said, and takes the place of what was kept', async () => {
    const { store, engine, at } = await asked();
    const again = store.getState().retry(store.getState().slots[1]?.id ?? -1);
    await settle();
    const second = engine.asked[1];
    expect(second?.keep).toBe(false);
    expect(second?.request.columns.map(({ name }) => name)).toEqual(['bm25']);
    expect(at(0)?.result?.answer?.answer).toBe('80 degrees');
    second?.emit(0, { type: 'ended', result: ended(second.request.columns[0], 'boiling') });
    second?.end.resolve();
    await again;
    expect(at(1)?.result?.answer?.answer).toBe('boiling');
    expect([...engine.history.all.values()].map(({ columns }) => columns.map(({ answer: a }) => a?.answer))).toEqual([
      ['80 degrees', 'boiling'],
    ]);
  });

  it('with other settings makes a comparison of its own in the history', async () => {
    const { store, engine } = await asked();
    const id = store.getState().slots[1]?.id ?? -1;
    store.getState().configure(id, { topK: 9 });
    const again = store.getState().retry(id);
    await settle();
    const second = engine.asked[1];
    second?.emit(0, { type: 'ended', result: ended(second.request.columns[0], 'more') });
    second?.end.resolve();
    await again;
    expect(engine.history.all.size).toBe(2);
    expect(engine.history.all.get(2)?.columns.map(({ column }) => column.topK)).toEqual([3, 9]);
    expect(store.getState().run?.kept).toBe(2);
  });
});

describe('the history', () => {
  it('puts a comparison back as it was, and gives the columns before it back', async () => {
    const { store } = await asked();
    store.getState().load([parseColumn('name=other,llm=x')]);
    await store.getState().reopen(1);
    const { run, slots } = store.getState();
    expect(slots.length).toBe(2);
    expect(run).toMatchObject({ question: 'How hot?', kept: 1, underWay: false });
    expect(run?.reopened).toBe('2026-11-23T06:00:00.000Z');
    expect(slots.map(({ id }) => run?.columns.get(id)?.result?.answer?.answer)).toEqual(['80 degrees', '95 degrees']);
    store.getState().undo();
    expect(columnsOf(store.getState().slots).map(({ name }) => name)).toEqual(['other']);
    expect(store.getState().run?.reopened).toBeNull();
  });

  it('forgets, remembers and exports', async () => {
    const { store, engine } = await asked();
    await store.getState().loadHistory();
    await store.getState().forget(1);
    expect([store.getState().history, engine.history.all.size]).toEqual([[], 0]);
    expect(await store.getState().remember()).toBe(true);
    expect(store.getState().history?.map(({ id }) => id)).toEqual([1]);
    expect(await store.getState().remember()).toBe(false);
    expect(await store.getState().exportKept('md')).toBe('/exports/comparison-1.md');
    expect(engine.exported.get('comparison-1.md')).toContain('95 degrees');
  });
});

describe('a vote', () => {
  it('is kept with the order in which the columns were seen, shows the names, and can be taken back', async () => {
    const { store, engine } = await asked();
    store.getState().setBlind(true);
    expect(store.getState().blind).toBe('hidden');
    const order = shownSlots(store.getState().slots, store.getState().blindSeed);
    const names = order.map(({ id }) => store.getState().run?.columns.get(id)?.column.name);
    await store.getState().castVote(1);
    const [vote] = engine.history.all.get(1)?.votes ?? [];
    expect(vote).toMatchObject({ blind: true, seed: 7, shown: names, choice: { kind: 'column', column: 'bm25' } });
    expect(store.getState()).toMatchObject({ blind: 'revealed', run: { vote: { column: 'bm25' } } });
    await store.getState().castVote('tie');
    expect(engine.history.all.get(1)?.votes).toMatchObject([{ blind: false, choice: { kind: 'tie' } }]);
    await store.getState().withdraw();
    expect(engine.history.all.get(1)?.votes).toEqual([]);
    expect(store.getState().run?.vote).toBeNull();
  });

  it('needs a comparison that is kept', async () => {
    const { store } = setup();
    await expect(store.getState().castVote('neither')).rejects.toThrow('not in the history');
  });

  it('hides the names again for the next question', async () => {
    const { store } = await asked();
    store.getState().setBlind(true);
    await store.getState().castVote(0);
    void store.getState().compare('next');
    await settle();
    expect(store.getState().blind).toBe('hidden');
    store.getState().setBlind(false);
    expect(store.getState()).toMatchObject({ blind: 'off', blindSeed: null });
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
