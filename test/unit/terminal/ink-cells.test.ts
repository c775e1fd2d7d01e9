import * as original from '@alcalzone/ansi-tokenize';
import fc from 'fast-check';
import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import { styledCharsFromTokens, styledCharsToString, tokenize } from '../../../src/terminal/ink-cells.ts';
import rememberedWidth from '../../../src/terminal/ink-width.ts';

const CODES = ['1', '2', '22', '3', '23', '7', '27', '31', '39', '38;2;1;2;3', '48;5;9', '49', '0'].map(
  (code) => `\u001b[${code}m`,
);
const piece = fc.oneof(
  fc.constantFrom(...CODES, '│', '混合', '👩‍👩‍👧', 'é', ' ', '\u001b]8;;http://x\u0007', '\u001b]8;;\u0007'),
  fc.string({ maxLength: 6 }),
);
const line = fc.array(piece, { maxLength: 14 }).map((pieces) => pieces.join(''));

describe('cells that are remembered', () => {
  it('are those of the original, the first time and the second', () => {
    fc.assert(
      fc.property(line, (text) => {
        const expected = original.styledCharsFromTokens(original.tokenize(text));
        expect(styledCharsFromTokens(tokenize(text))).toEqual(expected);
        expect(styledCharsFromTokens(tokenize(text))).toEqual(expected);
      }),
    );
  });

  it('make the string that the original makes, from any mixture of lines and empty cells', () => {
    const blank = () => ({ type: 'char' as const, value: ' ', fullWidth: false, styles: [] });
    fc.assert(
      fc.property(fc.array(line, { maxLength: 4 }), fc.nat(3), (texts, gap) => {
        const row = texts.flatMap((text) => [
          ...styledCharsFromTokens(tokenize(text)),
          ...Array.from({ length: gap }, blank),
        ]);
        expect(styledCharsToString(row)).toBe(original.styledCharsToString(row));
      }),
    );
  });

  it('stay right when more lines and looks came than are kept', () => {
    const told = (text: string) => styledCharsToString(styledCharsFromTokens(tokenize(text)));
    for (let number = 0; number < 5000; number++) told(`\u001b[38;2;1;${number % 256};${number >> 8}mline ${number}`);
    for (const text of ['\u001b[31mred\u001b[39m plain', 'line 1', '\u001b[38;2;1;7;0mline 7']) {
      const expected = original.styledCharsToString(original.styledCharsFromTokens(original.tokenize(text)));
      expect(told(text)).toBe(expected);
    }
  });
});

it('widths that are remembered are those of the original', () => {
  fc.assert(
    fc.property(line, (text) => {
      expect(rememberedWidth(text)).toBe(stringWidth(text));
      expect(rememberedWidth(text)).toBe(stringWidth(text));
      const options = { countAnsiEscapeCodes: true };
      expect(rememberedWidth(text, options)).toBe(stringWidth(text, options));
    }),
  );
  for (let number = 0; number < 10_000; number++) rememberedWidth(`字${number}`);
  expect(rememberedWidth('字7')).toBe(3);
});
