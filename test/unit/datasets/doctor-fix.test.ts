import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { checkDataset, lastFindings } from '../../../src/datasets/doctor/check.ts';
import { withinEdits } from '../../../src/datasets/doctor/text/edits.ts';
import { fold } from '../../../src/datasets/doctor/text/fold.ts';
import { nearestSpan } from '../../../src/datasets/doctor/text/nearest-span.ts';
import { fingerprints, longestSharedRun } from '../../../src/datasets/doctor/text/runs.ts';
import { applyFixes, undoVersion } from '../../../src/datasets/fix.ts';
import { openDataset } from '../../../src/datasets/open.ts';
import type { QaRow } from '../../../src/datasets/types.ts';
import { findingsOf, fixtureRows, publishRows } from './doctor-support.ts';
import { DatasetWorkspace } from './workspace.ts';

const workspace = new DatasetWorkspace();
const { paths } = workspace;
afterAll(() => workspace.remove());

test('all fixes of the Chinese file leave nothing to find, and undo brings every byte back', async () => {
  const rows = fixtureRows('qa', 'qa-zh');
  await publishRows(paths, 'zh', 'qa', rows);
  const before = openDataset(paths, 'zh').manifest;
  // The first round uncovers what stood behind damaged text; the second leaves near contexts, which have no fix.
  for (let round = 0; round < 3; round++) {
    await checkDataset(paths, 'zh');
    if (lastFindings(paths, 'zh')?.places({ fixable: true }).length === 0) break;
    const report = await applyFixes(paths, 'zh', { filter: { severities: ['error', 'warning', 'info'] } });
    expect(report.manifest.rows).toBe(openDataset(paths, 'zh').manifest.rows);
  }
  expect((await findingsOf(paths, 'zh')).map(({ rule }) => rule)).toEqual(['near-context']);
  const after = openDataset(paths, 'zh').manifest;
  expect(after.lineage.steps.map(({ name }) => name)).toContain('fix');
  while (openDataset(paths, 'zh').manifest.version !== before.version) await undoVersion(paths, 'zh');
  const again = openDataset(paths, 'zh');
  expect(Array.from({ length: rows.length }, (_, at) => again.row(at))).toEqual(rows);
  await expect(undoVersion(paths, 'zh')).rejects.toMatchObject({ code: 'invalid' });
});

test('by default rows go only for errors; a dry run says the same and changes nothing', async () => {
  await publishRows(paths, 'en', 'qa', fixtureRows('qa', 'qa-en'));
  const { findings } = await checkDataset(paths, 'en');
  const wanted = new Set(
    findings
      .page({}, 0, 1000)
      .findings.flatMap(({ finding }) =>
        finding.fix?.kind === 'drop-row' && finding.severity === 'error' ? [finding.row] : [],
      ),
  );
  const dry = await applyFixes(paths, 'en', { dryRun: true });
  expect(dry.manifest.version).toBe(findings.summary.version);
  const made = await applyFixes(paths, 'en');
  expect(made.dropped).toBe(wanted.size);
  expect({ ...made, manifest: dry.manifest }).toEqual(dry);
  expect(made.manifest.rows).toBe(findings.summary.rows - wanted.size);
});

test('one rule, one row: only that text changes, and the rest of the row stays', async () => {
  const rows = fixtureRows('qa', 'qa-en');
  await publishRows(paths, 'one', 'qa', rows);
  await checkDataset(paths, 'one');
  const { changed, dropped } = await applyFixes(paths, 'one', { filter: { rules: ['answer-near-miss'], rows: [4] } });
  expect({ changed, dropped }).toEqual({ changed: 1, dropped: 0 });
  const opened = openDataset(paths, 'one');
  expect(opened.row(4)).toEqual({ ...rows[4], answers: ['bumblebees and hoverflies'] });
  expect(opened.row(3)).toEqual(rows[3]);
});

