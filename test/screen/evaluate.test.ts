import { afterEach, describe, expect, it } from 'vitest';
import { interimText } from '../../src/screens/evaluate/texts.ts';
import { jobView } from '../store/fakes.ts';
import { contextSplit, evaluationWork, manifest } from '../store/loop-fakes.ts';
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
].flatMap((size) => (['en', 'zh'] as const).map((language) => ({ ...size, language })));
const LLM = 'smollm2-135m-instruct';
const wide: World = {
  columns: 120,
  rows: 40,
  language: 'en',
  datasets: [manifest('cmrc', { splits: [contextSplit()] })],
  models: [LLM],
  choices: [
    { id: LLM, kind: 'llm', base: null },
    { id: 't1', kind: 'llm', base: LLM },
    { id: 'bge-small-zh-v1.5-int8', kind: 'embedder', base: null },
  ],
};
const work = { kind: 'evaluate', ...evaluationWork() } as const;
const running = () =>
  jobView(work, {
    progress: {
      phase: 'answering',
      done: 30,
      total: 120,
      unit: 'items',
      rate: 0.5,
      secondsLeft: 180,
      details: { errors: 0, reused: 0, 'base token-f1': 0.2, 'tuned token-f1': 0.45 },
    },
  });

describe.each(PLACES)('evaluate, $language at $columns×$rows', (place) => {
  it('keeps its borders: empty, figures, form, and an open question', async () => {
    for (const jobs of [[], [running()]]) {
      const w = await open({ ...wide, ...place, jobs });
      await w.press('0');
      await w.rest();
      for (let pane = 0; pane < 3; pane++) {
        expect(frameFaults(w.rows(), place.columns, place.rows)).toEqual([]);
        await w.press('tab');
      }
      for (let page = 0; page < 4; page++) {
        await w.press('v');
        expect(frameFaults(w.rows(), place.columns, place.rows)).toEqual([]);
      }
      await w.press('shift+tab', 'enter');
      expect(frameFaults(w.rows(), place.columns, place.rows)).toEqual([]);
      await w.press('esc', 'n');
      expect(frameFaults(w.rows(), place.columns, place.rows)).toEqual([]);
      w.dispose();
    }
    window = undefined;
  });
});

