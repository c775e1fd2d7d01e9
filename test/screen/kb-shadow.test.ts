import { afterEach, describe, expect, it } from 'vitest';
import type { KnowledgeBase } from '../../src/kb/types.ts';
import { jobView, knowledgeBase } from '../store/fakes.ts';
import { frameFaults, openScreens, type ScreensWindow, type World } from './screens-window.tsx';

let window: ScreensWindow | undefined;
afterEach(() => {
  window?.dispose();
  window = undefined;
});

const LIVE = 'bge-small-en-v1.5-int8';
const TUNED = 'all-minilm-l6-v2';
const index = (embedder: string, missing: number, active = false): KnowledgeBase['indexes'][number] => ({
  group: 'sentence',
  embedder,
  vectors: 7 - missing,
  missing,
  search: 'exact',
  active,
});
const base = (missing: number, change: Partial<KnowledgeBase> = {}): KnowledgeBase =>
  knowledgeBase('papers', {
    embedders: [LIVE, TUNED],
    indexes: [index(LIVE, 0, true), index(TUNED, missing)],
    ...change,
  });
const work = { kind: 'shadow', kb: 'papers', embedder: TUNED } as const;
const running = () =>
  jobView(work, {
    progress: { phase: 'embedding', done: 3, total: 7, unit: 'texts', rate: 0.5, secondsLeft: 8, details: {} },
  });

async function open(world: Partial<World>): Promise<ScreensWindow> {
  window = await openScreens({ columns: 120, rows: 40, language: 'en', models: [LIVE, TUNED], ...world });
  await window.press('2');
  return window;
}
const text = (w: ScreensWindow): string => w.rows().join('\n');
const asked = (w: ScreensWindow): string[] =>
  w.kb.calls.map(({ method }) => method).filter((method) => method === 'kb.switch' || method === 'kb.rollback');

describe('an index beside the live one, on the knowledge screen', () => {
  it('is built after a yes, as a job, for an embedder of this disk', async () => {
    const w = await open({ bases: [knowledgeBase('papers', { embedders: [LIVE], indexes: [index(LIVE, 0, true)] })] });
    await w.press('t');
    expect(asked(w)).toEqual([]);
    await w.press('b');
    expect(text(w)).toContain(TUNED);
    await w.press('enter');
    expect(text(w).replace(/[┃\s]+/g, ' ')).toContain('which goes on answering');
    await w.press('y');
    expect(w.jobs.all().map(({ spec }) => spec.work)).toEqual([work]);
  });

  it('is offered for an embedder behind a server too, and not for a chat model there', async () => {
    const about = { url: 'http://127.0.0.1:1/v1', model: 'm' };
    const w = await open({
      bases: [knowledgeBase('papers', { embedders: [LIVE], indexes: [index(LIVE, 0, true)] })],
      models: [LIVE],
      endpoints: [
        { ...about, name: 'vec-server', kind: 'embedding' },
        { ...about, name: 'chat-server', kind: 'chat' },
      ],
    });
    await w.press('b');
    expect(text(w)).toMatch(/vec-server +add/);
    expect(text(w)).not.toMatch(/chat-server +add/);
    await w.press('enter', 'y');
    expect(w.jobs.all().map(({ spec }) => spec.work)).toEqual([{ ...work, embedder: 'vec-server' }]);
  });

  it('shows how far it is and which embedder answers meanwhile; not before it is whole can one switch', async () => {
    const w = await open({ bases: [base(4)], jobs: [running()] });
    expect(text(w)).toContain(`Index of ${TUNED}, beside ${LIVE}, which answers`);
    expect(text(w)).toMatch(/◌ all-minilm-l6-v2 +42 %/);
    expect(text(w)).toContain(`▸ ${LIVE}`);
    await w.press('t');
    expect(asked(w)).toEqual([]);
  });

  it('switches with one key when it is ready', async () => {
    const w = await open({ bases: [base(0)], jobs: [jobView(work, { state: 'succeeded' })] });
    expect(text(w)).toContain(`The index of ${TUNED} is ready: t searches with it`);
    expect(text(w)).toMatch(/○ all-minilm-l6-v2 +ready/);
    await w.press('t');
    expect(asked(w)).toEqual(['kb.switch']);
    expect(w.kb.calls.findLast(({ method }) => method === 'kb.switch')?.params).toEqual({
      kb: 'papers',
      embedder: TUNED,
    });
  });

  it('goes back with one key, unless what it goes back to is no longer whole', async () => {
    const switched = {
      embedders: [TUNED, LIVE],
      indexes: [index(TUNED, 0, true), index(LIVE, 0)],
      previous: LIVE,
    };
    const w = await open({ bases: [base(0, switched)] });
    expect(text(w)).toMatch(/○ bge-small-en-v1.5… before/);
    await w.press('T');
    expect(asked(w)).toEqual(['kb.rollback']);
    w.dispose();
    const torn = { ...switched, indexes: [index(TUNED, 0, true), index(LIVE, 2)] };
    const other = await open({ bases: [base(0, torn)] });
    await other.press('T');
    expect(asked(other)).toEqual([]);
    expect(text(other)).toContain('2 texts have no vector of it any more');
  });

  it.each([
    [80, 24, 'en'],
    [80, 24, 'zh'],
    [120, 40, 'zh'],
  ] as const)('keeps its borders at %i×%i in %s', async (columns, rows, language) => {
    const w = await open({ bases: [base(4)], jobs: [running()], columns, rows, language });
    expect(frameFaults(w.rows(), columns, rows)).toEqual([]);
    await w.press('e');
    expect(frameFaults(w.rows(), columns, rows)).toEqual([]);
  });
});
