import { afterEach, describe, expect, it } from 'vitest';
import type { RecipeStatus } from '../../src/recipes/types.ts';
import { setLanguage } from '../../src/ui/i18n/index.ts';
import { jobView } from '../store/fakes.ts';
import { stepStatus as step } from '../support/recipe-world.ts';
import { openScreens, type ScreensWindow, type World } from './screens-window.tsx';

const file = {
  name: 'small',
  file: '/recipes/small.yaml',
  from: 'shipped' as const,
  about: 'Two columns.',
  problem: null,
};
const work = {
  kind: 'recipe',
  name: 'small',
  file: file.file,
  cwd: '/',
  text: 'recipe: 1',
  vars: { data: '/here' },
} as const;
const progress = { phase: 'training', done: 12, total: 48, unit: 'steps', rate: 0.5, secondsLeft: 72 };
const status = (change: Partial<RecipeStatus> = {}): RecipeStatus => ({
  format: 1,
  recipe: 'small',
  variants: [],
  paused: false,
  gate: null,
  report: null,
  steps: [
    step('import rows', {
      kind: 'import',
      name: 'rows',
      state: 'kept',
      detail: 'unchanged, kept: rows-1a2b3c, 36 rows',
      seconds: 1,
    }),
    step('train tuned', {
      name: 'tuned',
      state: 'running',
      detail: 'training',
      progress,
      seconds: 24,
      job: '20261123-061530-train-llm-0001',
    }),
    step('evaluate answers', { kind: 'evaluate', name: 'answers', detail: 'looking whether anything changed' }),
  ],
  ...change,
});
const whole = { phase: 'train tuned', done: 1, total: 3, unit: 'steps', rate: null, secondsLeft: null, details: {} };

const windows: ScreensWindow[] = [];
async function open(world: Partial<World> = {}): Promise<ScreensWindow> {
  const w = await openScreens({ columns: 120, rows: 40, language: 'en', recipes: { files: [file] }, ...world });
  windows.push(w);
  await w.press('=');
  await w.rest();
  return w;
}
afterEach(() => {
  for (const w of windows.splice(0)) w.dispose();
  setLanguage('en');
});