describe('the evaluate screen', () => {
  it('shows a run that goes on: how far, interim scores, figures with intervals, the verdict in words', async () => {
    const w = await open({ ...wide, jobs: [running()] });
    await w.press('0');
    await w.rest();
    const text = w.text();
    expect(text).toContain('30/120 items');
    expect(text).toContain('interim token-f1: base 20.0 · tuned 45.0');
    expect(text).toContain('45.0 [35.0, 55.0]');
    expect(text).toContain('▲ +25.0 [+20.0, +30.0]');
    expect(text).toContain('tuned is better than base in token-f1: +25.0 [+20.0, +30.0] points, p 0.010');
    expect(text).toContain('For nothing: copy-sentence 60.0');
  });

  it('the verdict follows the metric under the cursor', async () => {
    const w = await open({ ...wide, jobs: [jobView(work, { state: 'succeeded' })] });
    await w.press('0');
    await w.rest();
    await w.press('tab', 'down');
    expect(w.text()).toContain('tuned is better than base in exact: +12.5');
  });

  it('opens a question with what every column said', async () => {
    const w = await open({ ...wide, jobs: [jobView(work, { state: 'succeeded' })] });
    await w.press('0');
    await w.rest();
    await w.press('tab', 'tab', 'enter');
    expect(w.text()).toContain('── tuned · 900 ms · first token 200 ms · 120 + 10 tokens ──');
    expect(w.text()).toContain('· 八十度的水');
    expect(w.text()).toMatch(/token-f1 +20\.0 +100\.0 +\+80\.0/);
    // 八十度的水 has five characters, each a token, and all of them are in the gold answer.
    expect(w.text()).toContain('tuned: 5 shared of 5 said and 5 gold tokens, precision 100.0, recall 100.0');
    // Against the base column's 水要热。: what only it has in brackets.
    expect(w.text()).toContain('八十度的水[-要热。-]');
    expect(w.text()).toContain('── Gold passage c0 ──');
    await w.press('right');
    expect(w.text()).toContain('Question q1');
    await w.press('f', 'm');
    await w.type('odd');
    await w.press('enter');
    await w.rest();
    expect(w.text()).toContain('Question q1 ⚑');
    expect(w.text()).toContain('✎ odd');
    await w.press('a', 'enter');
    await w.rest();
    expect(w.evaluation.sent).toEqual(['q1 → cmrc']);
    expect(w.text()).toContain('1 new rows in cmrc');
  });

  it('filters the questions by an expression, says where it is wrong, and forgets it with Esc', async () => {
    const w = await open({ ...wide, jobs: [jobView(work, { state: 'succeeded' })] });
    await w.press('0');
    await w.rest();
    await w.press('tab', 'tab', '/');
    await w.type('base.f1<0.5 & nam=1');
    expect(w.text()).toContain('✗ At character 15: there is no "nam".');
    for (let i = 0; i < 5; i++) await w.press('backspace');
    await w.type('question~1');
    await w.press('enter');
    expect(w.text()).toContain('1/2');
    expect(w.text()).toContain('Question 1');
    expect(w.text()).not.toContain('Question 0');
    await w.press('esc');
    expect(w.text()).toContain('Question 0');
  });

  it('shows the difference of two columns, sorts by any, and goes from one change to the next', async () => {
    const w = await open({ ...wide, jobs: [jobView(work, { state: 'succeeded' })] });
    await w.press('0');
    await w.rest();
    await w.press('tab', 'tab');
    expect(w.text()).toContain('Δ tuned − base');
    expect(w.text()).toContain('▲ +80.0');
    await w.press('w');
    expect(w.text()).toContain('No question got worse.');
    await w.press('c');
    expect(w.text()).toContain('base − tuned');
    await w.press('down', 'down', 'enter');
    expect(w.text()).toContain('▼ −80.0');
    expect(w.text()).toContain('Δ base − tuned');
    await w.press('t');
    await w.press('down', 'down', 'enter');
    expect(w.text()).toContain('↓ diff');
  });

  it('flags marked questions and keeps a comment', async () => {
    const w = await open({ ...wide, jobs: [jobView(work, { state: 'succeeded' })] });
    await w.press('0');
    await w.rest();
    await w.press('tab', 'tab', 'space', 'space', 'f');
    expect(w.evaluation.notes).toEqual({ q0: { flag: true, comment: '' }, q1: { flag: true, comment: '' } });
    expect(w.text()).toContain('⚑ Question 0');
    await w.press('f', 'm');
    await w.type('odd');
    await w.press('enter');
    await w.rest();
    expect(w.evaluation.notes['q1']).toEqual({ flag: false, comment: 'odd' });
    expect(w.text()).toContain('✎ Question 1');
  });

  it('draws the verdict with its interval, its tests and what could be found, and says what the metric cannot see', async () => {
    const w = await open({ ...wide, jobs: [jobView(work, { state: 'succeeded' })] });
    await w.press('0');
    await w.rest();
    await w.press('v', 'tab');
    const text = w.text();
    expect(text).toMatch(/token-f1 \* +│ +├─+●─+┤ +▲ \+25\.0 \[\+20\.0, \+30\.0\] +0\.010/);
    expect(text).toMatch(/±10\.0/);
    expect(text).toContain('2 questions find a difference of 10.0 points or more, four times in five.');
    expect(text).toContain('token-f1 is blind to: The order of the words, and negations');
    await w.press('down', 'enter');
    expect(w.text()).toContain('↑ diff.exact');
    await w.press('v');
    expect(w.text()).toContain('No two parts have ten questions each.');
  });

  it('counts where answers went wrong, and Enter shows those questions', async () => {
    const w = await open({ ...wide, jobs: [jobView(work, { state: 'succeeded' })] });
    await w.press('0');
    await w.rest();
    await w.press('tab', 'v', 'v', 'v');
    expect(w.text()).toContain('asking where answers went wrong');
    w.evaluation.blame.resolve({
      run: 'r',
      metric: 'token-f1',
      below: 0.5,
      columns: [
        {
          column: 'base',
          items: 2,
          wrong: 1,
          byItem: { q1: 'ignored' },
          labels: [{ label: 'ignored', count: 1, gain: 0.4 }],
        },
        { column: 'tuned', items: 2, wrong: 0, byItem: {}, labels: [] },
      ],
    });
    await w.rest();
    expect(w.text()).toMatch(/base +in what was read, but not given +1\/1 +≤ \+40\.0/);
    await w.press('enter');
    expect(w.text()).toContain('filter: base.blame=ignored · 1/2');
    await w.press('enter');
    expect(w.text()).toContain('✗ in what was read, but not given');
  });

  it('compares a column of this run with one of any run', async () => {
    const w = await open({ ...wide, jobs: [jobView(work, { state: 'succeeded' })] });
    await w.press('0');
    await w.rest();
    await w.press('d', 'enter', 'enter');
    await w.rest();
    expect(w.text()).toMatch(/-evaluate-\w+\/tuned against \S+-evaluate-\w+\/base/);
    await w.press('esc');
    expect(w.text()).toContain('scores');
  });

  it('pauses a run, goes on, tries failed ones again, changes how many are in work', async () => {
    const w = await open({ ...wide, jobs: [running()] });
    await w.press('0');
    await w.rest();
    await w.press('p', 'P', 'R', '#');
    for (let i = 0; i < 4; i++) await w.press('backspace');
    await w.type('8');
    await w.press('enter');
    await w.rest();
    expect(w.evaluation.controlled.map((one) => one.replace(/^\S+ /, ''))).toEqual([
      '{"op":"pause"}',
      '{"op":"continue"}',
      '{"op":"retry"}',
      '{"op":"concurrency","value":8}',
    ]);
  });

  it('writes the report in a format that is chosen', async () => {
    const w = await open({ ...wide, jobs: [jobView(work, { state: 'succeeded' })] });
    await w.press('0');
    await w.rest();
    await w.press('e');
    expect(w.text()).toContain('one page with charts and every question');
    await w.press('down', 'enter');
    await w.rest();
    expect(w.evaluation.exported[0]).toMatch(/-evaluate-\w+ html$/);
    expect(w.text()).toContain('The report is in /exports/');
  });

  it('fills in base and tune as a pair, shows the command, and starts', async () => {
    const w = await open(wide);
    await w.press('0', 's');
    expect(w.text()).toContain('n fills in a run first');
    await w.press('n');
    await w.rest();
    expect(w.text()).toContain('context/test  2 rows');
    await w.press('down', 'down', 'down', 'down', 'enter');
    expect(w.text()).toContain('base and tuned, with the gold passage');
    await w.press('enter');
    await w.rest();
    expect(w.text()).toContain('llm=t1,context=gold,prompt=sft');
    expect(w.text()).toContain('13.5 points or more on 60 questions');
    await w.press('s');
    await w.rest();
    expect(w.jobs.launched).toMatchObject([
      { kind: 'evaluate', dataset: 'cmrc', columns: [{ name: 'base' }, { name: 'tuned', llm: 't1' }] },
    ]);
  });
});

describe('interim scores', () => {
  it('are the columns’ and nothing else', () => {
    const progress = { phase: 'answering', done: 1, total: 2, unit: 'items', rate: null, secondsLeft: null };
    const details = { errors: 1, 'tokens/s': 20, 'base token-f1': 0.5, 'copy-sentence token-f1': 0.9 };
    expect(interimText({ ...progress, details }, evaluationWork())).toBe('token-f1: base 50.0');
    expect(interimText({ ...progress, details: {} }, evaluationWork())).toBe('');
    const half = { ...details, 'base token-f1 ±': 0.031 };
    expect(interimText({ ...progress, details: half }, evaluationWork())).toBe('token-f1: base 50.0 ± 3.1');
  });
});
