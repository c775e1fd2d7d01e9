import { describe, expect, test } from 'vitest';
import { sentenceSpans, splitSentences } from '../../../src/kb/splitters/sentence.ts';

const sentences = (text: string): string[] => [...sentenceSpans(text)].map(({ start, end }) => text.slice(start, end));

// Each case is written as its sentences, joined by what stands after "|".
describe('sentence borders', () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ['Chinese marks', ['茶叶在三月采摘。', '产量多少？', '八百公斤！', '第一批；', '第二批。']],
    ['a quotation keeps its closing mark', ['他说：“水开了。”', '然后他走了。']],
    ['brackets close first', ['（见附录。）', '下一句。']],
    ['an ellipsis', ['他想了想……', '没有回答。']],
    ['several marks', ['真的吗？！', '是的。']],
  ];
  for (const [name, expected] of cases) test(name, () => expect(sentences(expected.join(''))).toEqual(expected));

  const english: readonly (readonly [string, readonly string[]])[] = [
    ['full stops', ['It rained.', 'The dome stayed shut!', 'Why?', 'Nobody knows.']],
    ['titles', ['Dr. Lee and Mrs. Ortiz signed.', 'They left.']],
    ['short forms', ['Use green tea, e.g. Longjing, i.e. pan-fired leaves.', 'See Fig. 3 and No. 5.', 'Done.']],
    ['numbers', ['The mirror is 3.5 m wide and costs $1.2 million.', 'Version 2.0.1 follows.']],
    ['initials', ['J. R. Smith came from the U.S. Army.', 'He stayed.']],
    ['an answer "No."', ['No.', 'We never open on Mondays.']],
    ['quotes', ['“Close the dome.”', 'She ran.', '"Now!"', 'Then silence.']],
    ['addresses and files', ['Read config.json or visit example.org today.', 'Good.']],
    ['mixed', ['我们使用 Python 3.10 版本。', 'It works.', '效果很好！']],
  ];
  for (const [name, expected] of english) test(name, () => expect(sentences(expected.join(' '))).toEqual(expected));

  test('a line end is a border, a hard-wrapped line is not', () => {
    expect(sentences('Title\nThe first line goes\non in the second.\n\n第一段\n第二段')).toEqual([
      'Title',
      'The first line goes\non in the second.',
      '第一段',
      '第二段',
    ]);
  });
});

describe('packing', () => {
  test('sentences are packed up to the size', () => {
    const chunks = splitSentences('Aaaa bbb. Cccc ddd. Eeee fff. Gggg hhh.', 20);
    expect(chunks.map(({ text }) => text)).toEqual(['Aaaa bbb. Cccc ddd.', 'Eeee fff. Gggg hhh.']);
    expect(chunks.map(({ start, end, ordinal }) => [start, end, ordinal])).toEqual([
      [0, 19, 0],
      [20, 39, 1],
    ]);
  });

  test('an edit in one paragraph leaves the chunks of the others as they were', () => {
    const paragraphs = Array.from(
      { length: 20 },
      (_, i) => `Paragraph ${i} begins here. It has a second sentence that is longer. And then a third one.`,
    );
    const before = new Set(splitSentences(paragraphs.join('\n\n'), 120).map(({ text }) => text));
    paragraphs[7] = 'Paragraph seven was written again. It is much shorter.';
    const after = splitSentences(paragraphs.join('\n\n'), 120).map(({ text }) => text);
    expect(after.filter((text) => !before.has(text)).length).toBeLessThanOrEqual(2);
  });

  test('a sentence longer than the size is cut after a clause', () => {
    const chunks = splitSentences(`${'茶'.repeat(30)}，${'水'.repeat(30)}，${'火'.repeat(30)}。`, 70);
    expect(chunks.map(({ text }) => text)).toEqual([
      `${'茶'.repeat(30)}，${'水'.repeat(30)}，`,
      `${'火'.repeat(30)}。`,
    ]);
  });
});
