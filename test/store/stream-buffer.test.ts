import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { appendPiece, createStreamBuffer, lastTimes, textSince } from '../../stores/stream-buffer.ts';

describe('a stream buffer', () => {
  it('keeps text, thoughts, and when pieces came', () => {
    const buffer = createStreamBuffer();
    appendPiece(buffer, { text: '', reasoning: 'hm' }, 1000);
    appendPiece(buffer, { text: 'Hot', reasoning: '' }, 1499);
    appendPiece(buffer, { text: '.', reasoning: '' }, 2600);
    expect(buffer).toMatchObject({ text: 'Hot.', reasoning: 'hm', pieces: 3, firstAt: 1000 });
    expect(buffer.times.pace).toEqual([2, 0, 0, 1]);
    expect([...lastTimes(buffer)]).toEqual([1000, 1499, 2600]);
    expect([...lastTimes(buffer, 2)]).toEqual([1499, 2600]);
  });

  it('keeps the last times when there are more than it has room for', () => {
    const buffer = createStreamBuffer();
    for (let at = 0; at < 5000; at++) appendPiece(buffer, { text: 'a', reasoning: '' }, at);
    const times = lastTimes(buffer);
    expect(times.length).toBeLessThan(5000);
    expect(times.at(-1)).toBe(4999);
    expect(times[0]).toBe(5000 - times.length);
  });

  it('gives what came since any place', () => {
    const piece = fc.string({ unit: 'grapheme', maxLength: 700 });
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), fc.nat(6000), (pieces, from) => {
        const buffer = createStreamBuffer();
        for (const [at, text] of pieces.entries()) appendPiece(buffer, { text, reasoning: '' }, at);
        expect(textSince(buffer, from)).toBe(pieces.join('').slice(from));
      }),
    );
  });
});
