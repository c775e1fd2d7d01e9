import { describe, expect, it } from 'vitest';
import { planCopy } from '../../../src/terminal/clipboard.ts';

const base64 = (text: string) => Buffer.from(text).toString('base64');

describe('copying through the terminal', () => {
  it('is OSC 52 with the text in base64', () => {
    const plan = planCopy('复制', {});
    expect(plan.sequence).toBe('\u001b]52;c;5aSN5Yi2\u0007');
    expect(plan).toMatchObject({ via: 'terminal', bytes: 6, cut: false, message: 'Copied 6 bytes' });
  });

  it('goes through tmux both ways: plain, and wrapped with every ESC doubled', () => {
    const plan = planCopy('x', { TMUX: '/tmp/tmux-0/default,1,0' });
    const plain = `\u001b]52;c;${base64('x')}\u0007`;
    expect(plan.sequence).toBe(`${plain}\u001bPtmux;\u001b${plain}\u001b\\`);
    expect(plan.via).toBe('tmux');
  });

  it('goes through screen in pieces that screen takes', () => {
    const plan = planCopy('y'.repeat(3000), { STY: '1.pts-0' });
    const pieces = plan.sequence.split('\u001b\\').slice(0, -1);
    expect(pieces.length).toBeGreaterThan(5);
    for (const piece of pieces) {
      expect(piece.startsWith('\u001bP')).toBe(true);
      expect(piece.length).toBeLessThan(768);
    }
    expect(pieces.map((piece) => piece.slice(2)).join('')).toBe(`\u001b]52;c;${base64('y'.repeat(3000))}\u0007`);
  });

  it('copies at most 100 KB of base64, whole characters, and says so', () => {
    const text = '中'.repeat(40_000);
    const plan = planCopy(text, {});
    expect(plan.cut).toBe(true);
    expect(plan.message).toBe('Copied the first 75 KB: terminals take no more at once');
    expect(plan.sequence.length).toBeLessThanOrEqual(100_000 + '\u001b]52;c;\u0007'.length);
    expect(text.startsWith(plan.text)).toBe(true);
    expect(plan.text.length).toBe(25_000);
    expect(planCopy(`a${text}`, {}).text.endsWith('中')).toBe(true);
  });
});
