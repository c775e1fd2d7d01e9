import { describe, expect, it } from 'vitest';
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatMillis,
  formatPercent,
  formatRate,
  formatShort,
  formatTime,
} from '../../../src/ui/format.ts';

const nan = Number.NaN;

describe('numbers for people', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.0 kB'],
    [24_010_842, '24.0 MB'],
    [999_449, '999 kB'],
    [999_960, '1.0 MB'],
    [135_000_000, '135 MB'],
    [2_500_000_000, '2.5 GB'],
    [nan, '–'],
  ])('%d bytes are %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text));

  it.each([
    [0, '0'],
    [999, '999'],
    [1000, '1,000'],
    [1_234_567, '1,234,567'],
  ])('%d is counted as %s', (count, text) => expect(formatCount(count)).toBe(text));

  it.each([
    [12, '12'],
    [2.345, '2.3'],
    [12.6, '13'],
    [999, '999'],
    [999.6, '1.0k'],
    [12_345, '12.3k'],
    [999_960, '1.0M'],
    [3_400_000, '3.4M'],
  ])('%d is %s in a narrow place', (count, text) => expect(formatShort(count)).toBe(text));

  it.each([
    [0, '0%'],
    [0.001, '1%'],
    [0.424, '42%'],
    [0.999, '99%'],
    [1, '100%'],
  ])('a share of %d is %s: nothing is done before it is, nor begun after it has', (share, text) =>
    expect(formatPercent(share)).toBe(text),
  );

  it.each([
    [0, '0.0s'],
    [4.25, '4.3s'],
    [9.96, '10s'],
    [59.4, '59s'],
    [59.6, '1m 00s'],
    [185, '3m 05s'],
    [7450, '2h 04m'],
    [86_399, '1d 0h'],
    [273_600, '3d 4h'],
    [nan, '–'],
  ])('%d seconds are %s', (seconds, text) => expect(formatDuration(seconds)).toBe(text));

  it.each([
    [0.34, '0.3 ms'],
    [45.4, '45 ms'],
    [999.6, '1.00 s'],
    [1234, '1.23 s'],
    [125_000, '2m 05s'],
  ])('%d milliseconds are %s', (ms, text) => expect(formatMillis(ms)).toBe(text));

  it('rates name their unit and admit when they are not known', () => {
    expect(formatRate(123.4, 'chunks')).toBe('123 chunks/s');
    expect(formatRate(null, 'chunks')).toBe('– chunks/s');
  });

  it('a time of today is a clock, another one a date', () => {
    const now = new Date(2026, 10, 23, 12, 0);
    expect(formatTime(new Date(2026, 10, 23, 6, 5).toISOString(), now)).toBe('06:05');
    expect(formatTime(new Date(2026, 10, 22, 23, 59).toISOString(), now)).toBe('2026-11-22 23:59');
    expect(formatTime('never', now)).toBe('–');
  });
});
