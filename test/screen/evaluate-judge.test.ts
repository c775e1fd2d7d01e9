import { afterEach, describe, expect, it } from 'vitest';
import { blindPairs, type ItemVote, type PairLabel } from '../../src/evaluation/items/votes.ts';
import { type Calibration, calibrations } from '../../src/evaluation/judge/calibrate.ts';
import { relatedWarnings } from '../../src/evaluation/judge/related.ts';
import { jobView } from '../store/fakes.ts';
import { contextSplit, evaluationWork, manifest } from '../store/loop-fakes.ts';
import { result, runOf } from '../unit/evaluation/results.ts';
import { frameFaults, openScreens, type ScreensWindow, type World } from './screens-window.tsx';

let window: ScreensWindow | undefined;
afterEach(() => {
  window?.dispose();
  window = undefined;
});
const LLM = 'smollm2-135m-instruct';
const work = { kind: 'evaluate', ...evaluationWork() } as const;
const wide: World = {
  columns: 120,
  rows: 40,
  language: 'en',
  datasets: [manifest('cmrc', { splits: [contextSplit()] })],
  models: [LLM],
  choices: [
    { id: LLM, kind: 'llm', base: null },
    { id: 't1', kind: 'llm', base: LLM },
  ],
};
/** The screen with a run that is over, unless the test says otherwise. */
const open = async (over: Partial<World> = {}): Promise<ScreensWindow> => {
  window = await openScreens({ ...wide, jobs: [jobView(work, { state: 'succeeded' })], ...over });
  await window.press('0');
  await window.rest();
  return window;
};
const PLACES = [
  { columns: 80, rows: 24 },
  { columns: 120, rows: 40 },
].flatMap((size) => (['en', 'zh'] as const).map((language) => ({ ...size, language })));
/** Without what breaks lines: borders, line ends, and the spaces beside them. */
const flowing = (w: ScreensWindow): string =>
  w
    .rows()
    .map((row) => row.replace(/[│┃║]/g, ' ').trim())
    .join(' ')
    .replace(/\s+/g, ' ');

/** Four pairs, of which the judge and the person agree on three; a fifth that the judge could not read. */
function measured(): Calibration {
  const said = [1, 1, 0, 0.5, null];
  const labels: readonly PairLabel[] = ['other', 'base', 'base', 'tie', 'other'];
  const run = runOf(
    said.flatMap((score, at) => [
      result({ item: `q${at}`, output: `base ${at}` }),
      result({ item: `q${at}`, column: 'tuned', output: `tuned ${at}`, scores: { 'preference@judge': score } }),
    ]),
  );
  const votes = blindPairs(run, null, []).map(({ item, base, column, of, baseFirst }): ItemVote => {
    const label = labels[Number(item.slice(1))] ?? 'tie';
    return { item, base, column, of, baseFirst, label, at: '2026-11-29T08:00:00.000Z' };
  });
  const [found] = calibrations(run, ['judge'], votes, []);
  if (!found) throw new Error('nothing to calibrate');
  return found;
}

describe.each(PLACES)('judging, $language at $columns×$rows', (place) => {
  it('keeps its borders: choice of the judge, warning, vote, calibration', async () => {
    const w = await open(place);
    w.evaluation.warnings.push(...relatedWarnings(LLM, ['base', 'tuned']));
    w.evaluation.calibrated(measured());
    for (const keys of [['J'], ['enter'], ['V'], ['1'], ['1'], ['esc', 'K']]) {
      await w.press(...keys);
      await w.rest();
      expect(frameFaults(w.rows(), place.columns, place.rows)).toEqual([]);
    }
  });
});

describe('J', () => {
  it('lets an LLM judge the run, and warns where it judges itself', async () => {
    const w = await open();
    w.evaluation.warnings.push(...relatedWarnings(LLM, ['base', 'tuned']));
    await w.press('J');
    expect(w.text()).toContain('Judge this run with');
    await w.press('enter');
    await w.rest();
    const run = w.stores.evaluation.getState().shown;
    expect(w.jobs.launched).toMatchObject([{ kind: 'judge', run, judge: { llm: LLM } }]);
    expect(flowing(w)).toContain(`${LLM} is to judge what it answers itself`);
    expect(flowing(w)).toContain('judges prefer their own answers');
  });

  it('warns in Chinese too', async () => {
    const w = await open({ language: 'zh' });
    w.evaluation.warnings.push(...relatedWarnings(LLM, ['base']));
    await w.press('J', 'enter');
    await w.rest();
    expect(w.text().replace(/\s/g, '')).toContain(`${LLM}将评判自己`);
    expect(w.text()).not.toContain('is to judge');
  });

  it('starts nothing while the judge is not here', async () => {
    const w = await open();
    w.evaluation.missing.push('t1');
    await w.press('J', 'down', 'enter');
    await w.rest();
    expect(w.jobs.launched).toEqual([]);
    expect(flowing(w)).toContain('t1 is not here. Pull it: screen 4.');
  });

  it('says why not: the run goes on, there is no run, no LLM', async () => {
    for (const [over, why] of [
      [{ jobs: [jobView(work)] }, 'it is still running'],
      [{ jobs: [] }, 'there is no run'],
      [{ choices: [] }, 'there is no LLM that could judge'],
    ] as const) {
      const w = await open(over);
      await w.press('J');
      await w.rest();
      expect(w.ui.getState().overlays, why).toEqual([]);
      expect(w.text().toLowerCase(), why).toContain(why.toLowerCase());
      w.dispose();
    }
    window = undefined;
  });

  it('shows figures again once the judge is done', async () => {
    const w = await open();
    await w.press('J', 'enter');
    await w.rest();
    const before = w.evaluation.asked.length;
    const judging = w.jobs.all().find(({ spec }) => spec.work.kind === 'judge');
    expect(flowing(w)).toContain(`${LLM} judges this run`);
    w.jobs.put({ ...(judging ?? jobView(work)), state: 'succeeded' });
    await w.rest();
    expect(w.evaluation.asked.length).toBe(before + 1);
  });
});

