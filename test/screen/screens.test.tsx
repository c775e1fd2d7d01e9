import { afterEach, describe, expect, it } from 'vitest';
import { keyProblems } from '../../src/keys/registry.ts';
import { chineseActions, setLanguage } from '../../src/ui/i18n/index.ts';
import {
  answer,
  documentSummary,
  hit,
  ingestWork,
  jobView,
  knowledgeBase,
  searchResult,
  settle,
} from '../store/fakes.ts';
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

const CHAT = 'smollm2-135m-instruct';
const ZH = 'bge-small-zh-v1.5-int8';
const SIZES = [
  { columns: 60, rows: 20 },
  { columns: 80, rows: 24 },
  { columns: 120, rows: 40 },
  { columns: 200, rows: 50 },
];
const LANGUAGES = ['en', 'zh'] as const;
const PLACES = SIZES.flatMap((size) => LANGUAGES.map((language) => ({ ...size, language })));

const TEXT = 'Green tea wants 80 degrees. Boiling water makes it bitter.\n\n绿茶用八十度的水。水太热会变苦。';
const full = (place: (typeof PLACES)[number]): World => ({
  ...place,
  bases: [knowledgeBase('tea', { failed: 1 }), knowledgeBase('云岭茶厂的全部资料和历年记录')],
  documents: [
    documentSummary(1, '/docs/tea.md'),
    documentSummary(2, '/docs/茶.txt', { title: '关于茶' }),
    documentSummary(3, '/docs/bad.pdf', { state: 'failed', error: 'It is encrypted.' }),
  ],
  text: TEXT,
  search: searchResult([hit(1, '绿茶用八十度的水。'), hit(2, 'Green tea wants 80 degrees.')]),
  history: [answer('How hot?', '80 degrees.'), answer('水要多热？', '八十度。')],
  jobs: [
    jobView(ingestWork('tea'), {
      progress: {
        phase: 'embedding',
        done: 30,
        total: 120,
        unit: 'chunks',
        rate: 12,
        secondsLeft: 8,
        details: { files: 3, 'files total': 9, documents: 3, 'tokens/s': 2400 },
      },
    }),
  ],
  models: [ZH, CHAT],
});

describe.each(PLACES)('$language at $columns×$rows', (place) => {
  it.each(['1', '2', '3', '4', '5', '6'])(
    'screen %s keeps its borders, pane by pane, zoomed and with help',
    async (key) => {
      const w = await open(full(place));
      await w.press('esc', key);
      const shown = new Set<string>();
      for (let pane = 0; pane < 4; pane++) {
        shown.add(w.text());
        expect(frameFaults(w.rows(), place.columns, place.rows)).toEqual([]);
        await w.press('tab');
      }
      await w.press('f1');
      expect(frameFaults(w.rows(), place.columns, place.rows)).toEqual([]);
      await w.press('esc', 'esc', 'z');
      expect(frameFaults(w.rows(), place.columns, place.rows)).toEqual([]);
    },
  );

  it('shows nothing but words of its language in an empty workspace', async () => {
    const w = await open({ ...place, existed: false });
    const words =
      place.language === 'zh' ? ['欢迎使用 ragtui', '您的文档是什么语言？'] : ['Welcome to ragtui', 'Which language'];
    for (const word of words) expect(w.text()).toContain(word);
    expect(frameFaults(w.rows(), place.columns, place.rows)).toEqual([]);
    await w.press('s');
    for (const key of ['2', '3', '4', '5', '6']) {
      await w.press(key);
      expect(frameFaults(w.rows(), place.columns, place.rows)).toEqual([]);
      await w.press('esc');
    }
  });
});

describe('the guide', () => {
  it('pulls with progress, and ends in Ask with the focus in the field', async () => {
    const documents = [documentSummary(1, '/samples/en/tea.md')];
    const w = await open({ columns: 80, rows: 24, language: 'en', existed: false, documents });
    await w.press('enter');
    expect(w.text()).toContain('[x] BGE small English v1.5, int8');
    expect(w.text()).toContain('Apache-2.0');
    await w.press('enter');
    const id = 'bge-small-en-v1.5-int8';
    w.models.pulls.get(id)?.options.onProgress({
      model: id,
      file: 'model.onnx',
      source: 'Maven artifact x',
      phase: 'downloading',
      bytes: 17e6,
      total: 34e6,
    });
    await w.rest();
    expect(w.text()).toContain('50%');
    expect(w.text()).toContain('model.onnx from Maven artifact x');
    w.models.pulls.get(id)?.done.resolve();
    await w.rest();
    w.models.pulls.get(CHAT)?.done.resolve();
    await w.rest();
    await w.rest();
    expect(w.text()).toContain('What shall be in the knowledge base?');
    await w.press('enter');
    expect(w.text()).toContain('Filling sample');
    const [job] = await w.jobs.port.list();
    if (!job) throw new Error('no job');
    w.jobs.end(job.spec.id, 'succeeded');
    await w.rest();
    expect(w.text()).toContain('How hot is the water?  (Enter asks this)');
    await w.type('q?');
    expect(w.text()).toContain('❯ q?');
  });

  it('a folder that is not there is not taken', async () => {
    const w = await open({
      columns: 80,
      rows: 24,
      language: 'en',
      existed: false,
      models: ['bge-small-en-v1.5-int8', CHAT],
    });
    await w.press('enter', 'enter');
    await w.rest();
    await w.press('down', 'enter');
    await w.type('nota');
    await w.press('enter');
    expect(w.text()).toContain('there is no such file or folder');
    expect(w.jobs.launched).toEqual([]);
    await w.press('ctrl+u');
    await w.type('~/no');
    await w.press('tab');
    await w.press('backspace', 'enter');
    expect(w.jobs.launched).toMatchObject([{ kb: 'notes', roots: ['/home/me/notes'] }]);
  });
});

