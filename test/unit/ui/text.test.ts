import fc from 'fast-check';
import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import { LruMap } from '../../../src/ui/lru.ts';
import { cut, cutStart, graphemeWidth, lineText, pad, padSpans, textWidth } from '../../../src/ui/text.ts';
import { wrapParagraph, wrapRows, wrapText } from '../../../src/ui/wrap.ts';

/** Latin, Chinese, emoji with joiners and flags, combining marks, full width, spaces and newlines, in any order. */
const PIECES = [
  'a',
  'word',
  ' ',
  '  ',
  '中',
  '文字',
  '。',
  '，',
  '（',
  '“',
  '👩‍👩‍👧',
  '🇨🇳',
  '👍🏽',
  '❤️',
  'é',
  'ｆ',
  '한',
  'ไทย',
  '-',
];
const line = fc.array(fc.constantFrom(...PIECES), { maxLength: 60 }).map((parts) => parts.join(''));
const text = fc.array(fc.constantFrom(...PIECES, '\n'), { maxLength: 80 }).map((parts) => parts.join(''));
const columns = fc.integer({ min: 2, max: 40 });

describe('widths', () => {
  it.each([
    ['abc', 3],
    ['中文', 4],
    ['👩‍👩‍👧', 2],
    ['🇨🇳', 2],
    ['é', 1],
    ['ｆｕｌｌ', 8],
    ['', 0],
  ])('%s takes %d cells', (sample, cells) => {
    expect(textWidth(sample)).toBe(cells);
  });

  it('are those of Ink’s own library for every grapheme', () => {
    for (const piece of PIECES.flatMap((each) => [...new Intl.Segmenter().segment(each)].map((part) => part.segment))) {
      expect(graphemeWidth(piece), piece).toBe(stringWidth(piece));
    }
  });
});

describe('cut and pad', () => {
  it('cut at whole characters and say so', () => {
    expect(cut('知识库 knowledge', 8)).toBe('知识库 …');
    expect(cut('知识库', 4)).toBe('知…');
    expect(cut('知识库', 6)).toBe('知识库');
    expect(cut('abc', 0)).toBe('');
    expect(cutStart('/home/me/文档/a.md', 9)).toBe('…文档/a.md'.slice(0, 1) + '档/a.md'.slice(0));
  });

  it('pad to the left, right and middle', () => {
    expect(pad('中', 4)).toBe('中  ');
    expect(pad('中', 4, 'right')).toBe('  中');
    expect(pad('ab', 5, 'center')).toBe(' ab  ');
  });

  it('always fill exactly the cells asked for', () => {
    fc.assert(
      fc.property(line, fc.integer({ min: 0, max: 40 }), (sample, width) => {
        expect(textWidth(cut(sample, width))).toBeLessThanOrEqual(width);
        expect(textWidth(cutStart(sample, width))).toBeLessThanOrEqual(width);
        expect(textWidth(pad(sample, width))).toBe(width);
        expect(textWidth(pad(sample, width, 'right'))).toBe(width);
      }),
    );
  });

  it('spans fill exactly the cells asked for, whatever the styles', () => {
    const spans = fc.array(
      line.map((part) => ({ text: part, style: 'accent' as const })),
      { maxLength: 5 },
    );
    fc.assert(
      fc.property(spans, fc.integer({ min: 0, max: 60 }), (parts, width) => {
        expect(textWidth(lineText(padSpans(parts, width)))).toBe(width);
      }),
    );
  });

  it('an ellipsis stands where a later span was lost', () => {
    expect(lineText(padSpans([{ text: '1234' }, { text: '5' }], 4))).toBe('123…');
    expect(lineText(padSpans([{ text: '1234' }, { text: '' }], 4))).toBe('1234');
  });
});

describe('wrapping', () => {
  it('breaks Latin text at spaces', () => {
    expect(wrapRows('the quick brown fox', 10)).toEqual(['the quick', 'brown fox']);
    expect(wrapRows('internationalisation', 8)).toEqual(['internat', 'ionalisa', 'tion']);
  });

  it('breaks Chinese between characters, but not before closing or after opening punctuation', () => {
    expect(wrapRows('知识库很好用', 6)).toEqual(['知识库', '很好用']);
    expect(wrapRows('知识库，很好', 6)).toEqual(['知识', '库，很', '好']);
    expect(wrapRows('知识（库）', 6)).toEqual(['知识', '（库）']);
  });

  it('lets a sign begin a row when no other row has room for it', () => {
    expect(wrapRows('a🇨🇳，', 3)).toEqual(['a', '🇨🇳', '，']);
  });

  it('breaks between Chinese and Latin', () => {
    expect(wrapRows('使用SQLite数据库', 10)).toEqual(['使用SQLite', '数据库']);
  });

  it('keeps empty rows and reports true offsets', () => {
    expect(wrapText('ab\n\n中文字', 4)).toEqual([
      { text: 'ab', start: 0, end: 2 },
      { text: '', start: 3, end: 3 },
      { text: '中文', start: 4, end: 6 },
      { text: '字', start: 6, end: 7 },
    ]);
  });

  it('no row is wider than asked, no character is lost, and offsets are true', () => {
    fc.assert(
      fc.property(text, columns, (sample, width) => {
        const rows = wrapText(sample, width);
        for (const row of rows) {
          expect(textWidth(row.text)).toBeLessThanOrEqual(width);
          expect(sample.slice(row.start, row.end).startsWith(row.text)).toBe(true);
        }
        expect(
          rows
            .map((row) => row.text)
            .join('')
            .replace(/\s/g, ''),
        ).toBe(sample.replace(/\s/g, ''));
      }),
      { numRuns: 300 },
    );
  });

  it('each row begins where the one before ended', () => {
    fc.assert(
      fc.property(line, columns, (sample, width) => {
        const rows = wrapParagraph(sample, width, 7);
        expect(rows[0]?.start).toBe(7);
        expect(rows.at(-1)?.end).toBe(7 + sample.length);
        for (const [i, row] of rows.entries()) if (i > 0) expect(row.start).toBe(rows[i - 1]?.end);
      }),
    );
  });
});

describe('LruMap', () => {
  it('forgets what was not used longest', () => {
    const map = new LruMap<string, number>(2);
    map.set('a', 1);
    map.set('b', 2);
    map.get('a');
    map.set('c', 3);
    expect([map.get('a'), map.get('b'), map.get('c'), map.size]).toEqual([1, undefined, 3, 2]);
  });
});
