import { afterEach, describe, expect, it } from 'vitest';
import { splitTask } from '../../src/screens/datasets/flows.ts';
import { answerSpans, rowText } from '../../src/screens/datasets/row-text.ts';
import type { FindingsReader } from '../../stores/datasets.ts';
import { contextSplit, manifest, qaRow } from '../store/loop-fakes.ts';
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
const PLACES = [
  { columns: 80, rows: 24 },
  { columns: 120, rows: 40 },
  { columns: 200, rows: 50 },
].flatMap((size) => (['en', 'zh'] as const).map((language) => ({ ...size, language })));
const wide: World = { columns: 120, rows: 40, language: 'en' };

describe.each(PLACES)('datasets, $language at $columns×$rows', (place) => {
  it('keeps its borders, empty and full, pane by pane', async () => {
    for (const datasets of [[], [manifest('cmrc', { splits: [contextSplit(1)] }), manifest('金融问答')]]) {
      const w = await open({ ...place, datasets });
      await w.press('8');
      await w.rest();
      for (let pane = 0; pane < 3; pane++) {
        expect(frameFaults(w.rows(), place.columns, place.rows)).toEqual([]);
        await w.press('tab');
      }
      await w.press('p', 'z');
      expect(frameFaults(w.rows(), place.columns, place.rows)).toEqual([]);
      w.dispose();
    }
    window = undefined;
  });
});

