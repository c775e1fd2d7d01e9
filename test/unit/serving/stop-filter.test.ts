import fc from 'fast-check';
import { expect, test } from 'vitest';
import { StopFilter } from '../../../src/serving/llama/stop-filter.ts';

/** All text shown for these pieces, and whether a stop string ended it. */
function run(stops: readonly string[], pieces: readonly string[]): { text: string; stopped: boolean } {
  const filter = new StopFilter(stops);
  let text = '';
  for (const piece of pieces) {
    const shown = filter.push(piece);
    text += shown.text;
    if (shown.stopped) return { text, stopped: true };
  }
  return { text: text + filter.end(), stopped: false };
}

test('ends before the first stop string', () => {
  expect(run(['\n\n', 'END'], ['one\ntwo EN', 'D three'])).toEqual({ text: 'one\ntwo ', stopped: true });
  expect(run(['b', 'ab'], ['xxab'])).toEqual({ text: 'xx', stopped: true });
});

test('gives back what only looked like one', () => {
  expect(run(['END'], ['EN', 'EN', ' E'])).toEqual({ text: 'ENEN E', stopped: false });
  expect(run([''], ['a', 'b'])).toEqual({ text: 'ab', stopped: false });
});

test('cuts where indexOf would, however the text comes in pieces', () => {
  const letters = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 12 });
  const stop = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(fc.array(letters, { maxLength: 6 }), stop, (pieces, word) => {
      const whole = pieces.join('');
      const at = whole.indexOf(word);
      expect(run([word], pieces)).toEqual(
        at < 0 ? { text: whole, stopped: false } : { text: whole.slice(0, at), stopped: true },
      );
    }),
  );
});
