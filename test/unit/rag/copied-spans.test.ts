import fc from 'fast-check';
import { expect, test } from 'vitest';
import { copiedSpans } from '../../../src/rag/copied-spans.ts';

const marked = (answer: string, sources: readonly string[]) =>
  copiedSpans(answer, sources).map(({ start, end, source }) => [answer.slice(start, end), source]);

test('finds what was copied, in which source, with offsets in both', () => {
  const sources = ['Unrelated text.', 'In 2011 the Lisbon office moved to Porto, after the flood.'];
  const answer = 'The Lisbon office moved to Porto after a flood.';
  expect(copiedSpans(answer, sources)).toEqual([{ start: 4, end: 32, source: 1, sourceStart: 12, sourceEnd: 40 }]);
  expect(sources[1]?.slice(12, 40)).toBe('Lisbon office moved to Porto');
});

test('finds Chinese by the character', () => {
  expect(marked('答案是范廷颂枢机。', ['范廷颂枢机(1919年6月15日)，圣名保禄'])).toEqual([['范廷颂枢机', 0]]);
});

test('leaves out what is found everywhere by chance', () => {
  expect(marked('It is in the house of the king.', ['It was of the best, in the end.'])).toEqual([]);
  expect(marked('范廷颂说', ['范廷颂'])).toEqual([]);
});

test('takes a short answer that is copied whole', () => {
  expect(marked('Porto.', ['It moved to Porto in 2011.'])).toEqual([['Porto', 0]]);
  expect(marked('2011', ['It moved to Porto in 2011.'])).toEqual([['2011', 0]]);
  expect(marked('Porto!', ['Portofino'])).toEqual([]);
});

test('prefers the longest, and the better rank between equals', () => {
  const sources = [
    'paid leave of 25 days',
    'employees get paid leave of 25 days a year',
    'employees get paid leave of 25 days a year',
  ];
  expect(marked('employees get paid leave of 25 days', sources)).toEqual([['employees get paid leave of 25 days', 1]]);
});

test('does not mind line breaks, but other words between', () => {
  expect(marked('the annual\nreport shows', ['the annual report shows'])).toHaveLength(1);
  expect(marked('alpha beta, gamma delta', ['alpha beta; gamma delta'])).toEqual([]);
});

test('says nothing of nothing', () => {
  expect(copiedSpans('', ['a'])).toEqual([]);
  expect(copiedSpans('some words here', [])).toEqual([]);
  expect(copiedSpans('…!', ['…!'])).toEqual([]);
});

test('every span stands in its source, in order, without overlap', () => {
  const words = fc
    .array(fc.constantFrom('alpha', 'beta', 'is', '北', '京', '1,5', '\n'), { maxLength: 30 })
    .map((list) => list.join(' '));
  fc.assert(
    fc.property(words, fc.array(words, { maxLength: 3 }), (answer, sources) => {
      let end = 0;
      const flat = (text: string) => text.replace(/\s+/g, ' ');
      for (const span of copiedSpans(answer, sources)) {
        expect(span.start).toBeGreaterThanOrEqual(end);
        end = span.end;
        expect(flat(answer.slice(span.start, span.end))).toBe(
          flat((sources[span.source] ?? '').slice(span.sourceStart, span.sourceEnd)),
        );
      }
    }),
  );
});