describe('the datasets screen', () => {
  it('says what to do when there is nothing', async () => {
    const w = await open(wide);
    await w.press('8');
    expect(w.text()).toContain('i imports a file; Enter there takes the');
    await w.press('s');
    expect(w.text()).toContain('there is no dataset under the cursor');
  });

  it('shows splits with what leaks, the row with its answers, and the prompt it is trained on', async () => {
    const w = await open({ ...wide, datasets: [manifest('cmrc', { splits: [contextSplit(1)] })] });
    await w.press('8');
    await w.rest();
    expect(w.text()).toContain('test 2 · train 2');
    expect(w.text()).toContain('! 1 of the 2');
    expect(w.text()).toContain('Question 0: 水要多热？');
    expect(w.text()).toContain('· 八十度的水');
    await w.press('p');
    expect(w.text()).toContain('请用下面的文段的原文来回答问题');
    expect(w.text()).toContain('── assistant ──');
  });

  it('imports by path with a live preview and an editable column map, and can cancel', async () => {
    const w = await open(wide);
    await w.press('8', 'i', 'ctrl+u');
    await w.type('/home/me/notes');
    await w.press('enter');
    await w.rest();
    expect(w.text()).toContain('read from Q');
    await w.press('down', 'down', 'down', 'down', 'enter');
    expect(w.text()).toContain('Which column is question?');
    await w.press('down', 'enter');
    await w.rest();
    expect(w.text()).toContain('read from C');
    await w.press('g', 'enter');
    expect(w.datasets.tasks[0]?.task).toMatchObject({
      op: 'import',
      file: '/home/me/notes',
      name: 'notes',
      map: { question: 'C', context: 'C', answers: 'A' },
    });
    w.datasets.tasks[0]?.options.onProgress?.({ done: 500, total: 1000, rows: 50 });
    await w.rest();
    expect(w.text()).toContain('Importing · 50 rows');
    expect(w.text()).toContain('50%');
    await w.press('x');
    expect(w.text()).toContain('Cancelled; nothing half-written stays.');
  });

  it('is about a dataset as soon as it is imported', async () => {
    const w = await open({ ...wide, datasets: [manifest('a')] });
    await w.press('8', 'i', 'ctrl+u');
    await w.type('/home/me/notes');
    await w.press('enter');
    await w.rest();
    await w.press('enter');
    w.datasets.put(manifest('notes'));
    const told = { format: 'cmrc', detected: true, skipped: 0, warnings: 0, problems: [] };
    w.datasets.tasks[0]?.end.resolve({ op: 'import', dataset: 'notes', rows: 4, added: true, ...told });
    await w.rest();
    expect(w.datasets.tasks[1]?.task).toEqual({ op: 'check', dataset: 'notes' });
    await w.press('x', 's', 'enter');
    expect(w.datasets.tasks[2]?.task).toMatchObject({ op: 'split', dataset: 'notes' });
    await w.press('x');
  });

  it('takes a dataset of the hub by its name', async () => {
    const w = await open(wide);
    await w.press('8', 'i', 'ctrl+u');
    await w.type('hub:squad/squad');
    await w.press('enter');
    await w.press('enter');
    expect(w.datasets.tasks[0]?.task).toMatchObject({ op: 'import', file: 'hub:squad/squad', name: 'squad' });
  });

  it('checks, shows what was found by rule and row, and fixes one, a rule or all', async () => {
    const w = await open({ ...wide, datasets: [manifest('cmrc')] });
    w.datasets.found('cmrc', readerOf());
    await w.press('8');
    w.stores.datasets.getState().select('cmrc');
    await w.press('f');
    await w.rest();
    expect(w.text()).toContain('All safe fixes: 1');
    expect(w.text()).toContain('1 of the 2 rows of context/test leak from context/train');
    expect(w.text()).toContain('LLaMA-Factory keeps 3 of 4');
    await w.press('F');
    expect(w.datasets.tasks[0]?.task).toEqual({ op: 'fix', dataset: 'cmrc' });
    await w.press('x');
    expect(w.text()).toContain('Cancelled');
    await w.press('down', 'enter');
    await w.rest();
    expect(w.text()).toContain('the answer is not in the context');
    await w.press('F');
    expect(w.datasets.tasks[1]?.task).toEqual({ op: 'fix', dataset: 'cmrc', places: [0] });
    await w.press('esc', 'esc');
    expect(w.text()).toContain('cmrc · all rows');
  });

  it('exports every part of a split with two keys and says where the files are', async () => {
    const w = await open({ ...wide, datasets: [manifest('cmrc', { splits: [contextSplit()] })] });
    await w.press('8', 'e', 'down', 'down', 'enter');
    expect(w.datasets.tasks[0]?.task).toMatchObject({ to: 'flagembedding', part: 'context/train', negatives: 10 });
    const done = { op: 'export' as const, rows: 2, omitted: 1, file: '/x/a.jsonl', files: ['/x/a.jsonl'], notes: [] };
    w.datasets.tasks[0]?.end.resolve(done);
    await w.rest();
    expect(w.datasets.tasks[1]?.task).toMatchObject({ part: 'context/test' });
    w.datasets.tasks[1]?.end.resolve({ ...done, files: ['/x/b.jsonl'] });
    await w.rest();
    expect(w.text()).toContain('/x/a.jsonl');
    expect(w.text()).toContain('/x/b.jsonl');
    expect(w.text()).toContain('screen 9');
  });

  it('makes everything ready to train with two keys, and says what leaked', async () => {
    const w = await open({ ...wide, datasets: [manifest('cmrc')] });
    await w.press('8', 'e', 'enter');
    expect(w.datasets.tasks[0]?.task).toMatchObject({ op: 'prepare-training', dataset: 'cmrc' });
    const leak = { part: 'prepared/test', rows: 2, from: 'prepared/train', id: 0, question: 0, context: 0 };
    w.datasets.tasks[0]?.end.resolve({
      op: 'prepare-training',
      dataset: 'cmrc',
      prepared: {
        dataset: 'cmrc',
        version: 'v-000000000001',
        kind: 'qa',
        imported: null,
        found: { error: 1, warning: 2, info: 0 },
        fixed: { changed: 3, dropped: 1 },
        split: { ...contextSplit(), name: 'prepared' },
        leaksBefore: [{ ...leak, dirty: 5, nearContext: 2, run: 3 }],
        leaksDropped: 6,
        leaks: [{ ...leak, dirty: 0, nearContext: 0, run: 0 }],
        left: { error: 0, warning: 4, info: 0 },
        forecasts: [],
        retrieval: null,
        files: [{ target: 'llm', part: 'prepared/train', rows: 2, omitted: 0, file: '/x/train.jsonl', notes: [] }],
      },
    });
    await w.rest();
    expect(w.text()).toContain('5 before, 0 now (6 training rows dropped)');
    expect(w.text()).toContain('LLM · prepared/train: 2 rows');
    expect(w.text()).toContain('train.jsonl');
    expect(w.text()).toContain('screen 9');
  });

  it('filters, marks and leaves rows out as a new version', async () => {
    const w = await open({ ...wide, datasets: [manifest('cmrc')] });
    await w.press('8', 'enter', 'space', 'space', 'D');
    expect(w.text()).toContain('Leaves 2 rows out');
    await w.press('y');
    expect(w.datasets.tasks[0]?.task).toMatchObject({ op: 'edit', drop: [0, 1] });
    await w.press('x', '/');
    await w.type('Question 3');
    await w.press('enter');
    await w.rest();
    expect(w.text()).toContain('1 of 4');
  });

  it('takes an edited row as a new version, and nothing when nothing was changed', async () => {
    let edits = 0;
    const edit = (text: string): string => {
      edits++;
      return edits === 1 ? text : text.replace('Question 0', 'Question zero');
    };
    const w = await open({ ...wide, datasets: [manifest('cmrc')], edit });
    await w.press('8', 'E');
    expect(w.text()).toContain('Nothing was changed');
    expect(w.datasets.tasks).toEqual([]);
    await w.press('E');
    expect(w.datasets.tasks[0]?.task).toMatchObject({
      op: 'edit',
      dataset: 'cmrc',
      drop: [],
      set: [{ row: 0, value: { ...qaRow(0), question: expect.stringContaining('Question zero') } }],
    });
    await w.press('x');
  });

  it('says the line of a bad edit and opens it again as it was left', async () => {
    const given: string[] = [];
    const edit = (text: string): string => {
      given.push(text);
      return given.length === 1 ? text.replace('"question":', '"question"') : text;
    };
    const w = await open({ ...wide, datasets: [manifest('cmrc')], edit });
    await w.press('8', 'E');
    const line = (given[0] ?? '').split('\n').findIndex((one) => one.includes('"question":')) + 1;
    expect(w.text()).toContain(`line ${line}`);
    await w.press('y');
    expect(given[1]).toBe(given[0]?.replace('"question":', '"question"'));
    await w.press('esc');
    expect(w.datasets.tasks).toEqual([]);
  });

  it.each(PLACES)('shows what differs between two versions, $language at $columns×$rows', async (place) => {
    const old = manifest('cmrc', { version: 'v-aaaaaaaaaaaa', current: false });
    const w = await open({ ...place, datasets: [manifest('cmrc')] });
    w.datasets.putOld(old);
    await w.press('8', 'v', 'space', 'down', '#');
    expect(w.datasets.tasks[0]?.task).toMatchObject({
      op: 'diff',
      before: 'v-aaaaaaaaaaaa',
      after: manifest('').version,
    });
    w.datasets.tasks[0]?.end.resolve({
      op: 'diff',
      dataset: 'cmrc',
      before: 'v-aaaaaaaaaaaa',
      after: 'v-0123456789ab',
      ...{ same: 2, changed: 1, added: 1, removed: 0, reordered: false },
      changes: [
        { kind: 'changed', before: 0, after: 1, title: qaRow(1).question },
        { kind: 'added', before: null, after: 3, title: qaRow(3).question },
      ],
    });
    await w.rest();
    expect(frameFaults(w.rows(), place.columns, place.rows)).toEqual([]);
    expect(w.text()).toContain('[-');
    await w.press('down');
    await w.rest();
    expect(w.text()).not.toContain('[-');
    await w.press('esc');
    expect(frameFaults(w.rows(), place.columns, place.rows)).toEqual([]);
  });

  it('shows the prompt by a model of its own with its tokens, and the questions of one context', async () => {
    const w = await open({ ...wide, datasets: [manifest('cmrc')], models: ['smollm2-135m-instruct'] });
    await w.press('8', 'M', 'enter');
    expect(w.datasets.tasks[0]?.task).toMatchObject({ op: 'render', dataset: 'cmrc', row: 0 });
    w.datasets.tasks[0]?.end.resolve({
      op: 'render',
      messages: [],
      rendered: {
        prompt: '<|im_start|>user 水要多热',
        target: '八十度',
        promptTokens: 12,
        targetTokens: 5,
        exact: true,
        source: 'gguf',
      },
    });
    await w.rest();
    expect(w.text()).toContain('12 tokens of prompt, 5 of the');
    expect(w.text()).toContain('<|im_start|>user');
    await w.press('p', 'S');
    await w.rest();
    expect(w.stores.datasets.getState().rows?.filter).toBe(`contextId:"${qaRow(0).contextId}"`);
    await w.press('S');
    expect(w.stores.datasets.getState().rows?.filter).toBe('');
  });

  it('splits with seed and sizes', async () => {
    const w = await open({ ...wide, datasets: [manifest('cmrc')] });
    await w.press('8', 's', 'enter');
    expect(w.datasets.tasks[0]?.task).toEqual({
      op: 'split',
      dataset: 'cmrc',
      method: 'context',
      seed: 1314,
      test: 0.1,
    });
  });

  it('deletes only after a yes', async () => {
    const w = await open({ ...wide, datasets: [manifest('cmrc')] });
    await w.press('8', 'd');
    expect(w.text()).toContain('Deletes cmrc with its 4 rows');
    await w.press('y');
    expect(w.text()).toContain('No dataset yet.');
  });
});