test('fixing leaks takes the training rows away, and the split comes along with its new numbers', async () => {
  const split = { train: [0, 1, 2, 3, 4], test: [5, 6, 7, 8, 9] };
  await publishRows(paths, 'leaky', 'qa', fixtureRows('qa', 'leaks'), split);
  await checkDataset(paths, 'leaky');
  await applyFixes(paths, 'leaky', { filter: { rules: ['leak-context', 'leak-near-context'] } });
  const opened = openDataset(paths, 'leaky');
  const ids = (part: string) => opened.rowNumbers(part).map((number) => Object(opened.row(number)).id);
  expect(ids('train')).toEqual(['t2', 't3', 't4']);
  expect(ids('test')).toEqual(['t5', 't6', 't7', 't8', 't4']);
  expect(opened.manifest.splits[0]?.carriedFrom).toBe(opened.manifest.lineage.steps.at(-1)?.parameters['from']);
});

test('a finding names every training row that leaks the same, up to a thousand; one fix takes them away', async () => {
  const asked = (number: number, question: string): QaRow => ({
    id: `u${number}`,
    contextId: `u${number}`,
    context: `Mast ${number} was put up in ${1000 + number} and painted ${number * 13} times since; it leans ${number * 7} degrees.`,
    question,
    answers: [`${1000 + number}`],
    metadata: {},
  });
  const rows = Array.from({ length: 1250 }, (_, at) =>
    asked(at, at < 3 || (at >= 20 && at < 1240) ? (at < 10 ? 'How old?' : 'Which year?') : `Of mast ${at}?`),
  );
  const test = [1248, 1249];
  rows[1248] = asked(1248, 'How old?');
  rows[1249] = asked(1249, 'Which year?');
  await publishRows(paths, 'masts', 'qa', rows, { train: rows.map((_, at) => at).slice(0, 1248), test });
  const only = ['leak-question'];
  const { findings } = await checkDataset(paths, 'masts', { only });
  const named = findings.page({}, 0, 10).findings.map(({ finding: { row, other, fix } }) => ({
    row,
    other: other?.row,
    rows: fix?.kind === 'drop-row' ? fix.rows : undefined,
  }));
  expect(named).toEqual([
    { row: 1248, other: 0, rows: [0, 1, 2] },
    { row: 1249, other: 20, rows: Array.from({ length: 1000 }, (_, at) => 20 + at) },
  ]);
  expect(await applyFixes(paths, 'masts', { filter: { rules: only } })).toMatchObject({ dropped: 1003, applied: 1003 });
  await checkDataset(paths, 'masts', { only });
  expect(await applyFixes(paths, 'masts', { filter: { rules: only } })).toMatchObject({ dropped: 220 });
  expect((await checkDataset(paths, 'masts', { only })).findings.summary.findings).toBe(0);
});

test('the same question is answered from what is kept; another split, rule or version is looked at anew', async () => {
  await publishRows(paths, 'kept', 'qa', fixtureRows('qa', 'qa-en.clean'));
  expect((await checkDataset(paths, 'kept')).reused).toBe(false);
  expect((await checkDataset(paths, 'kept')).reused).toBe(true);
  expect((await checkDataset(paths, 'kept', { also: ['personal-data'] })).reused).toBe(false);
  await expect(checkDataset(paths, 'kept', { also: ['no-such'] })).rejects.toMatchObject({ code: 'usage' });
  await expect(checkDataset(paths, 'kept', { split: 'nowhere' })).rejects.toMatchObject({ code: 'not-found' });
});

test('against another dataset: rows of this one that stand in it, by context, question and run', async () => {
  await publishRows(paths, 'train', 'qa', fixtureRows('qa', 'leaks').slice(5));
  await publishRows(paths, 'eval', 'qa', fixtureRows('qa', 'leaks').slice(0, 5));
  const found = await findingsOf(paths, 'train', {
    against: ['eval'],
    only: ['leak-context', 'leak-run', 'leak-question'],
  });
  expect(found.map(({ rule, row, other, fix }) => [rule, row, other, fix])).toEqual([
    ['leak-context', 0, { row: 0, dataset: 'eval' }, { kind: 'drop-row' }],
    ['leak-run', 2, { row: 3, dataset: 'eval' }, { kind: 'drop-row' }],
    ['leak-question', 3, { row: 2, dataset: 'eval' }, { kind: 'drop-row' }],
  ]);
});

