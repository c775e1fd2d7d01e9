import { afterEach, describe, expect, it } from 'vitest';
import { buildReport } from '../../src/evaluation/report.ts';
import { jobView } from '../store/fakes.ts';
import { evaluationWork, figures, manifest } from '../store/loop-fakes.ts';
import { chanceRun } from '../unit/evaluation/results.ts';
import { frameFaults, openScreens, type ScreensWindow, type World } from './screens-window.tsx';

let window: ScreensWindow | undefined;
afterEach(() => {
  window?.dispose();
  window = undefined;
});

const work = { kind: 'evaluate', ...evaluationWork() } as const;
async function open(place: Pick<World, 'columns' | 'rows' | 'language'>): Promise<ScreensWindow> {
  const w = await openScreens({
    ...place,
    datasets: [manifest('cmrc')],
    jobs: [jobView(work, { state: 'succeeded' })],
  });
  window = w;
  await w.press('0');
  await w.rest();
  const found = w.stores.evaluation.getState().figures ?? figures(jobView(work).spec.id);
  w.stores.evaluation.setState({ figures: { ...found, report: buildReport(chanceRun()) } });
  await w.rest();
  return w;
}

describe('two embedders on the screen', () => {
  it.each([
    { columns: 80, rows: 24, language: 'en' as const },
    { columns: 120, rows: 40, language: 'en' as const },
    { columns: 80, rows: 24, language: 'zh' as const },
    { columns: 120, rows: 40, language: 'zh' as const },
  ])('the ceiling is no rival, and chosen parts have no mark, $language at $columns×$rows', async (place) => {
    const w = await open(place);
    const [rivals, ceiling, chosen] =
      place.language === 'en'
        ? [
            'For nothing: bm25 0.0',
            'Most that retrieval could give: 100.0',
            'One of the two columns chose these questions',
          ]
        : ['不费力的对照: bm25 0.0', '检索至多能达到: 100.0', '这些问题由两列之一自己的检索结果选出'];
    await w.press('tab', 'z');
    expect(frameFaults(w.rows(), place.columns, place.rows)).toEqual([]);
    expect(w.text()).toContain(rivals);
    expect(w.text()).toContain(ceiling);
    expect(w.text()).not.toContain('gold-chunks');
    await w.press('v', 'v');
    expect(frameFaults(w.rows(), place.columns, place.rows)).toEqual([]);
    expect(w.text()).toContain('† +50.0 [');
    expect(w.text()).toContain('† −50.0 [');
    expect(w.text()).not.toMatch(/[▲▼]/);
    expect(w.text().replace(/[\s│┃]/g, '')).toContain(chosen.replace(/\s/g, ''));
  });
});
