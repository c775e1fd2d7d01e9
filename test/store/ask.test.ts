import { describe, expect, it } from 'vitest';
import { RagtuiError } from '../../src/platform/errors.ts';
import { createAskStore } from '../../stores/ask.ts';
import { createWorkspaceStore } from '../../stores/workspace.ts';
import { answer, fakeAsk, fakeKb, hit, manualSchedule, searchResult, settle } from './fakes.ts';

function setup() {
  const saved: unknown[] = [];
  const kb = fakeKb({
    'answers.add': ({ answer: added }) => ({ id: saved.push(added) }),
    'answers.list': ({ filter = '' }) =>
      saved
        .map((each, i) => ({ id: i + 1, at: '2026-11-23T06:00:00.000Z', kb: 'tea', question: `q${i}`, answer: each }))
        .filter((row) => row.question.includes(filter)),
    'answers.remove': ({ id }) => {
      saved.splice(id - 1, 1);
      return {};
    },
  });
  const workspace = createWorkspaceStore({
    home: '/w',
    existed: true,
    connect: async () => kb.client,
    disk: async () => ({ free: 1, used: 1 }),
  });
  const engine = fakeAsk();
  const publisher = manualSchedule();
  let time = 1000;
  const store = createAskStore({
    workspace,
    answers: engine.port,
    schedule: publisher.schedule,
    now: () => time,
    settings: { kb: 'tea', llm: 'smollm2-135m-instruct' },
  });
  return { store, engine, publisher, kb, saved, tick: (ms: number) => (time += ms) };
}

describe('ask store', () => {
  it('streams into the buffer and publishes one version for many pieces', async () => {
    const { store, engine, publisher, tick } = setup();
    const done = store.getState().ask('  How hot?  ');
    await settle();
    const question = engine.questions[0];
    expect(question?.input.question).toBe('How hot?');
    question?.push({ type: 'retrieved', search: searchResult([hit(1, '80 °C')]) });
    tick(250);
    for (const text of ['80', ' degrees', '.']) question?.push({ type: 'delta', text, reasoning: '' });
    await settle();
    const running = store.getState().running;
    expect(running?.buffer.text).toBe('80 degrees.');
    expect(running?.buffer.firstAt).toBe(1250);
    expect(running?.version).toBe(0);
    expect(publisher.size).toBe(1);
    publisher.flush();
    expect(store.getState().running?.version).toBe(1);
    question?.push({ type: 'done', answer: answer('How hot?', '80 degrees.') });
    question?.end();
    await done;
    expect(store.getState().running).toBeNull();
    expect(store.getState().answer?.answer).toBe('80 degrees.');
    expect(store.getState().history?.length).toBe(1);
  });

  it('keeps what was said when cancelled, and ignores what comes later', async () => {
    const { store, engine, publisher, saved } = setup();
    const first = store.getState().ask('one');
    await settle();
    engine.questions[0]?.push({ type: 'delta', text: 'so far', reasoning: '' });
    await settle();
    store.getState().cancel();
    expect(engine.questions[0]?.input.signal.aborted).toBe(true);
    expect(store.getState().answer).toMatchObject({ answer: 'so far', finish: 'cancelled' });
    engine.questions[0]?.push({ type: 'delta', text: ' and late', reasoning: '' });
    engine.questions[0]?.push({ type: 'done', answer: answer('one', 'so far and late') });
    engine.questions[0]?.end();
    publisher.flush();
    await first;
    expect(store.getState().answer?.answer).toBe('so far');
    expect(store.getState().thread).toEqual([]);
    expect(saved).toEqual([]);
  });

  it('gives a second question the screen while the first still ends', async () => {
    const { store, engine } = setup();
    const first = store.getState().ask('one');
    await settle();
    const second = store.getState().ask('two');
    await settle();
    engine.questions[0]?.push({ type: 'done', answer: answer('one', 'old') });
    engine.questions[0]?.end();
    await first;
    expect(store.getState().running?.question).toBe('two');
    engine.questions[1]?.push({ type: 'done', answer: answer('two', 'new') });
    engine.questions[1]?.end();
    await second;
    expect(store.getState().answer?.answer).toBe('new');
    expect(store.getState().asked).toEqual(['two', 'one', 'q0']);
  });

  it('shows an error in mid-stream and lets the next question go', async () => {
    const { store, engine } = setup();
    const failed = store.getState().ask('one');
    await settle();
    engine.questions[0]?.push({ type: 'delta', text: 'half', reasoning: '' });
    engine.questions[0]?.fail(new RagtuiError('unavailable', 'The LLM server went away.', 'Ask again.'));
    await failed;
    expect(store.getState().error?.message).toBe('The LLM server went away.');
    expect(store.getState().running).toBeNull();
    const next = store.getState().ask('two');
    await settle();
    expect(store.getState().error).toBeNull();
    engine.questions[1]?.push({ type: 'done', answer: answer('two', 'fine') });
    engine.questions[1]?.end();
    await next;
    expect(store.getState().answer?.answer).toBe('fine');
  });

  it('sends the thread with a follow-up until a new one is begun', async () => {
    const { store, engine } = setup();
    const first = store.getState().ask('How hot?');
    await settle();
    engine.questions[0]?.push({ type: 'done', answer: answer('How hot?', '80.') });
    engine.questions[0]?.end();
    await first;
    const second = store.getState().ask('And oolong?');
    await settle();
    expect(engine.questions[1]?.input.thread).toEqual([
      { role: 'user', content: 'How hot?' },
      { role: 'assistant', content: '80.' },
    ]);
    store.getState().newThread();
    engine.questions[1]?.end();
    await second;
    void store.getState().ask('Fresh');
    await settle();
    expect(engine.questions[2]?.input.thread).toEqual([]);
  });

  it('asks nothing without a knowledge base or an LLM', async () => {
    const { store, engine } = setup();
    store.getState().configure({ llm: null });
    await store.getState().ask('one');
    expect(engine.questions).toEqual([]);
  });
});