describe('ask', () => {
  const ready = (place: (typeof PLACES)[number]) => ({ ...full(place), jobs: [] });

  it.each(PLACES)('streams, then lights what was copied ($language, $columns×$rows)', async (place) => {
    const w = await open(ready(place));
    await w.press('3');
    await w.type('how hot');
    await w.press('enter');
    const question = w.engine.questions[0];
    question?.push({ type: 'retrieved', search: searchResult([hit(1, 'Green tea wants 80 degrees, not more.')]) });
    question?.push({ type: 'delta', text: 'It wants 80 ', reasoning: '' });
    await w.rest();
    expect(w.text()).toContain('It wants 80');
    question?.push({ type: 'delta', text: 'degrees', reasoning: '' });
    await w.rest();
    expect(w.text()).toContain('It wants 80 degrees');
    const done = answer('how hot', 'Green tea wants 80 degrees', {
      hits: [hit(1, 'Green tea wants 80 degrees, not more.')],
    });
    question?.push({ type: 'done', answer: done });
    question?.end();
    await w.rest();
    expect(w.text()).toContain(place.language === 'zh' ? '15.0 词元/秒' : '15.0 tokens/s');
    // The passage that words were copied from is marked; where it is not in view, Tab leads to it.
    if (place.columns < 110) await w.press('tab', 'tab');
    expect(w.text()).toMatch(/1 ● tea\.md/);
    expect(frameFaults(w.rows(), place.columns, place.rows)).toEqual([]);
  });

  it('says so when nothing relevant was found', async () => {
    const w = await open(ready({ columns: 80, rows: 24, language: 'en' }));
    await w.press('3');
    await w.type('moon');
    await w.press('enter');
    w.engine.questions[0]?.push({ type: 'retrieved', search: searchResult([hit(1, 'tea')], { relevant: false }) });
    await w.rest();
    expect(w.text()).toContain('Nothing relevant was found');
  });

  it('x in the field is a letter, Ctrl+X cancels and keeps what was said', async () => {
    const w = await open(ready({ columns: 80, rows: 24, language: 'en' }));
    await w.press('3');
    await w.type('x');
    await w.press('enter');
    w.engine.questions[0]?.push({ type: 'delta', text: 'half an answer', reasoning: '' });
    await w.rest();
    await w.type('next x');
    expect(w.text()).toContain('❯ next x');
    await w.press('ctrl+x');
    expect(w.engine.questions[0]?.input.signal.aborted).toBe(true);
    expect(w.text()).toContain('half an answer');
    expect(w.text()).toContain('cancelled');
  });

  it('an escape sequence in an answer or a passage never reaches the frame', async () => {
    const w = await open(ready({ columns: 120, rows: 40, language: 'en' }));
    await w.press('3');
    await w.type('evil');
    await w.press('enter');
    const evil = 'a\u001b]0;owned\u0007b\u202ec\u001b[2Jd';
    w.engine.questions[0]?.push({
      type: 'retrieved',
      search: searchResult([hit(1, evil, { title: evil, document: evil })]),
    });
    w.engine.questions[0]?.push({ type: 'delta', text: evil, reasoning: '' });
    await w.rest();
    // In a text with lit spans unsafe characters become spaces; what followed them is harmless without them.
    for (const bad of ['\u001b]', '\u0007', '\u202e', '\u001b[2J']) expect(w.raw()).not.toContain(bad);
    expect(w.text()).toContain('abcd');
  });

  it('history: filter, open, ask again, delete after a yes', async () => {
    const w = await open(ready({ columns: 120, rows: 40, language: 'en' }));
    await w.press('3', 'ctrl+r');
    expect(w.text()).toContain('水要多热？');
    await w.press('/');
    await w.type('hot');
    await w.press('enter');
    expect(w.text()).not.toContain('水要多热？');
    await w.press('d');
    expect(w.text()).toContain('This answer is deleted from the history: How hot?');
    await w.press('esc', 'a');
    expect(w.engine.questions[0]?.input.question).toBe('How hot?');
  });

  it('the exact messages are one key away', async () => {
    const w = await open(ready({ columns: 80, rows: 24, language: 'en' }));
    await w.press('3');
    w.stores.ask.setState({ answer: answer('Q', 'A', { messages: [{ role: 'system', content: 'Be short.' }] }) });
    await w.press('f2');
    expect(w.text()).toContain('── system · 9 characters ──');
    expect(w.text()).toContain('1 messages, 100 tokens together');
  });

  it('y copies the answer, Y with its passages', async () => {
    const w = await open(ready({ columns: 80, rows: 24, language: 'en' }));
    await w.press('3');
    w.stores.ask.setState({ answer: answer('Q', 'The answer', { hits: [hit(1, 'The passage')] }) });
    await w.press('tab', 'y', 'Y');
    expect(w.copied).toEqual(['The answer', 'Q\n\nThe answer\n\n[1] /docs/tea.md\nThe passage']);
  });
});

