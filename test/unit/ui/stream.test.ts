import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { highlightedRow } from '../../../src/ui/StreamView.tsx';
import { createStreamModel } from '../../../src/ui/stream-model.ts';
import { wrapText } from '../../../src/ui/wrap.ts';

const lines = (count: number): string => Array.from({ length: count }, (_, i) => `line ${i}`).join('\n');

describe('a stream', () => {
  it('is wrapped as it comes exactly as it would be at once, at any width', () => {
    const piece = fc.constantFrom('word ', '中文', '\n', '。', '👩‍👩‍👧', 'x', '  ');
    fc.assert(
      fc.property(
        fc.array(fc.array(piece), { maxLength: 20 }),
        fc.array(fc.integer({ min: 2, max: 20 }), { minLength: 1 }),
        (tokens, widths) => {
          const stream = createStreamModel();
          tokens.forEach((token, i) => {
            stream.append(token.join(''));
            const width = widths[i % widths.length] ?? 10;
            expect(stream.rows(width)).toEqual(wrapText(stream.text(), width));
          });
        },
      ),
    );
  });

  it('is wrapped alike when one long paragraph comes piece by piece', () => {
    const piece = fc.constantFrom(
      'word ',
      'averylongword',
      '中文',
      '。',
      '（',
      '👩‍👩‍👧',
      'e\u0301',
      '\u0301',
      ' ',
      '  ',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), fc.integer({ min: 2, max: 12 }), (pieces, width) => {
        const stream = createStreamModel();
        for (const each of pieces) {
          stream.append(each);
          expect(stream.rows(width)).toEqual(wrapText(stream.text(), width));
        }
      }),
    );
  });

  it('does not wrap the rows of a long paragraph again', () => {
    const stream = createStreamModel({ text: 'one two three four five six' });
    const [first] = stream.rows(5);
    stream.append(' seven');
    expect(stream.rows(5)[0]).toBe(first);
  });

  it('moves up by a third of the pane when it follows stepwise, and stands still between', () => {
    const stream = createStreamModel({ follow: true, stepwise: true });
    const tops: number[] = [];
    for (let row = 1; row <= 14; row++) {
      stream.set(lines(row));
      tops.push(stream.top(20, 9));
    }
    // Nine rows fit; the tenth needs one more, and three are gone through at once with it.
    expect(tops).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 4, 4, 4, 8]);
    stream.edge('first');
    expect(stream.following()).toBe(false);
    stream.set(lines(30));
    expect(stream.top(20, 9)).toBe(0);
    stream.edge('last');
    expect(stream.top(20, 9)).toBe(21);
  });

  it('does not wrap finished paragraphs again', () => {
    const stream = createStreamModel({ text: `${lines(50)}\ntail` });
    const first = stream.rows(20)[10];
    stream.append(' grows');
    expect(stream.rows(20)[10]).toBe(first);
    stream.set(`${stream.text()} more`);
    expect(stream.rows(20)[10]).toBe(first);
    stream.set('other');
    expect(stream.rows(20)).toHaveLength(1);
  });

  it('follows its end until one scrolls up, and again when one comes back', () => {
    const stream = createStreamModel({ text: lines(30), follow: true });
    expect(stream.top(20, 10)).toBe(20);
    stream.append(`\n${lines(5)}`);
    expect(stream.top(20, 10)).toBe(25);
    stream.move(-1);
    stream.append(`\n${lines(5)}`);
    expect(stream.top(20, 10)).toBe(24);
    expect(stream.following()).toBe(false);
    stream.edge('last');
    stream.append('\nend');
    expect(stream.top(20, 10)).toBe(31);
  });

  it('a document starts at its top, and can be shown at an offset', () => {
    const text = lines(100);
    const stream = createStreamModel({ text });
    expect(stream.top(20, 9)).toBe(0);
    stream.set(text, text.indexOf('line 50'));
    expect(stream.top(20, 9)).toBe(47);
    stream.page(1);
    expect(stream.top(20, 9)).toBe(55);
    stream.edge('last');
    expect(stream.top(20, 9)).toBe(91);
    stream.move(5);
    expect(stream.top(20, 9)).toBe(91);
  });

  it('tells its listeners of scrolling, and not of nothing', () => {
    const stream = createStreamModel({ text: lines(30) });
    stream.top(20, 10);
    let heard = 0;
    const stop = stream.subscribe(() => heard++);
    stream.move(-1);
    expect(heard).toBe(0);
    stream.move(1);
    expect(heard).toBe(1);
    stop();
    stream.move(1);
    expect(heard).toBe(1);
  });
});

describe('highlights', () => {
  const row = { text: 'the answer is 42', start: 100, end: 117 };

  it('are cut to the row', () => {
    expect(highlightedRow(row, [{ start: 104, end: 110 }])).toEqual([
      { text: 'the ' },
      { text: 'answer', style: 'highlight' },
      { text: ' is 42' },
    ]);
    expect(highlightedRow(row, [{ start: 90, end: 103 }], 'muted')[0]).toEqual({ text: 'the', style: 'highlight' });
    expect(highlightedRow(row, [{ start: 114, end: 500 }]).at(-2)).toEqual({ text: '42', style: 'highlight' });
    expect(highlightedRow(row, [{ start: 200, end: 300 }])).toEqual([{ text: 'the answer is 42' }]);
  });
});
