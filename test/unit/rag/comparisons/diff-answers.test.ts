import { describe, expect, test } from 'vitest';
import { Random } from '../../../../src/evaluation/statistics/random.ts';
import { type AnswerDiff, diffAnswers, type Span, tokensOf } from '../../../../src/rag/comparisons/diff-answers.ts';

const words = (text: string) => tokensOf(text).map((token) => token.text);
const cut = (text: string, spans: readonly Span[]) => spans.map(({ start, end }) => text.slice(start, end));
const read = (base: string, other: string) => {
  const diff = diffAnswers(base, other);
  return { removed: cut(base, diff.removed), added: cut(other, diff.added), same: diff.same, level: diff.level };
};

describe('words', () => {
  test.each([
    ['spaced scripts by words, signs alone', 'Paris, 1889!', ['Paris', ',', '1889', '!']],
    ['Chinese by characters, other words among them whole', '巴黎 Eiffel塔。', ['巴', '黎', 'Eiffel', '塔', '。']],
    ['Japanese by characters, Korean by words', 'これは 서울 입니다', ['こ', 'れ', 'は', '서울', '입니다']],
    ['what a person sees as one sign', 'é👨‍👩‍👧🇨🇳👍🏽', ['é', '👨‍👩‍👧', '🇨🇳', '👍🏽']],
    ['characters outside of the first plane', '𠮷野家', ['𠮷', '野', '家']],
    ['nothing', ' \n ', []],
  ])('are %s', (_what, text, expected) => {
    expect(words(text)).toEqual(expected);
  });
});

describe('two answers', () => {
  test.each([
    ['one word changed', 'The tower is tall', 'The bridge is tall', ['tower'], ['bridge']],
    ['words at both ends', 'It was 1908 then', 'Indeed it was 1908', ['It', 'then'], ['Indeed it']],
    ['neighbours are one part, with what is between', 'a b c d', 'a x y d', ['b c'], ['x y']],
    ['Chinese by characters', '天文台建于1908年。', '天文台建于1912年的。', ['1908'], ['1912', '的']],
    ['all gone', 'one two', '', ['one two'], []],
    ['all new', '', '一二', [], ['一二']],
    ['a full stop counts', 'yes', 'yes.', [], ['.']],
    ['upper case counts', 'Paris', 'paris', ['Paris'], ['paris']],
  ])('%s', (_what, base, other, removed, added) => {
    expect(read(base, other)).toEqual({ removed, added, same: false, level: 'word' });
  });

  test('that differ in white space only are the same', () => {
    expect(diffAnswers('a  b\n', ' a\nb')).toMatchObject({ same: true, removed: [], added: [], similarity: 1 });
    expect(diffAnswers('', ' ')).toMatchObject({ same: true, parts: [], similarity: 1 });
  });

  test('similarity is twice the common words over all words', () => {
    expect(diffAnswers('a b c d', 'a b x').similarity).toBeCloseTo(4 / 7, 12);
  });

  /** Length of the longest common subsequence by the table everybody knows. */
  function lcs(a: readonly string[], b: readonly string[]): number {
    let last = new Array<number>(b.length + 1).fill(0);
    for (const x of a) {
      const row = [0];
      for (const [j, y] of b.entries())
        row.push(x === y ? (last[j] ?? 0) + 1 : Math.max(row[j] ?? 0, last[j + 1] ?? 0));
      last = row;
    }
    return last.at(-1) ?? 0;
  }

  /** Whether the parts hold every word of both texts, once and in order. */
  function covers(diff: AnswerDiff, base: string, other: string): boolean {
    const of = (text: string, pick: (part: AnswerDiff['parts'][number]) => Span | null) =>
      diff.parts.flatMap((part) => {
        const span = pick(part);
        return span ? words(text.slice(span.start, span.end)) : [];
      });
    return (
      JSON.stringify(of(base, (part) => part.base)) === JSON.stringify(words(base)) &&
      JSON.stringify(of(other, (part) => part.other)) === JSON.stringify(words(other))
    );
  }

  test('random ones: as few words are marked as can be, and none is lost', () => {
    const random = new Random(7);
    const text = () => Array.from({ length: random.below(25) }, () => 'abcde中文。'.charAt(random.below(8))).join(' ');
    for (let round = 0; round < 300; round += 1) {
      const [base, other] = [text(), text()];
      const diff = diffAnswers(base, other);
      const [a, b] = [words(base), words(other)];
      expect(covers(diff, base, other)).toBe(true);
      const marked = [...cut(base, diff.removed), ...cut(other, diff.added)].flatMap(words).length;
      expect(marked).toBe(a.length + b.length - 2 * lcs(a, b));
    }
  });

  const long = (seed: number, vocabulary: number) => {
    const random = new Random(seed);
    return Array.from({ length: 20_000 }, (_, at) => `w${random.below(vocabulary)}${at % 20 === 19 ? '.' : ''}`).join(
      ' ',
    );
  };

  test('long ones that differ in a few words are still compared by words', () => {
    const base = long(1, 5000);
    const other = base.replace('w1 ', 'new ').replace(/$/, ' end');
    const diff = diffAnswers(base, other);
    expect(diff.level).toBe('word');
    expect(cut(other, diff.added)).toEqual(['new', 'end']);
  });

  test('long ones that differ in many are compared by sentences: whole ones stay, changed ones by words', () => {
    const line = (at: number, words: string) => `Line ${at} says ${words} and then it ends.`;
    const texts = (words: (at: number) => string) =>
      Array.from({ length: 1500 }, (_, at) => line(at, words(at))).join(' ');
    const base = texts((at) => `a${at} b${at} c${at}`);
    const other = texts((at) => (at % 10 === 0 ? `x${at} y${at} z${at}` : `a${at} b${at} c${at}`));
    const diff = diffAnswers(base, other);
    expect(diff.level).toBe('sentence');
    expect(covers(diff, base, other)).toBe(true);
    expect(cut(base, diff.removed)).toEqual(
      Array.from({ length: 150 }, (_, at) => `a${at * 10} b${at * 10} c${at * 10}`),
    );
    expect(cut(other, diff.added)[1]).toBe('x10 y10 z10');
  });

  test('long ones that share nothing in order are marked whole', () => {
    const [base, other] = [long(1, 5000), long(2, 5000)];
    const diff = diffAnswers(base, other);
    expect(diff.level).toBe('whole');
    expect(covers(diff, base, other)).toBe(true);
  });
});
