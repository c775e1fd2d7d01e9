import { afterEach, describe, expect, it } from 'vitest';
import { matrixColumns } from '../../src/evaluation/matrix/design.ts';
import { buildReport } from '../../src/evaluation/report.ts';
import { parseColumns } from '../../src/rag/columns.ts';
import { jobView, knowledgeBase } from '../store/fakes.ts';
import { contextSplit, evaluationWork, figures, manifest } from '../store/loop-fakes.ts';
import { result, runOf } from '../unit/evaluation/results.ts';
import { frameFaults, openScreens, type ScreensWindow, type World } from './screens-window.tsx';

let window: ScreensWindow | undefined;
afterEach(() => {
  window?.dispose();
  window = undefined;
});

const LLM = 'smollm2-135m-instruct';
const world: World = {
  columns: 120,
  rows: 40,
  language: 'en',
  datasets: [manifest('cmrc', { splits: [contextSplit()] })],
  bases: [knowledgeBase('tea', { embedders: ['plain', 'mine'] })],
  models: [LLM],
  choices: [
    { id: LLM, kind: 'llm', base: null },
    { id: 't1', kind: 'llm', base: LLM },
  ],
};

/** Means: a+x 20, a+y 30, a+gold 60, b+x 40, b+y 70, b+gold 80; each of twenty questions has the mean or 5 points off. */
const MEANS = { 'a+x': 0.2, 'a+y': 0.3, 'a+gold': 0.6, 'b+x': 0.4, 'b+y': 0.7, 'b+gold': 0.8 };
const crossed = () => {
  const columns = parseColumns(
    matrixColumns({ llms: ['a', 'b'], embedders: ['x', 'y'], contexts: ['retrieved', 'gold'], settings: '' }),
  );
  const items = Object.entries(MEANS).flatMap(([column, mean], at) =>
    Array.from({ length: 20 }, (_, i) =>
      result({ column, item: `q${i}`, scores: { 'token-f1': mean + ((i + at) % 2 === 0 ? 0.05 : -0.05) } }),
    ),
  );
  return buildReport(runOf(items, { columns, metrics: ['token-f1'], primary: 'token-f1', baselines: false }));
};

async function withMatrix(place: Pick<World, 'columns' | 'rows' | 'language'>): Promise<ScreensWindow> {
  const work = { kind: 'evaluate', ...evaluationWork() } as const;
  const w = await openScreens({ ...world, ...place, jobs: [jobView(work, { state: 'succeeded' })] });
  window = w;
  await w.press('0');
  await w.rest();
  const found = w.stores.evaluation.getState().figures ?? figures(jobView(work).spec.id);
  w.stores.evaluation.setState({ figures: { ...found, report: crossed() } });
  await w.rest();
  return w;
}

describe('a matrix on the screen', () => {
  it.each([
    { columns: 80, rows: 24, language: 'en' as const },
    { columns: 120, rows: 40, language: 'en' as const },
    { columns: 80, rows: 24, language: 'zh' as const },
    { columns: 120, rows: 40, language: 'zh' as const },
  ])('has a page of its effects, $language at $columns×$rows', async (place) => {
    const w = await withMatrix(place);
    await w.press('v', 'v');
    expect(frameFaults(w.rows(), place.columns, place.rows)).toEqual([]);
    expect(w.text()).toContain(place.language === 'en' ? 'effects' : '效应');
    // ((55 − 25) + (80 − 60)) / 2
    expect(w.text()).toContain('▲ +25.0 [');
    expect(w.text()).toContain('▲ +20.0 [');
    if (place.rows === 40) {
      expect(w.text()).toMatch(/ +retrieved, x +retrieved, y +gold/);
      expect(w.text()).toMatch(/b +40\.0 +70\.0 +80\.0/);
      expect(w.text()).toContain(place.language === 'en' ? 'LLM: b instead of a' : '大模型：b 代替 a');
    }
  });

  it('has no such page where columns do not cross', async () => {
    const w = await openScreens({
      ...world,
      jobs: [jobView({ kind: 'evaluate', ...evaluationWork() }, { state: 'succeeded' })],
    });
    window = w;
    await w.press('0');
    await w.rest();
    await w.press('v', 'v');
    expect(w.text()).not.toContain('effects');
    expect(w.text()).toContain('parts');
  });
});

describe('the form', () => {
  it('makes the columns of a matrix with one key', async () => {
    const w = await openScreens(world);
    window = w;
    await w.press('0', 'n');
    await w.rest();
    await w.stores.evaluation.getState().configure({ kb: 'tea' });
    await w.press('m');
    await w.rest();
    expect(w.stores.evaluation.getState().form.columns).toEqual([
      `name=base+plain,llm=${LLM},context=retrieved,embedder=plain,mode=vector,prompt=sft`,
      `name=base+mine,llm=${LLM},context=retrieved,embedder=mine,mode=vector,prompt=sft`,
      `name=base+gold,llm=${LLM},context=gold,prompt=sft`,
      'name=tuned+plain,llm=t1,context=retrieved,embedder=plain,mode=vector,prompt=sft',
      'name=tuned+mine,llm=t1,context=retrieved,embedder=mine,mode=vector,prompt=sft',
      'name=tuned+gold,llm=t1,context=gold,prompt=sft',
    ]);
  });

  it('adds the oracle of what retrieves, once', async () => {
    const w = await openScreens(world);
    window = w;
    await w.press('0', 'n');
    await w.rest();
    await w.press('O');
    expect(w.text()).toContain('no column has an LLM that reads what was found');
    await w.stores.evaluation
      .getState()
      .configure({ kb: 'tea', columns: [`name=rag,llm=${LLM},embedder=mine,top-k=5`] });
    await w.press('O', 'O');
    await w.rest();
    expect(w.stores.evaluation.getState().form.columns).toEqual([
      `name=rag,llm=${LLM},embedder=mine,top-k=5`,
      `name=oracle-rag,llm=${LLM},context=gold`,
    ]);
  });
});