test('findings are paged by rule, severity and row, in the order of rows', async () => {
  await publishRows(paths, 'paged', 'qa', fixtureRows('qa', 'qa-zh'));
  const { findings } = await checkDataset(paths, 'paged');
  const all = findings.page({}, 0, 1000);
  expect(all.total).toBe(findings.summary.findings);
  expect(all.findings.map(({ finding }) => finding.row)).toEqual(
    all.findings.map(({ finding }) => finding.row).sort((a, b) => Number(a) - Number(b)),
  );
  const errors = findings.page({ severities: ['error'] }, 2, 3);
  expect(errors.total).toBe(findings.summary.severities.error);
  expect(errors.findings.map(({ place }) => place)).toEqual(findings.places({ severities: ['error'] }).slice(2, 5));
  expect(findings.page({ rows: [22] }, 0, 9).findings.map(({ finding }) => finding.rule)).toEqual(['encoding-damage']);
  expect(readFileSync(`${openDataset(paths, 'paged').folder}/findings/latest.json`, 'utf8')).toContain(
    findings.summary.key,
  );
});

test('folding: what a reader takes for the same is the same, numbers stay numbers', () => {
  expect(fold('Ｈello， 世界！')).toBe(fold('hello 世界'));
  expect(fold('1,000')).toBe(fold('１０００'));
  expect(fold('3.14')).not.toBe(fold('314'));
  expect(fold('12:30')).not.toBe(fold('1230'));
  expect(fold('がか')).not.toBe(fold('かか'));
  expect(fold('㈱')).toBe(fold('(株)'));
});

test('a text that is in the context but for its form is found there', () => {
  const context = '雁回湖面积为27平方公里，最深处达41米。Trains leave every 20 minutes.';
  fc.assert(
    fc.property(fc.nat(20), fc.integer({ min: 4, max: 20 }), (start, length) => {
      const answer = context.slice(start, start + length).trim();
      const wide = answer.replace(/[0-9]/g, (digit) => String.fromCharCode(digit.charCodeAt(0) + 0xfee0));
      const span = nearestSpan(context, wide);
      if (span) expect(context.slice(span.start, span.end)).toBe(span.text);
      if (span) expect(fold(span.text)).toBe(fold(answer));
    }),
  );
});

test('any run of thirty characters that two texts share gives them a common fingerprint', () => {
  const text = fc.string({ unit: fc.constantFrom(...'abcdefgh一二三四'), minLength: 0, maxLength: 60 });
  const run = fc.string({ unit: fc.constantFrom(...'abcdefgh一二三四'), minLength: 30, maxLength: 50 });
  fc.assert(
    fc.property(text, text, text, text, run, (a, b, c, d, shared) => {
      const [first, second] = [fold(a + shared + b), fold(c + shared + d)];
      const prints = fingerprints(second, 30);
      expect([...fingerprints(first, 30)].some((print) => prints.has(print))).toBe(true);
      expect(longestSharedRun(first, second, 30).length).toBeGreaterThanOrEqual(30);
    }),
  );
});

test('the banded edit distance agrees with the whole table', () => {
  const word = fc.string({ unit: fc.constantFrom(...'abc'), maxLength: 6 });
  fc.assert(
    fc.property(word, word, fc.nat(5), (a, b, limit) => {
      expect(withinEdits(a, b, limit)).toBe(distance(a, b) <= limit);
    }),
  );
});

/** Levenshtein by its definition. */
function distance(a: string, b: string): number {
  if (a === '' || b === '') return a.length + b.length;
  const same = a.at(-1) === b.at(-1) ? 0 : 1;
  const [x, y] = [a.slice(0, -1), b.slice(0, -1)];
  return same === 0 ? distance(x, y) : 1 + Math.min(distance(x, b), distance(a, y), distance(x, y));
}
