import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import fc from 'fast-check';
import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import { drawRow } from '../../../src/terminal/row.ts';
import { cutToWidth, fitToWidth, graphemes, textWidth } from '../../../src/terminal/width.ts';
import { ScreenModel } from '../../support/screen-model.ts';

async function shown(row: string, columns: number, widths: 'modern' | 'old' = 'modern'): Promise<ScreenModel> {
  const model = new ScreenModel({ columns, rows: 3, widths });
  // Old content must be gone, and nothing may run into the row below.
  await model.write(`\u001b[?7l\u001b[1;1H${'#'.repeat(columns)}\u001b[2;1Hnext`);
  await model.write(`\u001b[1;1H${drawRow(row, columns)}`);
  return model;
}

describe('one row of a frame', () => {
  it.each([
    ['short', 10, 'short'],
    ['exactly ten', 11, 'exactly ten'],
    ['too long for it', 8, 'too long'],
    ['中文测试', 8, '中文测试'],
    ['中文测试', 7, '中文测'],
    ['a中文', 4, 'a中'],
    ['', 5, ''],
  ])('%j in %i columns is %j', async (row, columns, expected) => {
    const model = await shown(row, columns);
    expect(model.screen()[0]).toBe(expected);
    expect(model.screen()[1]).toBe('next');
  });

  it.each(['modern', 'old'] as const)(
    'certain: stands on every terminal as it was counted (%s widths)',
    async (widths) => {
      // GNU screen moves relative to where it believes the cursor is, so nothing may be put right afterwards.
      const row = 'a 👩‍👩‍👧 🇨🇳 e\u0301 ⚠️ 中文│';
      const bytes = drawRow(row, 40, 'all');
      expect(bytes).toBe('a ▯  ▯  é ▯  中文│\u001b[K');
      const model = new ScreenModel({ columns: 40, rows: 2, widths });
      await model.write(bytes);
      expect(model.cell(stringWidth(row) - 1, 0)).toBe('│');
    },
  );

  it('for tmux: several emoji in one become the first of them, all else is sent', () => {
    const row = '👩‍👩‍👧 👍🏽 🇨🇳 ⚠️ e\u0301 中';
    // biome-ignore lint/suspicious/noControlCharactersInRegex: what sets the column again
    const sent = drawRow(row, 40, 'joined').replaceAll(/\u001b\[\d*[A-Z]/g, '');
    expect(sent).toBe('👩 👍 🇨🇳 ⚠️ e\u0301 中');
  });

  it('keeps the last cell of a full row', async () => {
    const model = await shown('│ab│', 4);
    expect(model.screen()[0]).toBe('│ab│');
    // xterm and tmux would erase it, xterm.js would not: so look at the bytes.
    expect(drawRow('│ab│', 4)).toBe('│ab│');
    expect(drawRow('│ab', 4)).toBe('│ab\u001b[K');
  });

  it('keeps styles, ends them with the row, and counts no cells for them', async () => {
    const model = await shown('\u001b[31mred\u001b[39m \u001b[1;44mbold on blue', 20);
    expect(model.screen()[0]).toBe('red bold on blue');
    expect(model.style(0, 0)).toMatchObject({ foreground: 1, bold: false });
    expect(model.style(4, 0)).toMatchObject({ foreground: -1, background: 4, bold: true });
    expect(model.style(17, 0)).toMatchObject({ background: -1, bold: false });
    await model.write('\u001b[2;1HX');
    expect(model.style(0, 1)).toMatchObject({ foreground: -1, background: -1, bold: false });
  });

  it('drops every sequence that is not a style or a link', async () => {
    const hostile = 'a\u001b[2Jb\u001b[5;5Hc\u001b]0;title\u0007d\u001bcf\u0007g\rh';
    const model = await shown(hostile, 20);
    expect(model.screen()[0]).toBe('abcdfgh');
    expect(model.erased()).toEqual([]);
  });

  it.each(['modern', 'old'] as const)('sets borders right of emoji where they belong (%s widths)', async (widths) => {
    for (const content of [
      '👩‍👩‍👧 x',
      '🇨🇳 x',
      '❤️ x',
      '1️⃣ x',
      '⚠️ x',
      '👍🏽 x',
      'e\u0301 x',
      'हिन्दी x',
      '中文 x',
      '🎉🎉🎉',
    ]) {
      const inner = 14;
      const row = `│${content}${' '.repeat(inner - stringWidth(content))}│`;
      const model = await shown(row, inner + 2, widths);
      expect([content, model.cell(inner + 1, 0)]).toEqual([content, '│']);
      expect([content, model.screen()[1]]).toEqual([content, 'next']);
      // Where the terminal draws narrower than we count, what stood there before is gone.
      expect(model.screen()[0]).not.toContain('#');
    }
  });

  it('never takes more cells than it is given, and never moves to another row', () => {
    const part = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 12 }),
      fc.constantFrom('中', '👩‍👩‍👧', '\u001b[31m', '\u001b[0m', '│', '\u001b[2J', '\n'),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), fc.integer({ min: 1, max: 20 }), (parts, columns) => {
        const drawn = drawRow(parts.join(''), columns);
        expect(stringWidth(drawn)).toBeLessThanOrEqual(columns);
        expect(['\n', '\r', '\u0007', '\b'].filter((control) => drawn.includes(control))).toEqual([]);
      }),
    );
  });
});

describe('text cut to cells', () => {
  it.each([
    ['hello', 5, 'hello'],
    ['hello!', 5, 'hell…'],
    ['中文字', 6, '中文字'],
    ['中文字', 5, '中文…'],
    ['中文字', 4, '中…'],
    ['👩‍👩‍👧👩‍👩‍👧', 3, '👩‍👩‍👧…'],
    ['abc', 0, ''],
    ['中', 1, '…'],
  ])('%j in %i is %j', (text, columns, expected) => {
    expect(cutToWidth(text, columns)).toBe(expected);
  });

  it('pads to the exact width', () => {
    expect(fitToWidth('中', 4)).toBe('中  ');
    expect(fitToWidth('中文字', 5)).toBe('中文…');
    expect(fitToWidth('7', 3, 'right')).toBe('  7');
  });

  it('counts a family as one character', () => {
    expect(graphemes('a👩‍👩‍👧é')).toEqual(['a', '👩‍👩‍👧', 'é']);
    expect(textWidth('👩‍👩‍👧')).toBe(2);
  });

  it('measures with the same major version as Ink does', () => {
    const require = createRequire(import.meta.url);
    const fromInk = createRequire(require.resolve('ink'));
    const major = (file: string) => {
      const folder = file.slice(0, file.lastIndexOf(`string-width${path.sep}`) + 'string-width'.length);
      return String(JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')).version).split('.')[0];
    };
    expect(major(require.resolve('string-width'))).toBe(major(fromInk.resolve('string-width')));
  });
});