/** One error with a fix in row 2, and a leak. */
function readerOf(): FindingsReader {
  const severities = { error: 1, warning: 0, info: 0 };
  const finding = {
    rule: 'answer-not-in-context',
    severity: 'error' as const,
    row: 2,
    message: 'the answer is not in the context',
    advice: '',
    fix: { kind: 'drop-row' as const },
  };
  return {
    summary: {
      format: 1,
      key: 'k',
      dataset: 'cmrc',
      version: 'v-0123456789ab',
      question: { split: 'all', rules: [], model: null, cutoff: null, against: [] },
      rows: 4,
      findings: 1,
      severities,
      rules: [
        {
          id: finding.rule,
          version: 1,
          title: 'answers that are not there',
          count: 1,
          listed: 1,
          fixable: 1,
          severities,
        },
      ],
      languages: {},
      extractive: true,
      forecasts: [
        {
          engine: 'llamafactory',
          rows: 4,
          exported: 4,
          kept: 3,
          lost: [],
          shortened: null,
          answersCut: null,
          refused: '',
        },
      ],
      lengths: null,
      leaks: [
        {
          part: 'context/test',
          rows: 2,
          from: 'context/train',
          dirty: 1,
          id: 0,
          question: 0,
          context: 1,
          nearContext: 0,
          run: 0,
        },
      ],
      checkedAt: '2026-11-23T06:00:00.000Z',
      milliseconds: 1,
    },
    places: ({ rows } = {}) => (rows && !rows.includes(2) ? [] : [0]),
    read: (places) => places.map((place) => ({ place, finding })),
    rowAt: () => 2,
  };
}

describe('a row as text', () => {
  it('lights each answer where it first stands in the context', () => {
    const { text, lit } = rowText(qaRow(0));
    expect(lit.map(({ start, end }) => text.slice(start, end))).toEqual(['八十度的水', '80 degrees']);
  });

  it('overlapping answers are one span, an answer that is not there is none', () => {
    expect(answerSpans('abcdef', ['bcd', 'cde', 'xyz', ' '])).toEqual([{ start: 1, end: 5 }]);
  });
});

describe('sizes of a split', () => {
  it('are rows or shares; anything else is refused', () => {
    expect(splitTask('a', 'context', 'test=60 dev=0.1 seed=7')).toEqual({
      op: 'split',
      dataset: 'a',
      method: 'context',
      seed: 7,
      test: 60,
      dev: 0.1,
    });
    expect(() => splitTask('a', 'context', 'test=lots')).toThrow('“test=lots” is no size.');
  });
});
