import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ScreenModel } from '../../support/screen-model.ts';
import { DARK_TERMINAL, screenSvg } from '../../support/screen-svg.ts';

// A cell is 8 × 18, the text stands 13 below the top of its row: all numbers here are counted by hand from that.
const ESC = '\u001b';
let model: ScreenModel;
beforeEach(() => {
  model = new ScreenModel({ columns: 20, rows: 3 });
});
afterEach(() => model.dispose());

async function draw(bytes: string): Promise<string> {
  await model.write(`${ESC}[?25l${bytes}`);
  return screenSvg(model, 'a <picture> & more');
}

describe('a screen as a picture', () => {
  it('has the size of its cells with a margin, and a title without markup', async () => {
    const svg = await draw('');
    expect(svg).toContain('viewBox="0 0 184 78"');
    expect(svg).toContain('<title>a &#60;picture&#62; &#38; more</title>');
    expect(svg).not.toContain('<text');
  });

  it('sets each text at its own cell, as wide as its cells; wide characters count two', async () => {
    const svg = await draw(`ab cd   <e>\r\n知识x`);
    expect(svg).toContain(
      '<text x="0" y="13" textLength="40" lengthAdjust="spacingAndGlyphs" fill="#d7dce3">ab cd</text>',
    );
    expect(svg).toContain(
      '<text x="64" y="13" textLength="24" lengthAdjust="spacingAndGlyphs" fill="#d7dce3">&#60;e&#62;</text>',
    );
    expect(svg).toContain(
      '<text x="0" y="31" textLength="32" lengthAdjust="spacingAndGlyphs" fill="#d7dce3">知识</text>',
    );
    expect(svg).toContain('<text x="32" y="31" textLength="8" lengthAdjust="spacingAndGlyphs" fill="#d7dce3">x</text>');
  });

  it('keeps colours: RGB, the palette, its cube, inverse', async () => {
    const svg = await draw(
      `${ESC}[38;2;108;182;255mA${ESC}[31mB${ESC}[38;5;196mC${ESC}[38;5;244mD${ESC}[0;7mE${ESC}[0;48;2;43;74;117mF${ESC}[0m`,
    );
    const colourOf = (letter: string) => new RegExp(`fill="(#[0-9a-f]{6})">${letter}</text>`).exec(svg)?.[1];
    expect([...'ABCDEF'].map(colourOf)).toEqual([
      '#6cb6ff',
      DARK_TERMINAL.palette[1],
      '#ff0000',
      '#808080',
      DARK_TERMINAL.background,
      DARK_TERMINAL.foreground,
    ]);
    expect(svg).toContain(`<rect x="32" y="0" width="8" height="18" fill="${DARK_TERMINAL.foreground}"/>`);
    expect(svg).toContain('<rect x="40" y="0" width="8" height="18" fill="#2b4a75"/>');
  });

  it('tells bold, dim and underline', async () => {
    const svg = await draw(`${ESC}[1mbold${ESC}[0;2m dim${ESC}[0;4m line${ESC}[0m`);
    expect(svg).toMatch(/<text [^>]*class="b"[^>]*>bold</);
    expect(svg).toMatch(/<text [^>]*class="d"[^>]*>dim</);
    // Cells 8 to 12, the blank before the word too.
    expect(svg).toContain('<rect x="64" y="15" width="40" height="1" fill="#d7dce3"/>');
  });

  it('draws frames, blocks and braille as shapes that meet at the edges of their cells', async () => {
    const svg = await draw('│─█⠁');
    const shape = /<path d="([^"]+)"/.exec(svg)?.[1] ?? '';
    // Up and down from the middle of the first cell, right and left in the second, all of the third, one dot in the fourth.
    expect(shape).toBe(
      'M3.5 0h1v9.5h-1z' +
        'M3.5 8.5h1v9.5h-1z' +
        'M11.5 8.5h4.5v1h-4.5z' +
        'M8 8.5h4.5v1h-4.5z' +
        'M16 0h8v18h-8z' +
        'M25 1.25h2v2h-2z',
    );
    expect(svg).not.toContain('<text');
  });

  it('shows the cursor only where it is shown', async () => {
    const cursor = /<rect x="\d+" y="\d+" width="2" height="16"/;
    expect(await draw('ab')).not.toMatch(cursor);
    await model.write(`${ESC}[?25h`);
    expect(screenSvg(model, '')).toContain('<rect x="16" y="1" width="2" height="16"');
  });
});
