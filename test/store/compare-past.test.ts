import { describe, expect, it } from 'vitest';
import { questionOf } from '../../src/datasets/row-question.ts';
import { parseColumn } from '../../src/rag/columns.ts';
import { columnsOf, searchGroups, varyingFields } from '../../stores/compare-columns.ts';
import { shownSlots } from '../../stores/compare-view.ts';
import { asked, BASE, ended, NEW, setup } from './compare-setup.ts';
import { settle } from './fakes.ts';

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
    expect(questionOf({ query: 'q', pos: ['p'], neg: [] })).toEqual({
      question: 'q',
      references: [],
      passage: 'p',
      written: 'plain',
    });
    const sft = '请用下面的文段的原文来回答问题\n\n### 已知文段：The Alder.\n\n### 问题：Where?\n';
    const liked = { id: '1', messages: [{ role: 'user' as const, content: sft }], chosen: 'c', rejected: 'r' };
    expect(questionOf(liked)).toMatchObject({ question: 'Where?', passage: 'The Alder.', references: ['c'] });
    expect(questionOf({ form: 'messages', id: '1', messages })).toMatchObject({
      question: 'q',
      references: ['a'],
      passage: '',
    });
    expect(
      questionOf({ form: 'alpaca', id: '1', history: [], instruction: 'do', input: 'this', output: '' }),
    ).toMatchObject({
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
