import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readMetricsText } from '../../../src/serving/metrics-text.ts';

const all = () => true;
const read = (text: string) => {
  const { samples, count, malformed } = readMetricsText(text, all);
  return { samples: Object.fromEntries(samples), count, malformed };
};

describe('Prometheus text', () => {
  it('reads samples with and without labels, times and exemplars left out', () => {
    const text = [
      '# HELP a_total What # it "is"',
      '# TYPE a_total counter',
      'a_total 3',
      'a_total{model="m",engine="0"} 4.5 1395066363000',
      '  b{le="+Inf",} 1e3 # {trace="x"} 0.5',
      'c{x="1"}7',
      '# EOF',
    ].join('\r\n');
    expect(read(text)).toEqual({
      samples: {
        a_total: [
          { labels: {}, value: 3 },
          { labels: { model: 'm', engine: '0' }, value: 4.5 },
        ],
        b: [{ labels: { le: '+Inf' }, value: 1000 }],
        c: [{ labels: { x: '1' }, value: 7 }],
      },
      count: 4,
      malformed: 0,
    });
  });

  it('reads escapes, braces, commas and equals signs within labels', () => {
    expect(read('m{path="C:\\\\dir\\n\\"x\\"",odd="a,b=c}d{"} -0.25').samples).toEqual({
      m: [{ labels: { path: 'C:\\dir\n"x"', odd: 'a,b=c}d{' }, value: -0.25 }],
    });
  });

  it('reads infinite values and what is no number', () => {
    const values = readMetricsText('a +Inf\na -Inf\na NaN\na nan\na inf\na .5\na 1.', all).samples.get('a');
    expect(values?.map(({ value }) => value)).toEqual([Infinity, -Infinity, NaN, NaN, Infinity, 0.5, 1]);
  });

  it('counts lines it cannot read and goes on behind them', () => {
    const text = 'a 1\nno value here x\n{"json": 1}\nb{unclosed="1 2\nc{x=1} 2\nd{} 0x10\ne1\n<html>\nf 2';
    const { samples, count, malformed } = read(text);
    expect(Object.keys(samples)).toEqual(['a', 'f']);
    expect({ count, malformed }).toEqual({ count: 2, malformed: 7 });
  });

  it('keeps only what is wanted', () => {
    const { samples, count } = readMetricsText('a 1\nb 2\n', (name) => name === 'b');
    expect([...samples.keys()]).toEqual(['b']);
    expect(count).toBe(2);
  });

  it('never throws, whatever comes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const { count, malformed } = readMetricsText(text, all);
        const lines = text.split('\n').filter((line) => line.trim() !== '' && !line.trim().startsWith('#'));
        expect(count + malformed).toBe(lines.length);
      }),
    );
  });

  it('gives back any labels and numbers that were written', () => {
    const label = fc.tuple(fc.stringMatching(/^[a-z_][a-z0-9_]{0,5}$/), fc.string({ unit: 'grapheme' }));
    fc.assert(
      fc.property(
        fc.uniqueArray(label, { selector: ([name]) => name }),
        fc.double({ noNaN: true }),
        (labels, value) => {
          const escaped = (text: string) => text.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n');
          const inside = labels.map(([name, text]) => `${name}="${escaped(text)}"`).join(',');
          const shown = value === Infinity ? '+Inf' : value === -Infinity ? '-Inf' : String(value);
          const [sample] = readMetricsText(`m{${inside}} ${shown}`, all).samples.get('m') ?? [];
          expect(sample?.labels).toEqual(Object.fromEntries(labels));
          expect(sample?.value).toBeCloseTo(value, 12);
        },
      ),
    );
  });
});