describe('the recipes screen', () => {
  it('says what to do where there is none, and where one was not run', async () => {
    const empty = await open({ recipes: {} });
    expect(empty.text()).toContain('No recipe here');
    const w = await open();
    expect(w.text()).toContain('Two columns.');
    expect(w.text()).toContain('not run');
    expect(w.text()).toContain('n runs it, c says what is wrong with it');
  });

  it('shows what is wrong beside its line, until Esc', async () => {
    const problem = {
      line: 12,
      column: 5,
      at: 'x',
      message: '"limt" is not known here.',
      hint: 'Did you mean "limit"?',
      source: '    limt: 20',
    };
    const check = () => ({ problems: [problem], missing: [], steps: 0, variants: 0, fetches: [] });
    const w = await open({ recipes: { files: [file], check } });
    await w.press('c');
    await w.rest();
    const rows = w.rows();
    const at = rows.findIndex((row) => row.includes('12 │     limt: 20'));
    expect(at).toBeGreaterThan(0);
    // The mark stands below the fifth column of the line.
    expect(rows[at + 1]?.indexOf('^')).toBe(rows[at]?.indexOf('limt'));
    expect(rows[at + 2]).toContain('"limt" is not known here. Did you mean "limit"?');
    await w.press('esc');
    expect(w.text()).not.toContain('limt');
  });

  it('asks for a variable without a value, says what would be done, and does it', async () => {
    const check = (vars: Readonly<Record<string, unknown>>) => ({
      problems: [],
      missing: 'data' in vars ? [] : [{ name: 'data', about: 'where the files lie' }],
      steps: 9,
      variants: 0,
      fetches: ['llamafactory'],
    });
    const w = await open({ recipes: { files: [file], check } });
    await w.press('n');
    await w.rest();
    expect(w.text()).toContain('where the files lie');
    await w.type('/here');
    await w.press('enter');
    await w.rest();
    expect(w.text()).toContain('9 steps');
    expect(w.text()).toMatch(/Fetched first:\s/);
    expect(w.text()).toContain('llamafactory.');
    expect(w.recipes.ran).toEqual([]);
    await w.press('y');
    await w.rest();
    expect(w.recipes.ran).toEqual([{ file: '/recipes/small.yaml', vars: { data: '/here' } }]);
  });

  it('shows the steps of a run with progress, rate and time left, and opens the job of one', async () => {
    const run = jobView(work, { progress: whole });
    const training = jobView({ kind: 'pull', models: ['x'] });
    const steps = status().steps.map((one) => (one.id === 'train tuned' ? { ...one, job: training.spec.id } : one));
    const w = await open({ jobs: [run, training], recipes: { files: [file], status: status({ steps }) } });
    expect(w.text()).toMatch(/import rows .*kept/);
    expect(w.text()).toMatch(/train tuned .*runs .*24s .*1m 12s/);
    expect(w.text()).toContain('training 12/48 steps, 0.50/s');
    expect(w.text()).toMatch(/evaluate answers .*waits .*unknown/);
    expect(w.text()).toContain('1/3');
    await w.press('tab', 'down', 'enter');
    expect(w.ui.getState().screen).toBe('jobs');
    expect(w.stores.jobs.getState().selected).toBe(training.spec.id);
  });

  it('pauses and goes on, stops only a run that runs, resumes only one that ended', async () => {
    const run = jobView(work, { progress: whole });
    const w = await open({ jobs: [run], recipes: { files: [file], status: status() } });
    await w.press('r');
    expect(w.text()).toContain('it is still running');
    await w.press('p');
    await w.rest();
    expect(w.recipes.asked).toEqual([`pause ${run.spec.id}`]);
    const paused = await open({ jobs: [run], recipes: { files: [file], status: status({ paused: true }) } });
    expect(paused.text()).toContain('paused');
    await paused.press('p');
    await paused.rest();
    expect(paused.recipes.asked).toEqual([`continue ${run.spec.id}`]);
    const over = jobView(work, { state: 'failed', endedAt: '2026-11-23T06:20:00.000Z', pid: null });
    const ended = await open({ jobs: [over], recipes: { files: [file], status: status() } });
    await ended.press('x');
    expect(ended.text()).toContain('it is not running');
    await ended.press('r');
    await ended.rest();
    expect(ended.recipes.asked).toEqual([`resume ${over.spec.id}`]);
  });

  it('shows a run with its own file, not with another recipe of the same name', async () => {
    const copy = jobView({ ...work, file: '/home/me/small.yaml' }, { progress: whole });
    const w = await open({ jobs: [copy], recipes: { files: [file], status: status() } });
    const rows = w.rows().filter((row) => /small/.test(row));
    expect(rows[0]).toContain('not run');
    expect(rows.some((row) => row.includes('1/3') && !row.includes('not run'))).toBe(true);
  });

  it('shows the run of a recipe that came with another installation with the one that came with this', async () => {
    const old = jobView({ ...work, file: '/opt/old/recipes/small.yaml', shipped: true }, { progress: whole });
    const w = await open({ jobs: [old], recipes: { files: [file], status: status() } });
    const rows = w.rows().filter((row) => /[│┃▸▹]small /.test(row));
    expect(rows).toHaveLength(1);
    expect(rows[0]).toContain('1/3');
  });

  it('says where the report is and reads it', async () => {
    const done = jobView(work, { state: 'succeeded', endedAt: '2026-11-23T06:20:00.000Z', pid: null });
    const report = { md: '/exports/x.md', html: '/exports/x.html' };
    const w = await open({
      jobs: [done],
      recipes: { files: [file], status: status({ report, gate: 'no' }), report: '# Recipe small' },
    });
    expect(w.text()).toContain('gate: no');
    expect(w.text()).toContain('Report: /exports/x.md');
    await w.press('v');
    await w.rest();
    await w.press('Y');
    expect(w.copied).toEqual(['# Recipe small']);
  });

  it.each([
    [80, 24],
    [120, 40],
  ])('fits %i × %i in Chinese', async (columns, rows) => {
    const run = jobView(work, { progress: whole });
    const w = await open({ columns, rows, language: 'zh', jobs: [run], recipes: { files: [file], status: status() } });
    expect(w.text()).toContain('配方');
    expect(w.text()).toContain('保留');
    expect(w.text()).toMatch(/训练 tuned/);
    expect(w.text()).not.toMatch(/unchanged|looking/);
    expect(w.rows().every((row) => [...row].length <= columns)).toBe(true);
  });
});