describe('V', () => {
  it('shows two answers without names, keeps each vote and goes on, until all are voted on', async () => {
    const w = await open();
    await w.press('V');
    await w.rest();
    const text = w.text();
    expect(text).toContain('votes: 0 · pairs left: 2');
    expect(text).toContain('1  12 m');
    expect(text).toContain('2  13 m');
    // Blind: whose answer it is stands nowhere in the window.
    const pane = text.slice(text.indexOf('votes: 0'), text.indexOf('2  13 m'));
    expect(pane).not.toMatch(/base|tuned/);
    await w.press('2');
    await w.rest();
    expect(w.text()).toContain('votes: 1 · pairs left: 1');
    await w.press('0');
    await w.rest();
    expect(w.evaluation.voted).toEqual(['q1 second', 'q2 tie']);
    expect(w.text()).toContain('all pairs are voted on');
    await w.press('1');
    await w.rest();
    expect(w.evaluation.voted).toHaveLength(2);
    await w.press('esc');
    expect(w.ui.getState().overlays).toEqual([]);
  });

  it('needs two columns', async () => {
    const [column] = work.columns;
    const single = jobView({ ...work, columns: column ? [column] : [] }, { state: 'succeeded' });
    const w = await open({ jobs: [single] });
    await w.press('V');
    await w.rest();
    expect(w.ui.getState().overlays).toEqual([]);
  });
});

describe('K', () => {
  it('says how far the judge agrees with one’s votes, and that so few tell little', async () => {
    const w = await open();
    w.evaluation.calibrated(measured());
    await w.press('K');
    await w.rest();
    const text = flowing(w);
    expect(text).toContain('judge: tuned against base, 5 votes (5 on this run, 0 of Compare)');
    expect(w.text()).toMatch(/judge \\ you +base +tuned +tie/);
    expect(w.text()).toMatch(/tuned +1 +1 +0/);
    // By hand: three of four; by chance 5/16, so κ = (12 − 5)/(16 − 5).
    expect(text).toContain('judge agrees with you on 75.0 % of 4 pairs');
    expect(text).toContain('κ 0.64');
    expect(text).toContain('vote on 30 at least');
    expect(text).toContain('Votes without a readable judgement: 1.');
  });

  it('says it in Chinese, its table in line', async () => {
    const w = await open({ language: 'zh' });
    w.evaluation.calibrated(measured());
    await w.press('K');
    await w.rest();
    const text = flowing(w).replace(/ /g, '');
    expect(text).toContain('judge与您在4对中有75.0%一致');
    expect(text).toContain('超出偶然的κ0.64');
    expect(text).toContain('至少投30票');
    expect(text).toContain('有1票没有读得懂的评判');
    expect(w.text()).not.toMatch(/agrees|vote/);
    // Its cells end at the same place on screen: Chinese characters take two.
    const ends = ['评判者 \\ 您', 'base ', 'tuned '].map((start) => {
      const row = w.rows().find((one) => new RegExp(`│ ?${start.replace(/\\/g, '\\\\')}`).test(one)) ?? '';
      return row.slice(row.indexOf(start)).replace(/ *[│┃].*$/, '');
    });
    const width = (line: string) => [...line].reduce((sum, c) => sum + (/\p{Script=Han}/u.test(c) ? 2 : 1), 0);
    expect(new Set(ends.map(width)).size).toBe(1);
  });

  it('without votes says what to do', async () => {
    const w = await open();
    await w.press('K');
    await w.rest();
    expect(flowing(w)).toContain('Nobody has voted. Vote blind: V.');
    expect(w.ui.getState().overlays).toEqual([]);
  });
});

describe('the form of a new run', () => {
  it.each([
    ['en', 'Another model judges better.'],
    ['zh', '换一个模型评判更好。'],
  ] as const)('warns in its plan, %s', async (language, said) => {
    const w = await open({ jobs: [], language });
    w.evaluation.warnings.push(...relatedWarnings(LLM, ['base']));
    await w.press('n');
    await w.stores.evaluation
      .getState()
      .configure({ dataset: 'cmrc', columns: ['name=base,llm=smollm2-135m-instruct,context=gold'], judge: LLM });
    await w.rest();
    expect(w.evaluation.wishes.at(-1)?.judge).toBe(LLM);
    expect(w.text()).toContain(said);
  });
});
