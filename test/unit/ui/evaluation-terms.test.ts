import { afterEach, describe, expect, it } from 'vitest';
import { findMetric, METRIC_NAMES } from '../../../src/evaluation/metrics/registry.ts';
import { NOTE_TEXTS } from '../../../src/evaluation/note-texts.ts';
import { PARTITIONS } from '../../../src/evaluation/strata.ts';
import { metricText, noteText, setLanguage, stratumText } from '../../../src/ui/i18n/index.ts';
import { metricTexts, noteTexts, strataTexts } from '../../../src/ui/i18n/zh/evaluation-terms.ts';

const HAN = /\p{Script=Han}/u;
const placeholders = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(String).sort();

afterEach(() => setLanguage('en'));

describe('words of evaluation in both languages', () => {
  it('every registered metric says in Chinese what it is blind to', () => {
    setLanguage('zh');
    for (const name of METRIC_NAMES) {
      const metric = findMetric(name.replace('EMBEDDER', 'bge-small-zh-v1.5').replace('CURRENCY', 'CNY'));
      expect(metricText(metric), `${name} has no entry in src/ui/i18n/zh/evaluation-terms.ts`).toMatch(HAN);
      expect(metricText(metric)).not.toBe(metric.blindTo);
    }
    const families = new Set(METRIC_NAMES.map((name) => name.split('@')[0]));
    expect(Object.keys(metricTexts).filter((name) => !families.has(name))).toEqual([]);
  });

  it('every note has its Chinese sentence, with the same values', () => {
    for (const [id, text] of Object.entries(NOTE_TEXTS)) {
      expect(noteTexts[id], id).toMatch(HAN);
      expect(placeholders(noteTexts[id] ?? ''), id).toEqual(placeholders(text));
    }
    expect(Object.keys(noteTexts).sort()).toEqual(Object.keys(NOTE_TEXTS).sort());
  });

  it('every part of the questions has its Chinese name', () => {
    const names = PARTITIONS.flatMap(({ name, parts }) => [name, ...parts.map((part) => part.name)]);
    for (const name of names) expect(strataTexts[name], name).toMatch(HAN);
    expect(Object.keys(strataTexts).sort()).toEqual([...new Set(names)].sort());
  });

  it('English stays as it was written, and so do the words of an own metric', () => {
    const own = { name: 'my-score', blindTo: 'Everything but the first word.' };
    const note = { id: 'failures', values: { column: 'a', errors: 1, timeouts: 0, items: 9 }, text: 'in English' };
    expect(metricText(findMetric('exact'))).toBe(findMetric('exact').blindTo);
    expect(noteText(note)).toBe('in English');
    setLanguage('zh');
    expect(metricText(own)).toBe(own.blindTo);
    expect(noteText(note)).toBe('a：9 个中有 1 个失败、0 个超时，在每个回答指标中按 0 计。');
    expect(noteText({ ...note, id: 'unknown' })).toBe('in English');
    expect(stratumText('over 80')).toBe('超过 80');
  });
});