describe('kb', () => {
  const world = (): World => full({ columns: 120, rows: 40, language: 'en' });

  it('shows the ingest under way, why a document failed, and stops at x', async () => {
    const w = await open(world());
    await w.press('2');
    expect(w.text()).toContain('Ingest: embedding');
    expect(w.text()).toContain('30/120 chunks');
    expect(w.text()).toContain('12 chunks/s');
    await w.press('tab', 'G');
    expect(w.text()).toContain('It is encrypted.');
    await w.press('x');
    expect(w.text()).not.toContain('Ingest: embedding');
  });

  it('opens the chunks with the span in the text', async () => {
    const w = await open(world());
    await w.press('2', 'tab', 'enter');
    expect(w.text()).toContain('characters 0–27');
    await w.press('down');
    expect(w.text()).toMatch(/characters 28–\d+/);
    await w.press('esc');
    expect(w.text()).toContain('tea.md');
  });

  it('cuts anew while the node group is typed', async () => {
    const w = await open(world());
    await w.press('2', 'tab', 'p', 'ctrl+u');
    await w.type('line');
    // Two lines with text stand in it.
    expect(w.text()).toMatch(/ 2 chunks; characters/);
    await w.press('ctrl+u');
    await w.type('nonsense');
    expect(w.text()).toContain('is no node group');
  });

  it('searches with scores and their kind', async () => {
    const w = await open(world());
    await w.press('2', 's');
    await w.type('tea');
    await w.press('enter');
    expect(w.text()).toContain('rrf 0.0300');
    expect(w.text()).toContain('Green tea wants 80 degrees.');
  });

  it('removes, undoes, and deletes only after a yes', async () => {
    const w = await open({ ...world(), jobs: [] });
    await w.press('2', 'tab', 'd');
    expect(w.kb.calls.some(({ method }) => method === 'kb.remove')).toBe(true);
    await w.press('shift+tab', 'd');
    expect(w.text()).toContain('“tea” is deleted: 2 documents, 7 chunks');
    expect(w.kb.calls.some(({ method }) => method === 'kb.delete')).toBe(false);
    await w.press('y');
    expect(w.stores.kb.getState().list?.map(({ name }) => name)).not.toContain('tea');
  });

  it('makes a base from the form and asks for its documents', async () => {
    const w = await open({ ...world(), jobs: [] });
    await w.press('2', 'n');
    await w.type('new');
    await w.press('tab', 'ctrl+u');
    await w.type('token:1:9');
    await w.press('enter');
    expect(w.stores.kb.getState().list?.length).toBe(2);
    await w.press('ctrl+u');
    await w.type('line token:64:8');
    await w.press('enter');
    await settle();
    await w.rest();
    const made = w.stores.kb.getState().list?.find(({ name }) => name === 'new');
    expect(made?.groups.map(({ splitter }) => splitter)).toEqual(['line', 'token']);
    expect(w.text()).toContain('Add documents to new');
  });
});

describe('jobs', () => {
  it('tails the log, searches it, and shows the steps of a stop', async () => {
    const w = await open(full({ columns: 120, rows: 40, language: 'en' }));
    await w.press('5');
    const [job] = await w.jobs.port.list();
    if (!job) throw new Error('no job');
    w.jobs.emit(job.spec.id, { type: 'log', level: 'info', text: 'reading one' });
    w.jobs.emit(job.spec.id, { type: 'log', level: 'warn', text: 'skipped two' });
    await w.rest();
    expect(w.text()).toContain('skipped two');
    await w.press('tab', '/');
    await w.type('two');
    await w.press('enter');
    expect(w.text()).not.toContain('reading one');
    await w.press('esc', 'x');
    expect(w.text()).toContain('What is in the knowledge base already stays');
    await w.press('y');
    expect(w.text()).toContain('stopped');
  });
});

describe('the action tables', () => {
  it('have a Chinese title and help for each action of these screens', async () => {
    const w = await open({ columns: 80, rows: 24, language: 'en' });
    const ids = w.actions().map(({ id }) => id);
    expect(ids.length).toBeGreaterThan(40);
    expect(ids.filter((id) => !chineseActions[id])).toEqual([]);
    setLanguage('en');
  });

  it('never give a key two meanings in one place', async () => {
    const w = await open({ columns: 80, rows: 24, language: 'en' });
    expect(keyProblems(w.tables())).toEqual([]);
  });
});
