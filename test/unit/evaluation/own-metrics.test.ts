import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findMetric, knowMetrics } from '../../../src/evaluation/metrics/registry.ts';
import { ownMetricFiles, ownMetricsFolder } from '../../../src/evaluation/own-metrics/folder.ts';
import { limited } from '../../../src/evaluation/own-metrics/limit.ts';
import { loadOwnMetrics } from '../../../src/evaluation/own-metrics/load.ts';
import { describedMetric } from '../../../src/evaluation/own-metrics/types.ts';
import { buildReport } from '../../../src/evaluation/report.ts';
import { Scorer } from '../../../src/evaluation/score.ts';
import { workspacePaths } from '../../../src/platform/paths.ts';
import { result, runOf } from './results.ts';
import { item } from './scored-item.ts';

const home = mkdtempSync(path.join(os.tmpdir(), 'ragtui-own-'));
const paths = workspacePaths(home, { RAGTUI_CONFIG_HOME: path.join(home, 'config') });
const folder = ownMetricsFolder(paths);
beforeEach(() => mkdirSync(folder, { recursive: true }));
afterEach(() => rmSync(home, { recursive: true, force: true }));

function forever(): never {
  for (;;);
}

const write = (name: string, text: string) => writeFileSync(path.join(folder, name), text);
const metric = (name: string, score: string, more = '') =>
  `export default { name: '${name}', direction: 'higher', blindTo: 'Much.', ${more} score: ${score} };`;

describe('own metrics', () => {
  it('are the scripts in the folder beside the settings', async () => {
    expect(folder).toBe(path.join(home, 'config', 'metrics'));
    write('short.js', metric('short', '({ output }) => output === null ? null : output.length < 5', 'binary: true,'));
    write('words.mjs', metric('words', '({ output }) => output.split(" ").length', 'range: [0, null], unit: "words",'));
    write('notes.txt', 'no code');
    expect(ownMetricFiles(paths).map((file) => path.basename(file))).toEqual(['short.js', 'words.mjs']);
    const { metrics, problems } = await loadOwnMetrics(paths);
    expect(problems).toEqual([]);
    expect(metrics.map(({ about }) => about)).toMatchObject([
      { name: 'short', kind: 'answer', range: [0, 1], binary: true, version: expect.stringMatching(/^[0-9a-f]{12}$/) },
      { name: 'words', range: [0, null], unit: 'words' },
    ]);
    const scores = metrics.map(({ metric: one }) => one.score(item({ output: 'one two' })));
    expect(scores).toEqual([0, 2]);
    expect(metrics[0]?.metric.score(item({ output: null }))).toBeNull();
  });

  it('have the version of their content, and are loaded anew when it changes', async () => {
    write('a.js', metric('mine', '() => 0'));
    const [before] = (await loadOwnMetrics(paths)).metrics;
    write('a.js', metric('mine', '() => 1'));
    const [after] = (await loadOwnMetrics(paths)).metrics;
    expect(after?.about.version).not.toBe(before?.about.version);
    expect([before?.metric.score(item({})), after?.metric.score(item({}))]).toEqual([0, 1]);
  });

  it('that cannot be used are one line each; the others go on', async () => {
    write('a.js', metric('good', '() => 1'));
    write('b.js', 'export default {');
    write('c.js', 'export const metric = 1;');
    write('d.js', "export default { name: 'up', blindTo: 'x', score: () => 1 };");
    write('e.js', metric('exact', '() => 1'));
    write('f.js', metric('good', '() => 1'));
    write('g.js', metric('Bad name', '() => 1'));
    write('h.js', 'throw new Error("not today\\nsecond line");');
    const { metrics, problems } = await loadOwnMetrics(paths);
    expect(metrics.map(({ about }) => about.name)).toEqual(['good']);
    expect(problems.map(({ message }) => message)).toEqual([
      expect.stringMatching(/^b\.js is left out: .+\.$/),
      'c.js is left out: its default export is no metric.',
      'd.js is left out: direction must be higher or lower, whichever is better.',
      'e.js is left out: "exact" is the name of a built-in metric.',
      'f.js is left out: "good" is the name of a.js already.',
      'g.js is left out: name must be small letters, digits and "-", 2 to 40 of them.',
      'h.js is left out: not today.',
    ]);
    expect(problems.every(({ message }) => !message.includes('\n'))).toBe(true);
  });

  it.each([
    ['a text', '() => "1"', 'its score is 1, no number'],
    ['a promise', 'async () => 1', 'its score is an object, no number'],
    ['NaN', '() => 0 / 0', 'its score is NaN, no number'],
    ['outside of its range', '() => 2', 'its score 2 is outside of 0 to 1'],
    ['an error', '() => { throw new Error("oh"); }', 'oh'],
    ['a loop without an end', '() => { for (;;); }', 'it took longer than 2 s'],
  ])('%s for a score is missing, with why', async (_, score, why) => {
    write('a.js', metric('mine', score));
    const scorer = await Scorer.start(paths, ['exact', 'mine']);
    const outcome = {
      answerKey: 'a',
      state: 'ok' as const,
      output: 'gold',
      finish: null,
      error: null,
      retrieved: null,
      cut: '',
      usage: null,
      timing: { retrievalMs: null, firstTokenMs: null, totalMs: null },
      context: null,
      topK: 1,
      goldChunks: null,
    };
    const asked = { id: 'i', contextId: 'c', context: '', question: 'q', answers: ['gold'], content: 'x' };
    expect(await scorer.score(outcome, asked)).toEqual({ scores: { exact: 1, mine: null }, missed: { mine: why } });
    await scorer.close();
  });
});

describe('the time limit of a score', () => {
  const endless = { none: () => 1, loop: () => forever(), pattern: () => Number(/^(a+)+$/.test(`${'a'.repeat(40)}b`)) };
  const score = limited((kind: keyof typeof endless) => endless[kind](), { ms: 50, most: 2 });

  it('ends loops and patterns, lets the others go on, and gives up after some', () => {
    expect(score('none')).toBe(1);
    expect(() => score('loop')).toThrow(/^it took longer than 0\.05 s$/);
    expect(score('none')).toBe(1);
    expect(() => score('pattern')).toThrow(/^it took longer than 0\.05 s$/);
    expect(() => score('none')).toThrow('it took longer than 0.05 s 2 times, and is not tried any more');
  });
});

describe('a run with an own metric', () => {
  const own = {
    name: 'mine',
    kind: 'answer' as const,
    version: '0123456789ab',
    range: [0, 1] as [number, number],
    direction: 'higher' as const,
    binary: false,
    blindTo: 'Much.',
    file: '/x/mine.js',
  };

  it('is read without its code, and says where it failed', () => {
    knowMetrics([describedMetric(own)]);
    expect(findMetric('mine')).toMatchObject({ version: '0123456789ab', blindTo: 'Much.' });
    const report = buildReport(
      runOf(
        [
          result({ item: 'q1', scores: { mine: 0.5 } }),
          result({ item: 'q2', scores: { mine: null }, missed: { mine: 'oh' } }),
        ],
        { metrics: ['mine'], primary: 'mine', own: [own] },
      ),
    );
    expect(report.columns[0]?.metrics['mine']).toMatchObject({ n: 1, mean: 0.5 });
    expect(report.notes.map(({ text }) => text)).toContain(
      'mine failed at 1 answers of base, which are missing in its figures; the first time: oh.',
    );
  });
});
